//! `atlas checklist`: what must hold before real users come, item by item. Probes what can be probed, asks what cannot, and
//! shows one list of results in the form that was asked for.

mod answer;
mod walk;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::doctor::{self, Reach};
use super::page;
use crate::app::App;
use crate::checks::checklist::{self, Assessment, Evidence, Probed};
use crate::checks::{Facts, Finding};
use crate::cli::{self, ChecklistCommand};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::exit::Exit;
use crate::input::answers::Answers;
use crate::model::Stage;
use crate::report;
use crate::resolve;
use crate::survey::own;

pub(crate) async fn checklist(app: &App, args: &cli::Checklist) -> Result<Exit, Error> {
    match &args.command {
        Some(ChecklistCommand::Answer(args)) => return answer::give(app, args),
        Some(ChecklistCommand::Forget(args)) => return answer::take_back(app, args),
        None => {}
    }
    let mut answers = answer::read(app)?;
    let stdout = page::is_stdout(args.html.as_deref());
    let walks = app.prompt.is_interactive() && !app.global.json && !args.markdown && !stdout;
    if walks {
        app.say(
            &app.talk
                .faint("looking at everything, and counting requests…"),
        );
    }
    let seen = Seen::look(app, &cli::Selection::default(), true).await;
    let now = Timestamp::now();
    let items = match walks {
        true => walk::walk(app, &seen, &mut answers, now)?,
        false => seen.assess(&answers, now),
    };
    if let Some(path) = &args.html {
        let project = app.project_name(&seen.facts.inputs).unwrap_or_default();
        page::write(app, path, &report::checklist_page(&project, now, &items))?;
    }
    if app.global.json {
        app.out(&object(&items, seen.took).to_string());
    } else if args.markdown {
        let project = app.project_name(&seen.facts.inputs).unwrap_or_default();
        app.out(&report::markdown(&report::checklist_page(
            &project, now, &items,
        )));
    } else if !stdout {
        if !walks {
            app.out(&text(app, &items));
        }
        app.out(&report::ending(app.width(), &items, seen.took));
    }
    Ok(checklist::exit(&items))
}

fn text(app: &App, items: &[Assessment]) -> String {
    let numbered = items.iter().enumerate();
    let texts = numbered.map(|(index, item)| report::item(app.style, app.width(), index + 1, item));
    texts.map(|text| text + "\n").collect()
}

fn object(items: &[Assessment], took: Duration) -> Value {
    let lacking: Vec<&str> = checklist::lacking(items)
        .iter()
        .map(|i| i.key.as_str())
        .collect();
    let items: Vec<Value> = items.iter().map(Assessment::to_json).collect();
    json!({
        "schema": "atlas/v1", "kind": "checklist",
        "ready": lacking.is_empty(), "lacking": lacking,
        "took_seconds": took.as_secs_f64(), "items": items,
    })
}

/// Everything that was seen at one time.
struct Seen {
    facts: Facts,
    findings: Vec<Finding>,
    production: Vec<Diagnostic>,
    probed: std::collections::BTreeMap<String, Probed>,
    took: Duration,
}

impl Seen {
    /// Looks; `active` counts requests and runs the user's own probes too.
    async fn look(app: &App, selection: &cli::Selection, active: bool) -> Self {
        let began = std::time::Instant::now();
        let reach = Reach {
            counting: active,
            ..Reach::default()
        };
        let facts = doctor::look_at(app, reach, selection).await;
        let rules: Vec<_> = crate::checks::rules().collect();
        let findings = crate::checks::examine(&facts, &rules);
        let bench = own::Bench {
            directory: &app.directory,
            inputs: &facts.inputs,
            deployment: facts.deployment.as_ref().ok(),
            deadline: own::DEADLINE,
        };
        let probed = match active {
            true => own::probes(&bench).await,
            false => Default::default(),
        };
        Self {
            production: production(app, &facts, selection),
            findings,
            probed,
            took: began.elapsed(),
            facts,
        }
    }

    /// What it means, with these answers at this time.
    fn assess(&self, answers: &Answers, now: Timestamp) -> Vec<Assessment> {
        checklist::assess(&self.evidence(answers, now))
    }

    /// What stops a start.
    fn unfit(&self, answers: &Answers, now: Timestamp) -> Vec<Assessment> {
        let observed = self.facts.observed.as_ref();
        let has_data = observed.is_ok_and(|observed| !observed.volumes.is_empty());
        checklist::unfit(&self.evidence(answers, now), has_data)
    }

    fn evidence<'e>(&'e self, answers: &'e Answers, now: Timestamp) -> Evidence<'e> {
        Evidence {
            facts: &self.facts,
            findings: &self.findings,
            production: &self.production,
            answers,
            probed: &self.probed,
            now,
        }
    }
}

/// What the configuration lacks to be production's, whatever stage it names.
fn production(app: &App, facts: &Facts, selection: &cli::Selection) -> Vec<Diagnostic> {
    let mut request = app.request(selection, &app.builtin());
    request.stage = Some(Stage::Production);
    resolve::resolve(&facts.inputs, &request)
        .err()
        .unwrap_or_default()
}

/// Refuses where something that is known before a start keeps production from starting.
pub(super) async fn before(app: &App, selection: &cli::Selection) -> Result<(), Error> {
    let answers = answer::read(app)?;
    let seen = Seen::look(app, selection, false).await;
    let unfit = seen.unfit(&answers, Timestamp::now());
    if unfit.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = unfit.iter().map(|item| format!("`{}`", item.key)).collect();
    let message = format!(
        "nothing was touched: the checklist does not pass: {}",
        names.join(", ")
    );
    Err(Error::new(Exit::ChecksFailed, message)
        .details(report::stops(&unfit))
        .hint("`atlas checklist` shows each item, and asks what only you can know"))
}

/// Shows what did not pass now that everything runs; how `up --production` ends.
pub(super) async fn after(app: &App, selection: &cli::Selection) -> Result<Exit, Error> {
    let answers = answer::read(app)?;
    let seen = Seen::look(app, selection, true).await;
    let items = seen.assess(&answers, Timestamp::now());
    if app.global.json {
        app.out(&object(&items, seen.took).to_string());
    } else {
        let numbered = items.iter().enumerate().filter(|(_, item)| item.lacks());
        for (index, item) in numbered {
            app.out(&report::item(app.style, app.width(), index + 1, item));
        }
        app.out(&report::ending(app.width(), &items, seen.took));
    }
    Ok(checklist::exit(&items))
}
