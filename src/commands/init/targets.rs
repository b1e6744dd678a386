//! What `init` writes files for. Owns which targets come with which, that all of them can be rendered before the first file
//! is touched, and what a person types next; what stands in the files belongs to `render`.

use clap::ValueEnum as _;
use serde_json::json;

use crate::app::App;
use crate::cli::Target;
use crate::commands::render::kubernetes::Packing;
use crate::commands::render::{kubernetes, nginx};
use crate::commands::up::{remove_obsolete, write_artifacts, write_files};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::event::Report;
use crate::files;
use crate::input::Inputs;
use crate::model::Deployment;
use crate::targets::{Artifact, compose};

/// A target's files, none of them written yet.
enum Rendering {
    Compose(Vec<Artifact>),
    Kubernetes(kubernetes::Rendering),
    Nginx(Box<nginx::Rendering>),
}

/// All that belong to those asked for, in their order: compose when nobody says otherwise, and before what stands before it.
pub(super) fn wanted(asked: &[Target]) -> Vec<Target> {
    let mut targets = asked.to_vec();
    if targets.is_empty() || targets.contains(&Target::Nginx) {
        targets.push(Target::Compose);
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

/// Whether one of them holds values, not only their names, so that secret stores must be asked.
pub(super) fn read_values(inputs: &Inputs, targets: &[Target]) -> bool {
    targets.iter().any(|target| match target {
        Target::Compose | Target::Nginx => true,
        Target::Kubernetes => kubernetes::reads_values(inputs, Packing::Kustomize),
        Target::Helm => kubernetes::reads_values(inputs, Packing::Helm),
    })
}

/// # Errors
/// Every reason of every target why it cannot be rendered.
async fn rendered(
    app: &App,
    inputs: &Inputs,
    deployment: &Deployment,
    targets: &[Target],
) -> Result<Vec<Rendering>, Vec<Diagnostic>> {
    let mut renderings = Vec::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    let cluster = |packing| {
        let rendering = kubernetes::Rendering::written(app, inputs, deployment, packing);
        rendering.map(Rendering::Kubernetes)
    };
    for target in targets {
        let rendering = match target {
            Target::Compose => Ok(Rendering::Compose(compose::artifacts(deployment))),
            Target::Kubernetes => cluster(Packing::Kustomize),
            Target::Helm => cluster(Packing::Helm),
            Target::Nginx => {
                let rendering = nginx::Rendering::of(app, inputs, deployment).await;
                rendering.map(Box::new).map(Rendering::Nginx)
            }
        };
        match rendering {
            Ok(rendering) => renderings.push(rendering),
            Err(more) => {
                for problem in more {
                    // Two targets may refuse the same.
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
        }
    }
    match problems.is_empty() {
        true => Ok(renderings),
        false => Err(problems),
    }
}

/// Whether everything could be written; touches nothing.
///
/// # Errors
/// A target refuses, or something there is not ours to overwrite.
pub(super) async fn check(
    app: &App,
    inputs: &Inputs,
    deployment: &Deployment,
    targets: &[Target],
    force: bool,
) -> Result<(), Error> {
    let renderings = rendered(app, inputs, deployment, targets).await;
    let renderings = renderings.map_err(|problems| super::unplaced(app, problems))?;
    if force {
        return Ok(());
    }
    for rendering in &renderings {
        let checked = match rendering {
            Rendering::Compose(artifacts) => files::check(&app.directory, artifacts),
            Rendering::Nginx(nginx) => files::check(&app.directory, nginx.artifacts()),
            Rendering::Kubernetes(kubernetes) => {
                kubernetes.check(app, force).map_err(untouched)?;
                Ok(())
            }
        };
        checked.map_err(|error| untouched(error.into()))?;
    }
    Ok(())
}

fn untouched(error: Error) -> Error {
    Error {
        message: format!("{}; nothing was written", error.message),
        ..error
    }
}

/// Writes the files of each target, and gives back what to type then.
pub(super) async fn write(
    app: &App,
    inputs: &Inputs,
    deployment: &Deployment,
    targets: &[Target],
    force: bool,
    report: &dyn Report,
) -> Result<Vec<(Target, Vec<String>)>, Error> {
    let renderings = rendered(app, inputs, deployment, targets).await;
    let renderings = renderings.map_err(Error::configuration)?;
    let mut next = Vec::new();
    for (target, rendering) in targets.iter().zip(renderings) {
        let commands = match rendering {
            Rendering::Compose(_) => {
                write_files(app, deployment, force, report)?;
                vec!["atlas up".to_owned()]
            }
            Rendering::Kubernetes(kubernetes) => {
                kubernetes.write(app, force, report)?;
                kubernetes.advise(deployment, report);
                kubernetes.next(deployment)
            }
            Rendering::Nginx(nginx) => {
                write_artifacts(app, nginx.artifacts(), force, report)?;
                remove_obsolete(app, &nginx.obsolete(), report)?;
                nginx.warn(inputs, deployment, report);
                nginx.next()
            }
        };
        next.push((*target, commands));
    }
    Ok(next)
}

/// Says what to type now.
pub(super) fn invite(app: &App, next: &[(Target, Vec<String>)]) {
    let word = |target: &Target| {
        let value = target.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    };
    if app.global.json {
        let next: Vec<_> = next
            .iter()
            .map(|(target, commands)| json!({"target": word(target), "commands": commands}))
            .collect();
        app.out(&json!({"schema": "atlas/v1", "kind": "init", "next": next}).to_string());
    }
    if let [(Target::Compose, _)] = next {
        app.say(
            "\nnext: `atlas up` brings it up; put missing credentials into .env first or later",
        );
        return;
    }
    // What stands before the stack says itself how the stack is brought up.
    let fronted = next.iter().any(|(target, _)| *target == Target::Nginx);
    for (target, commands) in next {
        if *target != Target::Compose || !fronted {
            app.say(&format!(
                "\nnext, for {}:\n  {}",
                word(target),
                commands.join("\n  ")
            ));
        }
    }
}
