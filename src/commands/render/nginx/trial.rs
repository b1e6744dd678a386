//! `nginx -t` over the whole configuration before it is written: by the nginx of this machine, or in a throwaway container of the image
//! that the stack would run.

use std::io::{Cursor, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::app::App;
use crate::engines::docker::{DockerEngine, FileFacts, Throwaway};
use crate::engines::{Engine as _, EngineError};
use crate::error::Error;
use crate::files;
use crate::model::{Edge, NginxBuild, NginxVersion, Place};
use crate::survey::nginx::program::{self, Answer};
use crate::targets::{Artifact, Contents, nginx};

/// For a container that does nothing but the test.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);
/// Where files are put into the container.
const INSIDE: &str = "/tmp";

/// # Errors
/// nginx refuses it, or there is no nginx to ask.
pub(super) async fn hold(
    app: &App,
    artifacts: &[Artifact],
    edge: &Edge,
    here: Option<(&Path, NginxBuild)>,
) -> Result<(), Error> {
    let series = |version: NginxVersion| (version.0, version.1);
    let wanted = series(edge.build.version);
    let fits = |(_, build): &(&Path, NginxBuild)| series(build.version) == wanted;
    let answer = match (edge.place, here) {
        (Place::Host, Some((program, _))) => on_this_machine(app, artifacts, program).await?,
        (Place::Container, here) => match here.filter(fits) {
            Some((program, _)) => on_this_machine(app, artifacts, program).await?,
            None => {
                let engine = app.engine(None).await?;
                let image = edge.image.as_str();
                if engine.image_id(image).await.is_err() {
                    let why = format!(
                        "failed to test the configuration: the engine does not have `{image}`"
                    );
                    return Err(Error::failed(why).hint(format!("`docker pull {image}`")));
                }
                in_a_container(&engine, artifacts, edge).await?
            }
        },
        (Place::Host, None) => {
            let why = "failed to test the configuration: there is no nginx on PATH";
            return Err(Error::failed(why).hint("install nginx, or leave `--test` away"));
        }
    };
    judge(answer, edge, "nothing was written")
}

/// The answer as an outcome; `kept` says what a refusal has left as it was.
pub(in crate::commands) fn judge(answer: Answer, edge: &Edge, kept: &str) -> Result<(), Error> {
    match answer {
        Answer::Good => Ok(()),
        Answer::None(why) => Err(Error::failed(format!(
            "failed to test the configuration: {why}"
        ))),
        Answer::Bad(lines) => Err(refusal(edge, &lines, kept)),
    }
}

fn refusal(edge: &Edge, lines: &[String], kept: &str) -> Error {
    let error = Error::failed(format!(
        "nginx refuses the configuration: {}; {kept}",
        lines.join("; ")
    ));
    let missing = |line: &String| {
        let absent = line.to_lowercase().contains("no such file");
        line.contains(&edge.certificate) && absent
    };
    match lines.iter().any(missing) {
        true => error.hint(format!(
            "a first certificate comes by `certbot certonly --standalone -d {}`; later ones by `--webroot -w {}`",
            edge.host, edge.acme
        )),
        false => error,
    }
}

/// In a folder of its own, as it would be written.
async fn on_this_machine(
    app: &App,
    artifacts: &[Artifact],
    program: &Path,
) -> Result<Answer, Error> {
    let folder = Scratch::new(app).map_err(|cause| {
        let cause = crate::error::cause(&cause);
        Error::failed(format!("failed to make a folder for the test: {cause}"))
    })?;
    let place = format!("{}/", folder.0.display());
    let key = |place: &str| format!("{place}{}", nginx::KEY_FILE);
    let here = format!("{}/", app.directory.display());
    let moved: Vec<Artifact> = { artifacts.iter() }
        .map(|artifact| Artifact {
            contents: match &artifact.contents {
                Contents::Text(text) => Contents::Text(
                    text.replace(nginx::KEY_INSIDE, &key(&place))
                        .replace(&key(&here), &key(&place)),
                ),
                secret @ Contents::Secret(_) => secret.clone(),
            },
            ..artifact.clone()
        })
        .collect();
    files::write(&folder.0, &moved, true)?;
    let answer = program::test(program, &folder.0, &folder.0.join(nginx::FILE)).await;
    Ok(match answer {
        Answer::Bad(lines) => Answer::Bad(
            { lines.iter() }
                .map(|line| line.replace(&place, ""))
                .collect(),
        ),
        other => other,
    })
}

/// With every file that the configuration names. Copies of ours; what only root may read here (certbot's keys), or what lies on
/// the engine's own machine, the engine brings.
pub(in crate::commands) async fn in_a_container(
    engine: &DockerEngine,
    artifacts: &[Artifact],
    edge: &Edge,
) -> Result<Answer, Error> {
    let mut named: Vec<(String, Vec<u8>)> = Vec::new();
    let mut moves: Vec<(String, String)> = Vec::new();
    let mut brought: Vec<(String, String)> = Vec::new();
    let certificates = [
        Some(&edge.certificate),
        Some(&edge.key),
        edge.clients.as_ref(),
    ];
    for (number, path) in certificates.into_iter().flatten().enumerate() {
        let inside = format!("{INSIDE}/{number}.pem");
        moves.push((path.clone(), inside.clone()));
        match std::fs::read(path) {
            _ if !engine.is_local() => brought.push((path.clone(), inside)),
            Ok(content) => named.push((format!("{number}.pem"), content)),
            Err(cause) if cause.kind() == ErrorKind::PermissionDenied => {
                brought.push((path.clone(), inside));
            }
            Err(cause) => {
                let cause = crate::error::cause(&cause);
                return Ok(Answer::Bad(vec![format!("cannot load `{path}`: {cause}")]));
            }
        }
    }
    moves.push((
        nginx::KEY_INSIDE.to_owned(),
        format!("{INSIDE}/nginx_api_key"),
    ));
    for artifact in artifacts {
        let name = artifact.path.file_name().unwrap_or_default();
        let content = match &artifact.contents {
            Contents::Text(text) => {
                let moved = moves.iter();
                let text = moved.fold(text.clone(), |text, (from, to)| {
                    text.replace(&format!(" {from};"), &format!(" {to};"))
                });
                text.into_bytes()
            }
            secret @ Contents::Secret(_) => secret.bytes().to_vec(),
        };
        named.push((name.to_string_lossy().into_owned(), content));
    }
    let wanted = Throwaway {
        purpose: "nginx-test",
        image: edge.image.as_str().to_owned(),
        // Not the image's own: that of the official one prepares a server, and talks.
        entrypoint: Some(vec!["nginx".to_owned()]),
        command: Some(
            ["-t", "-q", "-c", "/tmp/nginx.conf"]
                .map(str::to_owned)
                .to_vec(),
        ),
        files: brought,
        network: false,
    };
    let trial = async |container: &str| tested(engine, container, named).await;
    let (took, said) = engine.with_throwaway(&wanted, trial).await?;
    let said = said.replace(&format!("{INSIDE}/"), "nginx/");
    // A person knows the others by the names they have outside.
    let said = { moves.iter() }.fold(said, |said, (from, to)| {
        said.replace(&to.replacen(INSIDE, "nginx", 1), from)
    });
    Ok(match (took, said.is_empty()) {
        (true, _) => Answer::Good,
        (false, true) => Answer::None("nginx did not say why it failed".to_owned()),
        (false, false) => program::read(&said),
    })
}

/// Whether nginx takes it in the container, and what it says.
async fn tested(
    engine: &DockerEngine,
    container: &str,
    named: Vec<(String, Vec<u8>)>,
) -> Result<(bool, String), EngineError> {
    for (name, content) in named {
        let facts = FileFacts {
            uid: 0,
            gid: 0,
            mode: 0o600,
            size: content.len() as u64,
        };
        engine
            .put(container, INSIDE, &name, &facts, Cursor::new(content))
            .await?;
    }
    engine.start(container).await?;
    let began = Instant::now();
    let ended = loop {
        let condition = engine.look(container).await?;
        if !condition.running {
            break condition.exit_code == Some(0);
        }
        if began.elapsed() > PATIENCE {
            let late = format!("nginx takes longer than {} s", PATIENCE.as_secs());
            return Ok((false, late));
        }
        tokio::time::sleep(PAUSE).await;
    };
    Ok((ended, engine.tail(container, 10).await.join("\n")))
}

/// A folder that goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(app: &App) -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|cause| std::io::Error::other(cause.to_string()))?;
        let name = format!("atlas-nginx-{:016x}", u64::from_le_bytes(random));
        let base = app
            .environment
            .get("TMPDIR")
            .filter(|base| !base.is_empty());
        let folder = Path::new(base.map_or("/tmp", String::as_str)).join(name);
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
