//! `atlas scale SERVICE=N`: another number of containers, until the next `up`.

use super::{lock, plan, preflight, run, up};
use crate::app::App;
use crate::cli::{self, Selection};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::exit::Exit;
use crate::model::Deployment;
use crate::plan::Options;

/// More than this on one engine is a slip of the finger.
const MOST: u32 = 100;

pub(crate) async fn scale(app: &App, args: &cli::Scale) -> Result<Exit, Error> {
    let builtin = app.builtin();
    let inputs = app.whole_inputs().await?;
    let report = app.reporter();
    let whole = App::whole(&inputs, &Selection::default());
    let mut deployment = app.deployment(&inputs, &whole, &builtin, &*report)?;
    apply(&mut deployment, &args.targets)?;
    let engine = app.engine(builtin.ok()).await?;
    let _lock = lock::take(&app.directory, "scale")?;
    let names = args
        .targets
        .iter()
        .filter_map(|target| target.split('=').next());
    let options = Options {
        only: Some(names.filter_map(|name| name.parse().ok()).collect()),
        ..Options::default()
    };
    let (plan, observed) = plan::decide(app, &engine, &deployment, &options).await?;
    let decided = (&plan, &observed);
    preflight::host(app, &inputs, &engine, &deployment, decided, &*report).await?;
    up::write_files(app, &deployment, false, &*report)?;
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
