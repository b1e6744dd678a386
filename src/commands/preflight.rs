//! Everything that can fail cheaply, before anything is touched: the cheap rules of `checks`, asked silently. What goes well is not
//! mentioned; every problem is shown at once.

use std::collections::BTreeMap;

use crate::app::App;
use crate::checks::{self, Facts, Finding, Rule};
use crate::diagnostic::Diagnostic;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::input::Inputs;
use crate::model::Deployment;
use crate::plan::{Action, Observed, Plan};
use crate::survey::{self, Scene};

/// The values that stand in secret stores have been asked for by now: a fault of theirs has ended the command.
static NO_REFERENCES: BTreeMap<String, Option<String>> = BTreeMap::new();
/// The area of what is wrong with files of the project: known without an engine, and the configuration's fault.
const SOURCES: &str = "SRC";
/// The area that matters when containers are only started.
const PORTS: &str = "PORT";

/// Folders and Dockerfiles of image source `build`, and folders that are mounted.
pub(super) async fn sources(
    app: &App,
    inputs: &Inputs,
    deployment: &Deployment,
) -> Result<(), Error> {
    let away = Error::failed("the engine is not asked");
    let scene = scene(app, inputs, deployment, (Err(&away), None));
    let mut facts = Facts::unseen(inputs.clone(), Ok(deployment.clone()));
    survey::sources(&scene, &mut facts).await;
    let problems = failures(&ask(&facts, |rule| rule.area() == SOURCES));
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::configuration(problems)),
    }
}

/// What the host has: ports, memory, disk and so on; only where a container is to be created or started.
pub(super) async fn host(
    app: &App,
    inputs: &Inputs,
    engine: &DockerEngine,
    deployment: &Deployment,
    (plan, observed): (&Plan, &Observed),
    report: &dyn Report,
) -> Result<(), Error> {
    if plan.is_empty() {
        return Ok(());
    }
    let creates = plan.steps.iter().any(|step| {
        matches!(
            step.action,
            Action::CreateContainer { .. } | Action::ProvideImage { .. }
        )
    });
    let scene = scene(app, inputs, deployment, (Ok(engine), Some(observed)));
    let mut facts = Facts::unseen(inputs.clone(), Ok(deployment.clone()));
    survey::cheap(&scene, &mut facts).await;
    let findings = ask(&facts, |rule| match rule.area() {
        SOURCES => false,
        PORTS => true,
        _ => creates,
    });
    let problems = failures(&findings);
    if !problems.is_empty() {
        return Err(Error {
            diagnostics: problems,
            ..Error::new(Exit::Failed, "nothing was touched: the host is not ready")
        });
    }
    for problem in findings.iter().filter_map(Finding::problem) {
        let text = problem.evidence.join("; ");
        report.report(Event::Warning { text });
    }
    Ok(())
}

fn scene<'a>(
    app: &'a App,
    inputs: &'a Inputs,
    deployment: &'a Deployment,
    (engine, observed): (Result<&'a DockerEngine, &'a Error>, Option<&'a Observed>),
) -> Scene<'a> {
    Scene {
        directory: &app.directory,
        environment: &app.environment,
        inputs,
        deployment: Some(deployment),
        engine,
        observed,
        offline: true,
        online: false,
        counting: false,
        references: &NO_REFERENCES,
    }
}

fn ask(facts: &Facts, wanted: impl Fn(&Rule) -> bool) -> Vec<Finding> {
    let rules = checks::rules().filter(|rule| rule.cheap && wanted(rule));
    checks::examine(facts, &rules.collect::<Vec<_>>())
}

/// Failures as problems of the services they are about.
fn failures(findings: &[Finding]) -> Vec<Diagnostic> {
    let failures = findings.iter().filter(|finding| finding.is_failure());
    failures
        .filter_map(|finding| {
            let problem = finding.problem()?;
            let diagnostic = Diagnostic::error(problem.evidence.join("; ")).hint(&problem.fix.text);
            Some(match finding.subject() {
                Some(service) => diagnostic.key(format!("services.{service}")),
                None => diagnostic,
            })
        })
        .collect()
}
