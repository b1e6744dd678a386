//! `atlas doctor`: looks at everything that makes a deployment fail, and says what is wrong, why it matters and what mends it.

mod bundle;
mod repair;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::page;
use super::plan;
use crate::app::App;
use crate::checks::{self, Facts, Finding, Rule, Unknown};
use crate::cli;
use crate::diagnostic::Diagnostic;
use crate::engines::Engine;
use crate::error::Error;
use crate::exit::Exit;
use crate::plan::{Options, reconcile};
use crate::references;
use crate::report::{self, seconds};
use crate::resolve;
use crate::survey::{self, Scene};

/// How long the engine may take to answer at all.
const ENGINE_DEADLINE: Duration = Duration::from_secs(10);

pub(crate) async fn doctor(app: &App, args: &cli::Doctor) -> Result<Exit, Error> {
    let wanted = wanted(&args.only, &args.skip)?;
    let reach = Reach {
        offline: args.offline,
        online: args.online,
        counting: false,
    };
    let mut began = Instant::now();
    let mut facts = look(app, reach).await;
    let mut findings = judge(&facts, &wanted);
    if args.fix && repair::repair(app, &findings).await? {
        began = Instant::now();
        facts = look(app, reach).await;
        findings = judge(&facts, &wanted);
    }
    if let Some(path) = &args.html {
        let project = app.project_name(&app.inputs()).unwrap_or_default();
        let now = jiff::Timestamp::now();
        page::write(app, path, &report::findings_page(&project, now, &findings))?;
    }
    if !page::is_stdout(args.html.as_deref()) {
        show(app, "doctor", args.all, &findings, began.elapsed());
    }
    if let Some(path) = &args.bundle {
        bundle::write(app, path, &facts, &findings).await?;
    }
    Ok(checks::exit(&findings))
}

/// How far to look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reach {
    /// Nothing beyond this machine and its engine.
    pub(crate) offline: bool,
    /// Vendors are asked about credentials.
    pub(crate) online: bool,
    /// Requests are counted until the gateway refuses.
    pub(crate) counting: bool,
}

/// The rules that the options name. All are asked, so that causes are known; these are shown.
pub(super) fn wanted(only: &[String], skip: &[String]) -> Result<Vec<&'static Rule>, Error> {
    let is_of = |rule: &Rule, name: &String| {
        let name = name.to_ascii_uppercase();
        let name = name.strip_prefix("ATLAS-").unwrap_or(&name).to_owned();
        rule.short() == name || rule.area() == name
    };
    for name in only.iter().chain(skip) {
        if !checks::rules().any(|rule| is_of(rule, name)) {
            return Err(unknown(name));
        }
    }
    let chosen = checks::rules().filter(|rule| {
        let included = only.is_empty() || only.iter().any(|name| is_of(rule, name));
        included && !skip.iter().any(|name| is_of(rule, name))
    });
    Ok(chosen.collect())
}

/// A name of no check.
pub(super) fn unknown(name: &str) -> Error {
    let names = checks::rules().flat_map(|rule| [rule.id, rule.short(), rule.area()]);
    let names: Vec<&str> = names.collect();
    let typed = name.to_ascii_uppercase();
    let problem = Diagnostic::error("").did_you_mean(&typed, names.iter().copied());
    let error = Error::new(Exit::Usage, format!("there is no check `{name}`"));
    error.hint(
        problem
            .hint
            .unwrap_or_else(|| "`atlas explain` lists them".to_owned()),
    )
}

/// Looks and judges; what the wanted rules found, and how long it took.
pub(super) async fn examine(
    app: &App,
    reach: Reach,
    wanted: &[&'static Rule],
) -> (Vec<Finding>, Duration) {
    let began = Instant::now();
    let facts = look(app, reach).await;
    (judge(&facts, wanted), began.elapsed())
}

/// What the wanted rules found. All are asked, so that causes are known.
fn judge(facts: &Facts, wanted: &[&'static Rule]) -> Vec<Finding> {
    let rules: Vec<&'static Rule> = checks::rules().collect();
    let mut findings = checks::examine(facts, &rules);
    findings.retain(|finding| wanted.iter().any(|rule| rule.id == finding.id));
    findings
}

/// Everything that can be looked at.
pub(crate) async fn look(app: &App, reach: Reach) -> Facts {
    look_at(app, reach, &cli::Selection::default()).await
}

/// Everything that can be looked at of what the command line selects.
pub(super) async fn look_at(app: &App, reach: Reach, selection: &cli::Selection) -> Facts {
    let mut inputs = app.inputs();
    let references = references::ask(&mut inputs, &app.directory, &app.environment).await;
    let builtin = app.builtin();
    let request = app.request(selection, &builtin);
    let (deployment, warnings) = match resolve::resolve(&inputs, &request) {
        Ok(resolution) => (Ok(resolution.deployment), resolution.warnings),
        Err(problems) => (Err(problems), Vec::new()),
    };
    let engine = app.engine(builtin.ok());
    let engine = tokio::time::timeout(ENGINE_DEADLINE, engine);
    let engine = engine.await.unwrap_or_else(|_| Err(silent()));
    let mut facts = Facts::unseen(inputs.clone(), deployment);
    facts.warnings = warnings;
    let project = app.project_name(&inputs);
    facts.observed = match (&engine, &project) {
        (Ok(engine), Ok(project)) => {
            let observed = engine
                .observe(project, facts.deployment.as_ref().ok())
                .await;
            observed.map_err(|error| Unknown::Unseen(error.to_string()))
        }
        (Err(_), _) => Err(Unknown::Needs("ENG")),
        (_, Err(_)) => Err(Unknown::Needs("CFG")),
    };
    let observed = facts.observed.clone();
    let deployment = facts.deployment.as_ref().ok().cloned();
    facts.plan = match (&observed, &deployment) {
        (Ok(observed), Some(deployment)) => {
            let hashes = plan::hashes(app, deployment);
            Ok(reconcile(
                deployment,
                &hashes,
                observed,
                &Options::default(),
            ))
        }
        (Err(unknown), _) => Err(unknown.clone()),
        (_, None) => Err(Unknown::Needs("CFG")),
    };
    let scene = Scene {
        directory: &app.directory,
        environment: &app.environment,
        inputs: &inputs,
        deployment: deployment.as_ref(),
        engine: engine.as_ref(),
        observed: observed.as_ref().ok(),
        references: &references,
        offline: reach.offline,
        online: reach.online,
        counting: reach.counting,
    };
    survey::everything(&scene, &mut facts).await;
    facts
}

fn silent() -> Error {
    let seconds = ENGINE_DEADLINE.as_secs();
    let message = format!("failed to reach the engine: no answer within {seconds} s");
    Error::new(Exit::EngineUnreachable, message)
}

pub(super) fn show(app: &App, kind: &str, all: bool, findings: &[Finding], took: Duration) {
    if app.global.json {
        let counts = |word: &str| findings.iter().filter(|f| f.word() == word).count();
        let findings: Vec<Value> = findings.iter().map(Finding::to_json).collect();
        let object = json!({
            "schema": "atlas/v1", "kind": kind,
            "failures": counts("failure"), "warnings": counts("warning"),
            "not_checked": counts("not checked"), "passed": counts("pass"),
            "took_seconds": took.as_secs_f64(), "findings": findings,
        });
        return app.out(&object.to_string());
    }
    let text = report::findings(app.style, app.width(), all, findings);
    let summary = report::summary(findings);
    let line = format!("{summary} in {}", seconds(took));
    app.out(&format!("{text}{line}"));
    if !all && findings.iter().any(|finding| finding.word() == "pass") {
        app.say(
            &app.talk
                .faint("`--all` shows what passed, with its evidence"),
        );
    }
}
