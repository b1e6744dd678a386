//! `atlas down`: stops and removes what belongs to the project, found by its labels; asks before data goes.

use std::time::Instant;

use super::{lock, plan as planning, run};
use crate::app::App;
use crate::cli;
use crate::engines::Engine;
use crate::error::Error;
use crate::exit::Exit;
use crate::plan::{self, Plan};
use crate::report::seconds;

pub(crate) async fn down(app: &App, args: &cli::Down) -> Result<Exit, Error> {
    let began = Instant::now();
    let project = app.project_name(&app.inputs())?;
    let engine = app.engine(None).await?;
    let _lock = match args.dry_run {
        true => None,
        false => lock::take_in_project(&app.directory, "down")?,
    };
    let observed = engine.observe(&project, None).await?;
    let plan = plan::down(&observed, args.volumes);
    if args.dry_run {
        planning::show(app, &plan);
        return Ok(Exit::Ok);
    }
    if plan.is_empty() {
        app.say(&format!(
            "nothing to do: project `{project}` has no containers and no networks here"
        ));
        return Ok(Exit::Ok);
    }
    confirm_loss(app, &plan)?;
    let report = app.reporter();
    let settings = run::settings(60, false);
    let outcome = run::run(app, &plan, None, &engine, settings, &*report).await;
    drop(report);
    outcome?;
    app.say(&format!("down in {}", seconds(began.elapsed())));
    if !args.volumes && !observed.volumes.is_empty() {
        let names: Vec<&str> = observed.volumes.iter().map(String::as_str).collect();
        app.say(&format!("volumes stay: {}", names.join(", ")));
    }
    Ok(Exit::Ok)
}

fn confirm_loss(app: &App, plan: &Plan) -> Result<(), Error> {
    let destructive = plan.steps.iter().filter(|s| s.action.is_destructive());
    let lost: Vec<&str> = destructive.map(|s| s.action.subject()).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let question = format!("All data in {} will be lost. Go on?", lost.join(", "));
    match app.prompt.confirm(&question, false)? {
        true => Ok(()),
        false => Err(
            Error::failed("nothing was done: removing volumes was not confirmed")
                .hint("`--yes` confirms it; without `--volumes` the data stays"),
        ),
    }
}
