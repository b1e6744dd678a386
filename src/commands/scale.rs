//! `atlas scale SERVICE=N`: another number of containers, until the next `up`.

use super::{lock, plan, run};
use crate::app::App;
use crate::cli::{self, Selection};
use crate::diagnostic::Diagnostic;
use crate::engines::Engine;
use crate::error::Error;
use crate::exit::Exit;
use crate::model::Deployment;
use crate::plan::Options;

/// More than this on one engine is a slip of the finger.
const MOST: u32 = 100;

pub(crate) async fn scale(app: &App, args: &cli::Scale) -> Result<Exit, Error> {
    let builtin = app.builtin()?;
    let inputs = app.inputs();
    let report = app.reporter();
    let selection = Selection::default();
    let mut deployment = app.deployment(&inputs, &selection, &builtin, &*report)?;
    apply(&mut deployment, &args.targets)?;
    let engine = app.engine(Some(builtin)).await?;
    let _lock = lock::take(&app.directory, "scale")?;
    // Only the named services are touched; the others keep the containers they have.
    let observed = engine.observe(deployment.project.as_str(), None).await?;
    for (name, service) in &mut deployment.services {
        let is_named = args
            .targets
            .iter()
            .any(|t| t.split('=').next() == Some(name.as_str()));
        if !is_named {
            let count = observed
                .containers
                .iter()
                .filter(|c| c.service == name.as_str())
                .count();
            service.replicas = u32::try_from(count).unwrap_or(1).max(1);
        }
    }
    let (plan, _) = plan::decide(app, &engine, &deployment, &Options::default()).await?;
    let settings = run::settings(args.timeout, true);
    run::run(app, &plan, Some(&deployment), &engine, settings, &*report).await?;
    drop(report);
    if plan.is_empty() {
        app.say("nothing to do");
    }
    Ok(Exit::Ok)
}

fn apply(deployment: &mut Deployment, targets: &[String]) -> Result<(), Error> {
    let mut problems = Vec::new();
    let names: Vec<String> = deployment
        .services
        .keys()
        .map(ToString::to_string)
        .collect();
    for target in targets {
        let problem = |text: String| Diagnostic::error(text).key(target);
        let parsed = target
            .split_once('=')
            .and_then(|(name, n)| Some((name, n.parse::<u32>().ok()?)));
        let Some((name, replicas)) = parsed.filter(|(_, n)| *n <= MOST) else {
            problems.push(problem(format!("is not SERVICE=N with N from 0 to {MOST}")));
            continue;
        };
        let service = deployment
            .services
            .values_mut()
            .find(|s| s.name.as_str() == name);
        match service {
            None => problems.push(
                problem(format!("unknown service `{name}`"))
                    .did_you_mean(name, names.iter().map(String::as_str)),
            ),
            Some(service) if replicas > 1 && !service.scalable => problems.push(problem(format!(
                "`{name}` keeps state and cannot run in more than one container here"
            ))),
            Some(service) if replicas > 1 && service.publish.is_some() => problems.push(
                problem(format!(
                    "`{name}` publishes a port, which only one container can have"
                ))
                .hint(format!(
                    "set `services.{name}.publish: false` and put a proxy before it"
                )),
            ),
            Some(service) => service.replicas = replicas,
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::configuration(problems)),
    }
}
