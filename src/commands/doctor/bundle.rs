//! `atlas doctor --bundle`: state, logs, versions and configuration in one archive for whoever helps. Owns what goes into it; that no
//! secret does is the work of `redactor`, through which every byte passes, and of the last look before it is written.

mod redactor;

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::join_all;
use serde_json::{Value, json};

use redactor::Redactor;

use crate::app::App;
use crate::checks::{Facts, Finding};
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::error::{Error, cause};
use crate::files;
use crate::input::Inputs;
use crate::model::EnvValue;
use crate::report;
use crate::targets::MARKER;

/// Lines of each container's log.
const LINES: usize = 2000;
/// Columns of the text report.
const WIDTH: usize = 110;

/// One file of the archive.
struct Page {
    name: String,
    text: String,
}

impl Page {
    fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        Self { name, text }
    }
}

/// Writes the archive, readable by its owner alone, and says what is in it.
pub(super) async fn write(
    app: &App,
    path: &Path,
    facts: &Facts,
    findings: &[Finding],
) -> Result<(), Error> {
    let engine = app.engine(None).await.ok();
    let containers = containers(engine.as_ref(), facts).await;
    let mut pages = vec![
        Page::new("README.txt", README),
        Page::new("doctor.txt", report_of(findings)),
        Page::new("doctor.json", lines(findings.iter().map(Finding::to_json))),
        Page::new("versions.json", pretty(&versions(engine.as_ref()).await)),
        Page::new("env.txt", variables(&facts.inputs)),
    ];
    pages.extend(configuration(app));
    pages.extend(plan(facts));
    for (name, portrait, log) in &containers {
        let plain = shown(portrait.clone(), facts);
        pages.push(Page::new(format!("containers/{name}.json"), pretty(&plain)));
        pages.push(Page::new(format!("logs/{name}.log"), log.join("\n")));
    }
    let portraits = containers.iter().map(|(_, portrait, _)| portrait);
    let redactor = Redactor::of(app, facts, portraits);
    for page in &mut pages {
        page.text = redactor.hide(&page.text);
    }
    // Never trusted, always looked at.
    if let Some(page) = pages.iter().find(|page| redactor.is_in(&page.text)) {
        let message = format!(
            "failed to write the archive: `{}` still holds a secret",
            page.name
        );
        return Err(Error::failed(message).hint("nothing was written; this is a bug in atlas"));
    }
    let bytes = archive(&pages).map_err(|error| failed(path, &error))?;
    files::write_private(&app.directory.join(path), &bytes)?;
    let size = report::bytes(bytes.len() as u64);
    app.say(&format!(
        "{} written: {} files, {size}",
        path.display(),
        pages.len()
    ));
    app.say(
        "secrets are replaced by ***; look into it before you send it: tar tzf shows the files",
    );
    Ok(())
}

const README: &str = "\
What `atlas doctor --bundle` saw of one deployment.

doctor.txt, doctor.json    what was checked and what came of it
versions.json              atlas, the engine, this machine
config/                    atlas.yaml and, if atlas generated it, compose.yaml
env.txt                    names of the variables of .env, without values
plan.txt                   what `atlas up` would do
containers/, logs/         each container as the engine describes it, and its last lines

Values of variables, passwords, keys and tokens are replaced by ***.
";

fn report_of(findings: &[Finding]) -> String {
    let style = report::Style { colour: false };
    let text = report::findings(style, WIDTH, true, findings);
    format!("{text}{}\n", report::summary(findings))
}

async fn versions(engine: Option<&DockerEngine>) -> Value {
    let engine = match engine {
        Some(engine) => engine.portrait().await,
        None => Value::Null,
    };
    let system = rustix::system::uname();
    json!({
        "atlas": env!("CARGO_PKG_VERSION"),
        "system": format!("{} {} {}", system.sysname().to_string_lossy(),
            system.release().to_string_lossy(), system.machine().to_string_lossy()),
        "engine": engine,
    })
}

/// Each variable with its place and whether anything stands there.
fn variables(inputs: &Inputs) -> String {
    let mut text = String::new();
    for (name, setting) in inputs.dotenv.iter() {
        let state = match setting.value.is_empty() {
            true => "empty",
            false => "set",
        };
        let line = setting.position.line;
        text += &format!("{}:{line}: {name} is {state}\n", setting.file);
    }
    match text.is_empty() {
        true => "no variables are set in .env\n".to_owned(),
        false => text,
    }
}

fn configuration(app: &App) -> Vec<Page> {
    let mut pages = Vec::new();
    for name in ["atlas.yaml", "compose.yaml"] {
        let page = format!("config/{name}");
        let Ok(text) = std::fs::read_to_string(app.directory.join(name)) else {
            continue;
        };
        // What others wrote may hold anything anywhere.
        let ours = name == "atlas.yaml" || text.starts_with(MARKER);
        pages.push(match ours {
            true => Page::new(page, text),
            false => Page::new(page, "not generated by atlas, so it is left out\n"),
        });
    }
    pages
}

fn plan(facts: &Facts) -> Option<Page> {
    let plan = facts.plan.as_ref().ok()?;
    Some(Page::new("plan.txt", plan.to_string()))
}

/// Name, description and log of each container of the project.
async fn containers(
    engine: Option<&DockerEngine>,
    facts: &Facts,
) -> Vec<(String, Value, Vec<String>)> {
    let (Some(engine), Ok(observed)) = (engine, &facts.observed) else {
        return Vec::new();
    };
    let looks = observed.containers.iter().map(async |container| {
        let (portrait, log) = tokio::join!(
            engine.portrait_of(&container.id),
            engine.tail(&container.id, LINES)
        );
        (container.name.clone(), portrait, log)
    });
    join_all(looks).await
}

/// A container's description with the values of its environment hidden, but for those that the deployment says are plain.
fn shown(mut portrait: Value, facts: &Facts) -> Value {
    let service = portrait["Config"]["Labels"]["com.docker.compose.service"].clone();
    let service = service.as_str().unwrap_or_default();
    let described = facts.deployment.as_ref().ok().and_then(|deployment| {
        let mut services = deployment.services.values();
        services.find(|described| described.name.as_str() == service)
    });
    let is_plain = |name: &str, value: &str| {
        let known = described.and_then(|service| service.environment.get(name));
        known.is_some_and(|known| matches!(known, EnvValue::Plain(plain) if plain == value))
    };
    if let Some(environment) = portrait["Config"]["Env"].as_array_mut() {
        for entry in environment {
            let text = entry.as_str().unwrap_or_default();
            let (name, value) = text.split_once('=').unwrap_or((text, ""));
            if !is_plain(name, value) {
                *entry = Value::String(format!("{name}=***"));
            }
        }
    }
    portrait
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

fn archive(pages: &[Page]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for page in pages {
        let mut header = tar::Header::new_gnu();
        header.set_size(page.text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(
            &mut header,
            format!("atlas-doctor/{}", page.name),
            page.text.as_bytes(),
        )?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!(
        "failed to write `{}`: {}",
        path.display(),
        cause(error)
    ))
}
