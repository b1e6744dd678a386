//! `atlas render nginx`: the configuration of nginx, tested by nginx itself before it is written.

use std::path::{Path, PathBuf};

use super::{STDOUT, compare};
use crate::app::App;
use crate::cli::{RenderNginx, Selection};
use crate::commands::up::write_artifacts;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files;
use crate::model::{Deployment, Edge, EnvValue, Kind, NginxVersion, Place};
use crate::resolve;
use crate::survey::nginx::program::{self, Answer};
use crate::targets::{Artifact, Contents, nginx};

pub(super) async fn render(app: &App, args: &RenderNginx) -> Result<Exit, Error> {
    let (printing, services): (Vec<_>, Vec<_>) =
        { args.selection.services.iter().cloned() }.partition(|name| name.as_str() == STDOUT);
    let selection = Selection {
        services,
        ..args.selection.clone()
    };
    let report = app.reporter();
    let inputs = app.whole_inputs().await?;
    let deployment = app.deployment(&inputs, &selection, &app.builtin(), &*report)?;
    let program = program(app);
    let found = match &program {
        Some(program) => program::build(program).await,
        None => None,
    };
    let edge = resolve::edge(&inputs, &deployment, found).map_err(Error::configuration)?;
    warn(
        &inputs.project.nginx,
        &deployment,
        &edge,
        found.is_some(),
        &*report,
    );
    let directory = app.directory.display().to_string();
    let artifacts = nginx::artifacts(&deployment, &edge, &directory);
    if args.test {
        test(&artifacts, &edge, program.as_deref(), &directory).await?;
    }
    if !printing.is_empty() {
        for artifact in &artifacts {
            if let Contents::Text(text) = &artifact.contents {
                app.out(text);
            }
        }
        return Ok(Exit::Ok);
    }
    if args.check || args.diff {
        let exit = compare(app, &artifacts)?;
        return Ok(if args.check { exit } else { Exit::Ok });
    }
    write_artifacts(app, &artifacts, args.force, &*report)?;
    drop(report);
    app.say(match edge.place {
        Place::Host => "nginx/nginx.conf is up to date; `nginx -c` and its full path runs it, `nginx -s reload` reads it anew",
        Place::Container => "nginx/compose.yaml is up to date; `docker compose -f compose.yaml -f nginx/compose.yaml up -d` reads it",
    });
    Ok(Exit::Ok)
}

/// What is written and yet not all that could be.
fn warn(
    written: &crate::input::nginx::Nginx,
    deployment: &Deployment,
    edge: &Edge,
    found: bool,
    report: &dyn Report,
) {
    let say = |text: String| report.report(Event::Warning { text });
    if edge.place == Place::Host && written.version.is_none() && !found {
        say(format!(
            "there is no nginx here to ask for its version: written for {} and newer\n  hint: set `nginx.version` in atlas.yaml",
            NginxVersion::OLDEST
        ));
    }
    if edge.place == Place::Container && !edge.build.version.resolves() {
        say(format!(
            "nginx {} cannot keep connections to a container whose address may change; 1.27.3 and newer can",
            edge.build.version
        ));
    }
    let mut gateways = { deployment.services.values() }.filter(|s| s.kind == Kind::Gateway);
    let trusts = |given: Option<&EnvValue>| matches!(given, Some(EnvValue::Plain(text)) if ["1", "true"].contains(&text.as_str()));
    if gateways.any(|gateway| !trusts(gateway.environment.get("ATLAS_TRUST_PROXY"))) {
        say("the gateway takes all clients of nginx for one\n  hint: set `services.gateway.environment.ATLAS_TRUST_PROXY: \"true\"` in atlas.yaml".to_owned());
    }
}

fn program(app: &App) -> Option<PathBuf> {
    let root = app
        .environment
        .get("ATLAS_ROOT")
        .map_or("/", String::as_str);
    let path = app.environment.get("PATH").map_or("", String::as_str);
    program::find(path, Path::new(root))
}

/// Has nginx read the whole configuration from a folder of its own, as it would be written.
async fn test(
    artifacts: &[Artifact],
    edge: &Edge,
    program: Option<&Path>,
    directory: &str,
) -> Result<(), Error> {
    let Some(program) = program else {
        let error = Error::failed("failed to test the configuration: there is no nginx on PATH");
        return Err(error.hint("install nginx, or leave `--test` away"));
    };
    let cause = |cause: std::io::Error| {
        Error::failed(format!(
            "failed to make a folder for the test: {}",
            crate::error::cause(&cause)
        ))
    };
    let folder = Scratch::new().map_err(cause)?;
    let place = folder.0.display().to_string();
    let moved: Vec<Artifact> = { artifacts.iter() }
        .map(|artifact| match &artifact.contents {
            // The key's file is named by its place, and inside of a container by another.
            Contents::Text(text) => {
                let inside = text.replace(
                    "/run/secrets/nginx_api_key",
                    &format!("{place}/{}", nginx::KEY_FILE),
                );
                let text = inside.replace(
                    &format!("{directory}/{}", nginx::KEY_FILE),
                    &format!("{place}/{}", nginx::KEY_FILE),
                );
                Artifact {
                    contents: Contents::Text(text),
                    ..artifact.clone()
                }
            }
            Contents::Secret(_) => artifact.clone(),
        })
        .collect();
    files::write(&folder.0, &moved, true)?;
    match program::test(program, &folder.0, &folder.0.join(nginx::FILE)).await {
        Answer::Good => Ok(()),
        Answer::None(why) => Err(Error::failed(format!(
            "failed to test the configuration: {why}"
        ))),
        Answer::Bad(lines) => {
            let said: Vec<String> = lines
                .iter()
                .map(|line| line.replace(&format!("{place}/"), ""))
                .collect();
            let missing = said
                .iter()
                .any(|line| line.contains(&edge.certificate) && line.contains("No such file"));
            let error = Error::failed(format!(
                "nginx refuses the configuration: {}; nothing was written",
                said.join("; ")
            ));
            Err(match missing {
                true => error.hint(format!(
                    "a first certificate comes by `certbot certonly --standalone -d {}`; later ones by `--webroot -w {}`",
                    edge.host, edge.acme
                )),
                false => error,
            })
        }
    }
}

/// A folder that goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|cause| std::io::Error::other(cause.to_string()))?;
        let name = format!("atlas-nginx-{:016x}", u64::from_le_bytes(random));
        let folder = std::env::temp_dir().join(name);
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
            .create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
