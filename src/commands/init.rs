//! `atlas init`: asks (or is told) what to run and writes atlas.yaml, .env, .gitignore lines and the files of targets. Owns the
//! order of things: everything is read and checked before the first file is touched. What stands in the files belongs to
//! `dotenv` and `manifest`.

mod manifest;
mod questions;
mod settings;
mod targets;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use similar::TextDiff;

use super::{dotenv, images};
use crate::app::App;
use crate::cli::{self, Selection, Target};
use crate::diagnostic::{Diagnostic, Severity, enumerate};
use crate::engines::docker::Builtin;
use crate::error::{self, Error};
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files::{self, Change};
use crate::input::{Inputs, Project};
use crate::model::Deployment;
use crate::references;
use crate::resolve;
use crate::schema;
use crate::targets::{Artifact, Contents};

use settings::Settings;

const MANIFEST: &str = "atlas.yaml";
/// The first line of a new atlas.yaml points editors to it.
const SCHEMA: &str = ".atlas/atlas.schema.json";
/// What git must not see.
const IGNORED: [&str; 3] = [".env", ".atlas/", "backups/"];

pub(crate) async fn init(app: &App, args: &cli::Init) -> Result<Exit, Error> {
    let builtin = app.builtin();
    let inputs = app.inputs();
    let mut settings = Settings::read(app, args, &inputs)?;
    questions::ask(app, &inputs, &mut settings, &builtin)?;
    let targets = targets::wanted(&settings.targets);
    // A cluster does not care how old the engine of this machine is.
    if targets.contains(&Target::Compose) {
        tokio::select! {
            () = app.interrupted() => return Err(interrupted()),
            () = settings.regard_engine(app, &inputs) => {}
        }
    }
    let report = app.reporter();
    settings.warn_of_misspelt(&inputs, &*report);
    // A secret store that is away must not leave half of it behind.
    let answered = match targets::read_values(&inputs, &targets) {
        true => Some(app.whole_inputs().await?),
        false => None,
    };
    let chosen = (&settings, &targets[..]);
    write(app, &inputs, chosen, &builtin, args.force, &*report).await?;
    // Rendered from the files just written: what `up` will read is what is rendered here.
    let mut written = app.inputs();
    if let Some(answered) = answered {
        references::repeat(&mut written, &inputs, &answered);
        references::need(&mut written, &app.directory, &app.environment).await?;
    }
    let deployment = app.deployment(&written, &Selection::default(), &builtin, &*report)?;
    let next = targets::write(app, &written, &deployment, &targets, args.force, &*report);
    let next = next.await?;
    if targets.contains(&Target::Compose) {
        images::provide_builtin(app, &deployment, builtin, &*report).await?;
    }
    drop(report);
    targets::invite(app, &next);
    Ok(Exit::Ok)
}

/// The same without questions, for `up` in a folder that has no atlas.yaml yet; `up` itself writes compose.yaml.
pub(super) async fn unattended(
    app: &App,
    inputs: &Inputs,
    selection: &Selection,
    builtin: &Result<Builtin, Error>,
) -> Result<(), Error> {
    app.say("there is no atlas.yaml here yet: writing one");
    let mut settings = Settings::of(selection);
    settings.regard_engine(app, inputs).await;
    let chosen = (&settings, &[Target::Compose][..]);
    write(app, inputs, chosen, builtin, false, &*app.reporter()).await
}

fn interrupted() -> Error {
    Error::new(Exit::Interrupted, "interrupted; nothing was written")
}

/// atlas.yaml as it would be, and the sources with it.
fn planned(app: &App, inputs: &Inputs, settings: &Settings) -> Result<(String, Inputs), Error> {
    let of_manifest = |problem: &&Diagnostic| problem.file.as_deref() == Some(MANIFEST);
    let broken: Vec<Diagnostic> = inputs
        .problems
        .iter()
        .filter(of_manifest)
        .cloned()
        .collect();
    let before = match read(&app.directory, MANIFEST) {
        Err(_) if !broken.is_empty() => return Err(Error::configuration(broken)),
        read => read?,
    };
    let directory = app
        .directory
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let text = manifest::merge(before.as_deref(), settings, &directory);
    let mut after = inputs.clone();
    // What was wrong with the old text may be what is set right now.
    after.problems.retain(|problem| !of_manifest(&problem));
    let (project, problems) = Project::parse(MANIFEST, text.as_bytes());
    after.project = project;
    if problems.is_empty() {
        return Ok((text, after));
    }
    if before.is_some() && broken.is_empty() {
        let keys: Vec<String> = settings.keys.keys().cloned().collect();
        let keys = enumerate(&keys);
        let message =
            format!("failed to edit `{MANIFEST}`: its form is not one that atlas can change");
        return Err(Error::failed(message).hint(format!(
            "set {keys} there yourself, then run `atlas init` again"
        )));
    }
    Err(Error::configuration(problems))
}

/// Writes what belongs to no target, unless a target could not be written afterwards.
async fn write(
    app: &App,
    inputs: &Inputs,
    (settings, targets): (&Settings, &[Target]),
    builtin: &Result<Builtin, Error>,
    force: bool,
    report: &dyn Report,
) -> Result<(), Error> {
    let (manifest, after) = planned(app, inputs, settings)?;
    let generated = dotenv::generated(&after)?;
    let deployment = preview(app, &after, &settings.variables, builtin, &generated)?;
    targets::check(app, &after, &deployment, targets, force).await?;
    let manifest_before = read(&app.directory, MANIFEST)?;
    let env_before = read(&app.directory, ".env")?;
    let env = dotenv::merge(
        env_before.as_deref(),
        &after,
        &deployment,
        &generated,
        &settings.variables,
    );
    let gitignore = ignore(read(&app.directory, ".gitignore")?.as_deref());
    if !agree(app, manifest_before.as_deref(), &manifest)? {
        return Err(Error::failed(
            "nothing was written: the change of atlas.yaml was declined",
        ));
    }
    let merged = [
        artifact(app, MANIFEST, 0o644, manifest)?,
        artifact(app, ".env", 0o600, env)?,
        artifact(app, ".gitignore", 0o644, gitignore)?,
    ];
    make_folder(&app.directory)?;
    // These files are merges of what stood there: overwriting loses nothing.
    for written in files::write(&app.directory, &merged, true)? {
        report.report(Event::File {
            path: written.path.display().to_string(),
            outcome: match written.change {
                Change::Created => "created",
                Change::Updated => "updated",
                Change::Unchanged => "unchanged",
            },
        });
    }
    let schema = Artifact {
        path: SCHEMA.into(),
        contents: Contents::Text(format!("{:#}\n", schema::atlas_yaml())),
        mode: 0o644,
        group: None,
    };
    files::write(&app.directory, &[schema], true)?;
    Ok(())
}

/// What would be deployed: it decides which variables belong into .env. Generated ones are not missing then, and addresses
/// of stores elsewhere may follow later, and so may what production wants narrower: a line for them is what makes it easy.
pub(super) fn preview(
    app: &App,
    after: &Inputs,
    variables: &BTreeMap<String, String>,
    builtin: &Result<Builtin, Error>,
    generated: &BTreeMap<String, String>,
) -> Result<Deployment, Error> {
    let mut request = app.request(&Selection::default(), builtin);
    let wanted = resolve::wanted(after, &request).map_err(|problems| unplaced(app, problems))?;
    let mut later = BTreeMap::new();
    for (name, variable) in wanted.iter().flat_map(|wanted| &wanted.variables) {
        if let (true, Some(_), Some(begin)) = (
            variable.required,
            &variable.from,
            variable.begins_with.first(),
        ) {
            later.insert((*name).to_owned(), format!("{begin}later"));
        }
        if !variable.unwise_in_production.is_empty() {
            later.insert((*name).to_owned(), "later".to_owned());
        }
    }
    for (name, value) in later.iter().chain(generated).chain(variables) {
        let empty = request.environment.get(name).is_none_or(String::is_empty);
        let unset = after
            .dotenv
            .get(name)
            .is_none_or(|set| set.value.is_empty());
        if variables.contains_key(name) || (empty && unset) {
            request.environment.insert(name.clone(), value.clone());
        }
    }
    let resolution = resolve::resolve(after, &request);
    let resolution = resolution.map_err(|problems| unplaced(app, problems))?;
    Ok(resolution.deployment)
}

/// Warnings are for later, when the files are there; a place in a file that is not there helps nobody.
fn unplaced(app: &App, problems: Vec<Diagnostic>) -> Error {
    let missing = !app.directory.join(MANIFEST).exists();
    let mut problems = problems;
    problems.retain(|problem| problem.severity == Severity::Error);
    for problem in &mut problems {
        if missing && problem.file.as_deref() == Some(MANIFEST) {
            problem.file = None;
            problem.position = None;
        }
    }
    let error = Error::configuration(problems);
    Error {
        message: format!("{}; nothing was written", error.message),
        ..error
    }
}

fn make_folder(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory).map_err(|cause| {
        Error::failed(format!(
            "failed to create `{}`: {}",
            directory.display(),
            error::cause(&cause)
        ))
    })
}

pub(super) fn read(directory: &Path, name: &str) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(directory.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::failed(format!(
            "failed to read `{name}`: {}",
            error::cause(&cause)
        ))),
    }
}

/// Shows how atlas.yaml would change and asks; without a person, asking for a change by an option is the consent.
fn agree(app: &App, before: Option<&str>, after: &str) -> Result<bool, Error> {
    let Some(before) = before.filter(|before| *before != after) else {
        return Ok(true);
    };
    let diff = TextDiff::from_lines(before, after);
    let diff = diff
        .unified_diff()
        .header("atlas.yaml", "atlas.yaml")
        .to_string();
    app.say(diff.trim_end());
    match app.prompt.is_interactive() {
        true => app.prompt.confirm("Change atlas.yaml like this?", true),
        false => Ok(true),
    }
}

/// A file of the user's keeps its mode, but for what others may do with secrets.
pub(super) fn artifact(app: &App, name: &str, mode: u32, text: String) -> Result<Artifact, Error> {
    let path = app.directory.join(name);
    let mode = match std::fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_symlink() => {
            let message =
                format!("failed to write `{name}`: it is a symbolic link; nothing was written");
            return Err(Error::failed(message)
                .hint("put the file itself here; links are never written through, nor replaced"));
        }
        Ok(meta) if mode & 0o077 == 0 => meta.permissions().mode() & mode,
        Ok(meta) => meta.permissions().mode() & 0o7777,
        Err(_) => mode,
    };
    Ok(Artifact {
        path: name.into(),
        contents: Contents::Text(text),
        mode,
        group: None,
    })
}

/// Adds the lines to .gitignore that keep secrets out of git.
pub(super) fn ignore_secrets(app: &App) -> Result<(), Error> {
    let text = ignore(read(&app.directory, ".gitignore")?.as_deref());
    files::write(
        &app.directory,
        &[artifact(app, ".gitignore", 0o644, text)?],
        true,
    )?;
    Ok(())
}

/// The lines that keep secrets out of git, added to what is there.
fn ignore(before: Option<&str>) -> String {
    let mut text = before.unwrap_or_default().to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in IGNORED {
        let bare = line.trim_end_matches('/');
        let present = before.unwrap_or_default().lines().any(|l| {
            let l = l.trim().trim_start_matches('/').trim_end_matches('/');
            l == bare
        });
        if !present {
            text += line;
            text.push('\n');
        }
    }
    text
}
