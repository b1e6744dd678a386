//! `atlas plan`: what `up` would do, and why. Touches nothing.

use std::collections::BTreeMap;

use crate::app::App;
use crate::cli;
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::exit::Exit;
use crate::model::{Deployment, ServiceName};
use crate::plan::{Observed, Options, Plan, reconcile};
use crate::targets::compose;

pub(crate) async fn plan(app: &App, args: &cli::Plan) -> Result<Exit, Error> {
    let builtin = app.builtin();
    let inputs = app.whole_inputs().await?;
    let report = app.reporter();
    let (deployment, only) = app.scope(&inputs, &args.selection, &builtin, &*report)?;
    let options = Options {
        force_recreate: args.force_recreate,
        remove_orphans: args.remove_orphans,
        only,
    };
    let engine = app.engine(builtin.ok()).await?;
    let (plan, _) = decide(app, &engine, &deployment, &options).await?;
    show(app, &plan);
    Ok(match args.exit_code && !plan.is_empty() {
        true => Exit::Differences,
        false => Exit::Ok,
    })
}

/// Observes once and decides.
pub(super) async fn decide(
    app: &App,
    engine: &DockerEngine,
    deployment: &Deployment,
    options: &Options,
) -> Result<(Plan, Observed), Error> {
    let project = deployment.project.as_str();
    let observed = engine.observe(project, Some(deployment)).await?;
    let plan = reconcile(deployment, &hashes(app, deployment), &observed, options);
    Ok((plan, observed))
}

/// Each service's Compose config hash.
pub(super) fn hashes(app: &App, deployment: &Deployment) -> BTreeMap<ServiceName, String> {
    let services = deployment.services.iter();
    services
        .map(|(name, service)| {
            let hash = compose::config_hash(deployment, service, &app.directory);
            (name.clone(), hash)
        })
        .collect()
}

/// Prints the plan as data.
pub(super) fn show(app: &App, plan: &Plan) {
    match app.global.json {
        true => app.out(&plan.to_json().to_string()),
        false => app.out(&plan.to_string()),
    }
}
