//! `atlas stop`, `atlas start`, `atlas restart`: what exists, as it is. Configuration is `up`'s part.

use std::collections::BTreeSet;

use super::{lock, run};
use crate::app::App;
use crate::cli::Services;
use crate::diagnostic::Diagnostic;
use crate::engines::Engine;
use crate::error::Error;
use crate::exit::Exit;
use crate::plan::{self, Observed, Plan};

pub(crate) async fn stop(app: &App, args: &Services) -> Result<Exit, Error> {
    carry_out(app, args, "stop", plan::stop).await
}

pub(crate) async fn start(app: &App, args: &Services) -> Result<Exit, Error> {
    carry_out(app, args, "start", plan::start).await
}

pub(crate) async fn restart(app: &App, args: &Services) -> Result<Exit, Error> {
    carry_out(app, args, "restart", plan::restart).await
}

async fn carry_out(
    app: &App,
    args: &Services,
    verb: &str,
    decide: impl Fn(&Observed, &BTreeSet<String>) -> Plan,
) -> Result<Exit, Error> {
    let inputs = app.inputs();
    let project = app.project_name(&inputs)?;
    let engine = app.engine(None).await?;
    let _lock = lock::take_in_project(&app.directory, verb)?;
    let observed = engine.observe(&project, None).await?;
    let services: BTreeSet<String> = args.services.iter().cloned().collect();
    check_names(&services, &observed, &project)?;
    let plan = decide(&observed, &services);
    if plan.is_empty() {
        app.say(match observed.containers.is_empty() {
            true => "nothing to do: there are no containers; `atlas up` makes them",
            false => "nothing to do",
        });
        return Ok(Exit::Ok);
    }
    // It tells how to ask for readiness. A wrong configuration must not keep anyone from stopping things: ready then means
    // started.
    let deployment = app.known(&inputs, &observed);
    let report = app.reporter();
    let settings = run::settings(args.timeout, true);
    run::run(app, &plan, deployment.as_ref(), &engine, settings, &*report).await?;
    Ok(Exit::Ok)
}

/// Every name must have a container.
pub(super) fn check_names(
    names: &BTreeSet<String>,
    observed: &Observed,
    project: &str,
) -> Result<(), Error> {
    let containers = observed.containers.iter();
    let known: BTreeSet<&str> = containers.map(|c| c.service.as_str()).collect();
    let unknown: Vec<Diagnostic> = names
        .iter()
        .filter(|name| !known.contains(name.as_str()))
        .map(|name| {
            let message = format!("project `{project}` has no container of a service `{name}`");
            Diagnostic::error(message).did_you_mean(name, known.iter().copied())
        })
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(Error::configuration(unknown)),
    }
}
