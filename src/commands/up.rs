//! `atlas up`: everything cheap is checked first, then the plan is carried out, then what came of it is shown.

mod front;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Instant;

use super::{checklist, init, lock, plan, preflight, run};
use crate::app::App;
use crate::cli;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::files::{self, Change};
use crate::model::{DataMode, Deployment, Kind};
use crate::plan::{Observed, Options};
use crate::references;
use crate::report::seconds;
use crate::resolve;
use crate::targets::{Artifact, compose, nginx};

/// `atlas up`; with `--production` between the two halves of the checklist.
pub(crate) async fn up(app: &App, args: &cli::Up) -> Result<Exit, Error> {
    if !args.production {
        return bring_up(app, args).await;
    }
    // What is wrong at every stage is a wrong configuration, not an item of a list.
    let (mut inputs, builtin) = (app.inputs(), app.builtin());
    references::need(&mut inputs, &app.directory, &app.environment).await?;
    // Naming services limits what is touched, not what the project is.
    let selection = match args.selection.services.is_empty() || args.selection.profile.is_some() {
        true => args.selection.clone(),
        false => App::whole(&inputs, &args.selection),
    };
    let request = app.request(&selection, &builtin);
    resolve::resolve(&inputs, &request).map_err(Error::configuration)?;
    checklist::before(app, &selection).await?;
    let app = app.for_production();
    match bring_up(&app, args).await? {
        Exit::Ok if !args.dry_run => checklist::after(&app, &selection).await,
        exit => Ok(exit),
    }
}

async fn bring_up(app: &App, args: &cli::Up) -> Result<Exit, Error> {
    let began = Instant::now();
    let builtin = app.builtin();
    let mut inputs = app.inputs();
    if inputs.project.file.is_empty() && !args.dry_run {
        init::unattended(app, &inputs, &args.selection, &builtin).await?;
        inputs = app.inputs();
    }
    references::need(&mut inputs, &app.directory, &app.environment).await?;
    let report = app.reporter();
    let (deployment, only) = app.scope(&inputs, &args.selection, &builtin, &*report)?;
    preflight::sources(app, &inputs, &deployment).await?;
    let engine = app.engine(builtin.ok()).await?;
    let options = Options {
        force_recreate: args.force_recreate,
        remove_orphans: args.remove_orphans,
        only,
    };
    if args.dry_run {
        let (plan, _) = plan::decide(app, &engine, &deployment, &options).await?;
        plan::show(app, &plan);
        return Ok(Exit::Ok);
    }
    let _lock = lock::take(&app.directory, "up")?;
    let (plan, observed) = plan::decide(app, &engine, &deployment, &options).await?;
    let decided = (&plan, &observed);
    preflight::host(app, &inputs, &engine, &deployment, decided, &*report).await?;
    front::before(app, &engine, &deployment, &plan, &*report).await?;
    warn_of_old_engine(&deployment, &engine, &*report);
    warn_of_orphans(&deployment, &observed, &options, &*report);
    write_files(app, &deployment, false, &*report)?;
    report.report(Event::CheckedOut {
        changes: plan.changes().count(),
        services: deployment.services.len(),
    });
    let settings = run::settings(args.timeout, !args.no_wait);
    let outcome = run::run(app, &plan, Some(&deployment), &engine, settings, &*report).await;
    drop(report);
    outcome?;
    let done = match (args.no_wait, plan.is_empty()) {
        (true, _) => "started; not waited for".to_owned(),
        (false, true) => "nothing to do: everything is as wanted and healthy".to_owned(),
        (false, false) => format!("up and healthy in {}", seconds(began.elapsed())),
    };
    app.say(&app.talk.good(&done));
    invite(app, &deployment);
    Ok(Exit::Ok)
}

/// Writes compose.yaml and the files that its services read; only changes are worth a line.
pub(super) fn write_files(
    app: &App,
    deployment: &Deployment,
    force: bool,
    report: &dyn Report,
) -> Result<(), Error> {
    write_artifacts(app, &compose::artifacts(deployment), force, report)?;
    let obsolete = deployment.edge.as_ref().map(nginx::obsolete);
    remove_obsolete(app, &obsolete.unwrap_or_default(), report)
}

/// Removes files that are no longer written; only ours.
pub(super) fn remove_obsolete(app: &App, paths: &[&str], report: &dyn Report) -> Result<(), Error> {
    for path in paths {
        let file = Path::new(path);
        if files::is_ours(&app.directory, file)? {
            let folder = file.parent().unwrap_or(file);
            files::remove(&app.directory, folder, file)?;
            report.report(Event::File {
                path: (*path).to_owned(),
                outcome: "removed",
            });
        }
    }
    Ok(())
}

/// The same for the files of any target.
pub(super) fn write_artifacts(
    app: &App,
    artifacts: &[Artifact],
    force: bool,
    report: &dyn Report,
) -> Result<(), Error> {
    for written in files::write(&app.directory, artifacts, force)? {
        let outcome = match written.change {
            Change::Created => "created",
            Change::Updated => "updated",
            Change::Unchanged => continue,
        };
        report.report(Event::File {
            path: written.path.display().to_string(),
            outcome,
        });
    }
    Ok(())
}

/// Atlas itself needs no `start_interval`; `docker compose up` of the rendered file would stumble over it.
fn warn_of_old_engine(deployment: &Deployment, engine: &DockerEngine, report: &dyn Report) {
    if deployment.start_interval && !engine.knows_start_interval() {
        report.report(Event::Warning {
            text: "this engine is older than 25: `docker compose` cannot run compose.yaml on it\n  hint: set `oldest-engine: \"20.10\"` in atlas.yaml".to_owned(),
        });
    }
}

fn warn_of_orphans(
    deployment: &Deployment,
    observed: &Observed,
    options: &Options,
    report: &dyn Report,
) {
    let is_known = |service: &str| deployment.services.keys().any(|n| n.as_str() == service);
    let containers = observed.containers.iter();
    let orphans: Vec<&str> = containers
        .filter(|c| !is_known(&c.service))
        .map(|c| c.name.as_str())
        .collect();
    if !orphans.is_empty() && !options.remove_orphans {
        let names = orphans.join(", ");
        report.report(Event::Warning {
            text: format!(
                "there, but not part of this deployment: {names} (`--remove-orphans` removes them)"
            ),
        });
    }
}

/// Where to go from here.
fn invite(app: &App, deployment: &Deployment) {
    let public = deployment.public_url.as_ref();
    for service in deployment.services.values() {
        if let (Kind::Edge, Some(public)) = (service.kind, public) {
            app.say(&format!("{} answers on {public}", service.name));
        } else if let Some(publish) = service.publish {
            let host = match publish.address.is_unspecified() {
                true => Ipv4Addr::LOCALHOST.into(),
                false => publish.address,
            };
            let address = SocketAddr::new(host, publish.port.get());
            app.say(&format!("{} answers on http://{address}", service.name));
        }
    }
    if deployment.data == DataMode::Embedded {
        app.say(
            "data is embedded: settings and history in the gateway's volume, rate limits in memory",
        );
    }
    app.say("`atlas status` shows it, `atlas logs -f` follows it, `atlas down` ends it");
}
