//! Whether what runs is what atlas.yaml describes, by the plan that `atlas up` would carry out.

use std::collections::BTreeMap;

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Repair, Rule, Severity, Verdict};
use super::look;
use crate::plan::{Reason, State};

pub(super) const DRIFT: Rule = Rule {
    id: "ATLAS-CON-009",
    title: "what runs is what atlas.yaml describes",
    why: "a change in atlas.yaml or .env that nobody applied surprises whoever restarts next; a container changed by hand behaves like no description",
    manual: "This is the plan of `atlas up`, without what is merely missing: containers whose description, image, networks or volumes differ. \
             `atlas plan` shows the steps, `atlas up` carries them out.",
    see: &["https://docs.docker.com/reference/cli/docker/compose/up/"],
    needs: &["ENG-001", "DATA-001", "DATA-008"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    look(facts)?;
    let plan = seen(&facts.plan)?;
    let mut reasons: BTreeMap<&str, (Severity, Vec<String>)> = BTreeMap::new();
    for step in plan.changes() {
        let severity = match &step.reason {
            // What a service cannot reach or has lost is more than a change to come.
            Reason::NotConnected(_) | Reason::NotMounted(_) => Severity::Failure,
            Reason::Changed(_) | Reason::NewImage | Reason::ScaledDown => Severity::Warning,
            Reason::NotRunning(State::Dead) => Severity::Failure,
            _ => continue,
        };
        let Some(service) = step.action.service() else {
            continue;
        };
        let (worst, lines) = reasons.entry(service).or_insert((severity, Vec::new()));
        *worst = severity.max(*worst);
        let line = format!("{service}: {}", step.reason);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let problems = reasons
        .into_iter()
        .map(|(service, (severity, evidence))| Problem {
            severity,
            subject: Some(service.to_owned()),
            evidence,
            fix: Fix::command(
                "make what runs equal to it (`atlas plan` shows the steps)",
                "atlas up",
            )
            .safe(Repair::Up),
        });
    Ok(Verdict::of(
        problems.collect(),
        "`atlas plan` has nothing to change",
    ))
}
