//! Health checks of the engine: what the probe last said, and whether it can work at all.

use std::collections::BTreeSet;

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Containers, Fate, Health, Seen, look};

/// Still starting after so many seconds is not starting any more.
const PATIENCE: i64 = 300;
/// So much of an answer is shown.
const LONGEST: usize = 300;

pub(super) const HEALTHY: Rule = Rule {
    id: "ATLAS-CON-005",
    title: "every container is healthy",
    why: "an unhealthy service does not do its work, and what depends on it is not started",
    manual: "The engine runs each service's health check inside its container; the last answer is shown. Of services that depend on each other the \
             first one that is unhealthy is the cause, and the others are named with it.",
    see: &["https://docs.docker.com/reference/dockerfile/#healthcheck"],
    needs: &[
        "ENG-001", "DATA", "CON-001", "CON-002", "CON-003", "CON-004", "CON-006", "CON-009",
    ],
    cheap: false,
    judge: healthy,
};

pub(super) const USABLE: Rule = Rule {
    id: "ATLAS-CON-006",
    title: "health checks can work",
    why: "a probe whose program is not in the image, or that asks an address where nothing listens, calls a good service unhealthy for ever",
    manual: "A probe that fails with 126, 127 or \"not found\" has no program: take one that the image has. One that asks `localhost` and is \
             refused may be sent to ::1 while the service listens on IPv4 alone: ask 127.0.0.1.",
    see: &[
        "https://github.com/opf/openproject/issues/150",
        "https://github.com/promptfoo/promptfoo/issues/1202",
        "https://github.com/docker/for-mac/issues/7269",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge: usable,
};

/// Why a failing probe is no answer of the service.
fn unusable(health: &Health) -> Option<&'static str> {
    let said = health.output.to_lowercase();
    let missing = [
        "executable file not found",
        "no such file or directory",
        ": not found",
        "command not found",
    ];
    if [126, 127].contains(&health.code) || missing.iter().any(|words| said.contains(words)) {
        return Some("its program is not in the image");
    }
    let local = health.test.contains("localhost") || health.test.contains("::1");
    let refused = said.contains("refused") || said.contains("couldn't connect");
    (local && refused).then_some("it asks `localhost`, which is ::1 first, and is refused there")
}

/// Unhealthy, or starting for too long.
fn is_sick(seen: &Seen, now: i64) -> bool {
    seen.health
        .as_ref()
        .is_some_and(|health| match health.status.as_str() {
            "unhealthy" => true,
            "starting" => seen.started.is_some_and(|at| now - at > PATIENCE),
            _ => false,
        })
}

fn sick(containers: &Containers) -> impl Iterator<Item = (&Seen, &Health)> {
    let now = containers.now;
    let runs = containers
        .all
        .iter()
        .filter(move |seen| Fate::of(seen, now) == Fate::Runs);
    let sick = runs.filter(move |seen| is_sick(seen, now));
    sick.filter_map(|seen| Some((seen, seen.health.as_ref()?)))
}

/// The first lines of an answer.
fn said(health: &Health) -> String {
    let text = health
        .output
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let end = text
        .char_indices()
        .nth(LONGEST)
        .map_or(text.len(), |(at, _)| at);
    let cut = if end < text.len() { " …" } else { "" };
    match text.is_empty() {
        true => format!("the last probe said nothing and ended with {}", health.code),
        false => format!("the last probe said: {}{cut}", &text[..end]),
    }
}

fn headline(seen: &Seen, health: &Health) -> String {
    match health.status.as_str() {
        "starting" => format!(
            "{} still starts; its health check has not succeeded yet",
            seen.name
        ),
        status => format!(
            "{} is {status}: its health check failed {} times in a row",
            seen.name, health.failing
        ),
    }
}

fn usable(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let checked = containers
        .all
        .iter()
        .filter(|seen| seen.health.is_some())
        .count();
    let bad = containers.all.iter().filter_map(|seen| {
        let health = seen.health.as_ref().filter(|health| health.failing > 0)?;
        let why = unusable(health)?;
        let fix = Fix::command(
            "make its container from its description again; if that has the same probe, give it one that the image can run, asking 127.0.0.1",
            "atlas up --force-recreate",
        );
        let text = format!("the health check of {} cannot succeed: {why}", seen.name);
        let problem = Problem::failure(text, fix).and(format!("it runs: {}", health.test));
        Some(problem.and(said(health)).about(&seen.service))
    });
    Ok(Verdict::of(
        bad.collect(),
        format!("{checked} health checks run"),
    ))
}

fn healthy(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let deployment = facts.deployment()?;
    let all: BTreeSet<&str> = sick(containers)
        .map(|(seen, _)| seen.service.as_str())
        .collect();
    let causes = |service: &str| {
        let closure = deployment.closure(&[service.to_owned()]);
        let others = closure.iter().map(|name| name.as_str());
        others
            .filter(|name| *name != service && all.contains(name))
            .count()
    };
    let mut problems = Vec::new();
    for (seen, health) in sick(containers) {
        if unusable(health).is_some() || causes(&seen.service) > 0 {
            continue;
        }
        let name = &seen.service;
        let fix = Fix::command(
            "mend what the probe and its log tell",
            format!("atlas logs --tail 50 {name}"),
        );
        let mut problem = Problem::failure(headline(seen, health), fix).and(said(health));
        let follows = all.iter().filter(|other| {
            let closure = deployment.closure(&[(**other).to_owned()]);
            *other != name && closure.iter().any(|cause| cause.as_str() == name)
        });
        let follows: Vec<&str> = follows.copied().collect();
        if !follows.is_empty() {
            problem = problem.and(format!("unhealthy with it: {}", follows.join(", ")));
        }
        problems.push(problem.about(name));
    }
    let checked = containers
        .all
        .iter()
        .filter(|seen| seen.health.is_some())
        .count();
    Ok(Verdict::of(
        problems,
        format!("{checked} health checks succeed"),
    ))
}
