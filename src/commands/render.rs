//! `atlas render`: the files of a target, written, printed or compared.

pub(super) mod kubernetes;
pub(super) mod nginx;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::app::App;
use crate::cli::{self, RenderTarget, Selection};
use crate::diagnostic::enumerate;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files::{self, Difference, FileError, What};
use crate::input::Inputs;
use crate::model::{Deployment, EnvValue};
use crate::targets::nginx::obsolete;
use crate::targets::{Artifact, Contents, compose};

use super::images;
use super::up::write_files;
use kubernetes::Packing;

/// As a service name it means "print".
const STDOUT: &str = "-";

pub(crate) async fn render(app: &App, args: &cli::Render) -> Result<Exit, Error> {
    let (selection, check, force) = match &args.target {
        RenderTarget::Compose {
            selection,
            check,
            force,
        } => (selection, check, force),
        RenderTarget::Kubernetes(args) => {
            return kubernetes::render(app, args, Packing::Kustomize).await;
        }
        RenderTarget::Helm(args) => return kubernetes::render(app, args, Packing::Helm).await,
        RenderTarget::Nginx(args) => return nginx::render(app, args).await,
    };
    let (print, selection) = printed(selection);
    let builtin = app.builtin();
    let report = app.reporter();
    let inputs = app.whole_inputs().await?;
    let deployment = app.deployment(&inputs, &selection, &builtin, &*report)?;
    warn_of_references(&inputs, &deployment, &*report);
    if print {
        for artifact in compose::artifacts(&deployment) {
            if let Contents::Text(text) = &artifact.contents {
                app.out(text);
            }
        }
        return Ok(Exit::Ok);
    }
    if *check {
        let obsolete = deployment.edge.as_ref().map(obsolete).unwrap_or_default();
        return compare(app, &compose::artifacts(&deployment), &obsolete);
    }
    write_files(app, &deployment, *force, &*report)?;
    images::provide_builtin(app, &deployment, builtin, &*report).await?;
    drop(report);
    app.say("compose.yaml is up to date; `docker compose up -d` reads it");
    Ok(Exit::Ok)
}

/// Whether the files shall be printed, and the selection without that wish.
fn printed(selection: &Selection) -> (bool, Selection) {
    let mut rest = selection.clone();
    rest.services.retain(|name| name != STDOUT);
    (rest.services.len() < selection.services.len(), rest)
}

/// Compose substitutes the text of .env: it hands on a reference where atlas hands on the value. Secret files hold values.
fn warn_of_references(inputs: &Inputs, deployment: &Deployment, report: &dyn Report) {
    let mut names = BTreeSet::new();
    for service in deployment.services.values() {
        for given in service.environment.values() {
            let is_meant = |name: &str| match given {
                EnvValue::Plain(_) => false,
                EnvValue::Secret { variable, .. } => variable == name,
                EnvValue::Composed { expression, .. } => {
                    expression.contains(&format!("${{{name}}}"))
                }
            };
            let all = inputs.dotenv.iter().map(|(name, _)| name);
            names.extend(all.filter(|name| inputs.dotenv.refers(name) && is_meant(name)));
        }
    }
    if !names.is_empty() {
        let names: Vec<&str> = names.into_iter().collect();
        let names = enumerate(&names);
        report.report(Event::Warning {
            text: format!(
                "{names} in .env: `docker compose up` would hand the reference to services, not the secret\n  \
                 hint: use `atlas up`, or set the variable in the environment of `docker compose`"
            ),
        });
    }
}

/// With the files of ours that should not be there any more.
fn compare(app: &App, artifacts: &[Artifact], obsolete: &[&str]) -> Result<Exit, Error> {
    let mut differences = files::compare(&app.directory, artifacts)?;
    for path in obsolete.iter().map(PathBuf::from) {
        if files::is_ours(&app.directory, &path)? {
            let what = What::Unwanted;
            differences.push(Difference { path, what });
        }
    }
    Ok(show(app, &differences))
}

/// Shows differences; the exit code tells whether there are any.
fn show(app: &App, differences: &[Difference]) -> Exit {
    if app.global.json {
        let list: Vec<_> = differences
            .iter()
            .map(|d| serde_json::json!({"path": d.path.display().to_string(), "difference": d.to_string()}))
            .collect();
        let object =
            serde_json::json!({"schema": "atlas/v1", "kind": "check", "differences": list});
        app.out(&object.to_string());
    } else {
        for difference in differences {
            app.out(&difference.to_string());
        }
    }
    match differences.is_empty() {
        true => Exit::Ok,
        false => Exit::Differences,
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self {
            hint: error.hint(),
            ..Error::failed(error.to_string())
        }
    }
}
