//! `atlas build` and `atlas pull`: images, without starting anything.

use std::collections::BTreeSet;
use std::time::Instant;

use super::preflight;
use crate::app::App;
use crate::cli;
use crate::engines::docker::{Builtin, DockerEngine};
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::model::{Deployment, Image};

pub(crate) async fn build(app: &App, args: &cli::Build) -> Result<Exit, Error> {
    let builtin = app.builtin();
    let report = app.reporter();
    let inputs = app.inputs();
    let deployment = app.deployment(&inputs, &args.selection, &builtin, &*report)?;
    preflight::sources(app, &inputs, &deployment).await?;
    let engine = app.engine(builtin.ok()).await?;
    let mut done = BTreeSet::new();
    for service in deployment.services.values() {
        let reference = service.image.reference().as_str();
        if matches!(service.image, Image::Reference(_)) || !done.insert(reference) {
            continue;
        }
        let began = Instant::now();
        started(&*report, reference);
        match &service.image {
            Image::Builtin(_) => engine.import_builtin(&*report).await?,
            Image::Build(_, context) => engine.build(reference, context, &*report).await?,
            Image::Reference(_) => {}
        }
        finished(&*report, reference, began);
    }
    drop(report);
    if done.is_empty() {
        app.say("nothing to build: every image comes from a registry");
    }
    Ok(Exit::Ok)
}

/// Makes the built-in image where an engine is at hand, so that `docker compose up` finds what the rendered file names.
/// Without an engine there is nobody to make it for yet.
pub(super) async fn provide_builtin(
    app: &App,
    deployment: &Deployment,
    builtin: Result<Builtin, Error>,
    report: &dyn Report,
) -> Result<(), Error> {
    let mut services = deployment.services.values();
    let is_builtin = services.any(|service| matches!(service.image, Image::Builtin(_)));
    if let (true, Ok(builtin)) = (is_builtin, builtin) {
        let reference = builtin.reference().clone();
        if let Ok(engine) = app.engine(Some(builtin)).await
            && engine.image_id(reference.as_str()).await.is_err()
        {
            let began = Instant::now();
            started(report, reference.as_str());
            engine.import_builtin(report).await?;
            finished(report, reference.as_str(), began);
        }
    }
    Ok(())
}

pub(crate) async fn pull(app: &App, args: &cli::Pull) -> Result<Exit, Error> {
    let builtin = app.builtin();
    let report = app.reporter();
    let deployment = app.deployment(&app.inputs(), &args.selection, &builtin, &*report)?;
    let engine = app.engine(builtin.ok()).await?;
    let references: BTreeSet<&str> = deployment
        .services
        .values()
        .filter(|service| matches!(service.image, Image::Reference(_)))
        .map(|service| service.image.reference().as_str())
        .collect();
    let pulls = references.iter().map(async |reference| {
        let began = Instant::now();
        started(&*report, reference);
        let pulled = engine.pull(reference, &*report).await;
        if pulled.is_ok() {
            finished(&*report, reference, began);
        }
        pulled
    });
    let outcomes = futures_util::future::join_all(pulls).await;
    drop(report);
    let mut failures = outcomes.into_iter().filter_map(Result::err);
    if let Some(first) = failures.next() {
        let mut error = Error::from(first);
        error.details = failures.map(|other| format!("also: {other}")).collect();
        return Err(error);
    }
    if references.is_empty() {
        app.say("nothing to pull: no image comes from a registry");
    }
    Ok(Exit::Ok)
}

/// Pulls an image that the engine lacks.
pub(super) async fn pull_missing(
    engine: &DockerEngine,
    reference: &str,
    report: &dyn Report,
) -> Result<(), Error> {
    if engine.image_id(reference).await.is_err() {
        let began = Instant::now();
        started(report, reference);
        engine.pull(reference, report).await?;
        finished(report, reference, began);
    }
    Ok(())
}

fn started(report: &dyn Report, reference: &str) {
    report.report(Event::Started {
        verb: "provide",
        kind: "image",
        subject: reference.to_owned(),
        service: None,
    });
}

fn finished(report: &dyn Report, reference: &str, began: Instant) {
    report.report(Event::Finished {
        verb: "provide",
        kind: "image",
        subject: reference.to_owned(),
        service: None,
        took: began.elapsed(),
    });
}
