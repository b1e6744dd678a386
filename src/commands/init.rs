//! `atlas init`: asks (or is told) what to run and writes atlas.yaml, .env, .gitignore lines and compose.yaml. Owns the
//! questions and their order; what stands in the files belongs to `dotenv` and `manifest`.

mod dotenv;
mod manifest;
mod settings;

use std::path::Path;

use similar::TextDiff;

use super::up::write_files;
use crate::app::App;
use crate::cli::{self, Selection};
use crate::engines::docker::Builtin;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files;
use crate::input::Inputs;
use crate::resolve;
use crate::targets::{Artifact, Contents};

use settings::Settings;

/// What git must not see.
const IGNORED: [&str; 2] = [".env", ".atlas/"];

pub(crate) async fn init(app: &App, args: &cli::Init) -> Result<Exit, Error> {
    let builtin = app.builtin()?;
    let inputs = app.inputs();
    let mut settings = Settings::read(app, args)?;
    settings.ask(app, &inputs)?;
    settings.regard_engine(app, &inputs).await;
    let report = app.reporter();
    write(app, &inputs, &settings, &builtin, &*report)?;
    // Rendered from the files just written: what `up` will read is what is rendered here.
    let deployment = app.deployment(&app.inputs(), &Selection::default(), &builtin, &*report)?;
    write_files(app, &deployment, args.force, &*report)?;
    drop(report);
    app.say("\nnext: `atlas up` brings it up; put missing credentials into .env first or later");
    Ok(Exit::Ok)
}

/// The same without questions, for `up` in a folder that has no atlas.yaml yet; `up` itself writes compose.yaml.
pub(super) async fn unattended(
    app: &App,
    inputs: &Inputs,
    selection: &Selection,
    builtin: &Builtin,
) -> Result<(), Error> {
    app.say("there is no atlas.yaml here yet: writing one");
    let mut settings = Settings::of(selection);
    settings.regard_engine(app, inputs).await;
    write(app, inputs, &settings, builtin, &*app.reporter())
}

fn write(
    app: &App,
    inputs: &Inputs,
    settings: &Settings,
    builtin: &Builtin,
    report: &dyn Report,
) -> Result<(), Error> {
    make_folder(&app.directory)?;
    let manifest_before = read(&app.directory, "atlas.yaml")?;
    let directory = app
        .directory
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let manifest = manifest::merge(manifest_before.as_deref(), settings, &directory);

    // What would be deployed decides which variables belong into .env; generated ones are not missing then.
    let mut after = inputs.clone();
    let (project, problems) = crate::input::Project::parse("atlas.yaml", manifest.as_bytes());
    after.project = project;
    if !problems.is_empty() {
        return Err(Error::configuration(problems));
    }
    let generated = dotenv::generated(&after)?;
    let mut request = app.request(&Selection::default(), builtin);
    for (name, value) in generated.iter().chain(&settings.variables) {
        let empty = request.environment.get(name).is_none_or(String::is_empty);
        let unset = after
            .dotenv
            .get(name)
            .is_none_or(|set| set.value.is_empty());
        if empty && (unset || settings.variables.contains_key(name)) {
            request.environment.insert(name.clone(), value.clone());
        }
    }
    let deployment = resolve::resolve(&after, &request)
        .map_err(Error::configuration)?
        .deployment;

    let env_before = read(&app.directory, ".env")?;
    let env = dotenv::merge(
        env_before.as_deref(),
        &after,
        &deployment,
        &generated,
        settings,
    );
    let gitignore_before = read(&app.directory, ".gitignore")?;
    let gitignore = ignore(gitignore_before.as_deref());
    if !agree(app, manifest_before.as_deref(), &manifest)? {
        return Err(Error::failed(
            "nothing was written: the change of atlas.yaml was declined",
        ));
    }
    put(app, "atlas.yaml", 0o644, manifest_before, manifest, report)?;
    put(app, ".env", 0o600, env_before, env, report)?;
    put(
        app,
        ".gitignore",
        0o644,
        gitignore_before,
        gitignore,
        report,
    )
}

fn make_folder(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory).map_err(|cause| {
        Error::failed(format!(
            "failed to create `{}`: {cause}",
            directory.display()
        ))
    })
}

fn read(directory: &Path, name: &str) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(directory.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::failed(format!("failed to read `{name}`: {cause}"))),
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

fn put(
    app: &App,
    name: &str,
    mode: u32,
    before: Option<String>,
    after: String,
    report: &dyn Report,
) -> Result<(), Error> {
    let outcome = match &before {
        None => "created",
        Some(before) if *before == after => "unchanged",
        Some(_) => "updated",
    };
    if after.is_empty() {
        return Ok(());
    }
    let artifact = Artifact {
        path: name.into(),
        contents: Contents::Text(after),
        mode,
        group: None,
    };
    // These files are merges of what stood there: overwriting loses nothing.
    files::write(&app.directory, &[artifact], true)?;
    report.report(Event::File {
        path: name.to_owned(),
        outcome,
    });
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
