//! From the gateway to the last service.

use std::collections::BTreeMap;

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Answer, Gateway, Health, gateway};

const ORCHESTRATOR_NAME: &str = "orchestrator";

pub(super) const GATEWAY: Rule = Rule {
    id: "ATLAS-PATH-001",
    title: "the gateway answers, and has what it needs",
    why: "the gateway is the only way in: without it nothing can be reached",
    manual: "`GET /api/health` at the gateway's own address and at its published port. The gateway looks at its store, Redis and the orchestrator \
             about once a second and tells what it found; it answers 503 when it cannot do its work.",
    see: &["https://docs.docker.com/engine/network/port-publishing/"],
    needs: &["ENG-001", "CON-001", "CON-002", "CON-003", "CON-004", "CON-009", "DATA-001", "DATA-003", "DATA-004"],
    cheap: false,
    judge: answers,
};

pub(super) const ORCHESTRATOR: Rule = Rule {
    id: "ATLAS-PATH-002",
    title: "the gateway reaches the orchestrator",
    why: "every search goes from the gateway to the orchestrator; without it there are no results",
    manual: "The gateway itself asks the orchestrator and tells what came of it in `/api/health`. If the orchestrator is healthy all the same, \
             look at `ORCHESTRATOR_URL` of the gateway and at their common network.",
    see: &["https://docs.docker.com/compose/how-tos/networking/"],
    needs: &["ENG-001", "CON-001", "CON-002", "CON-003", "CON-004", "CON-005", "CON-006", "CON-009", "NET", "PATH-001"],
    cheap: false,
    judge: orchestrator,
};

pub(super) const SERVICES: Rule = Rule {
    id: "ATLAS-PATH-003",
    title: "the orchestrator reaches its services",
    why: "a service that the orchestrator cannot reach is missing from every result, and nobody is told",
    manual: "The orchestrator asks each service for its health and tells what came of it in `/health`. One without credentials counts as well: it is \
             not configured, which is told by the checks of variables.",
    see: &["https://docs.docker.com/compose/how-tos/networking/"],
    needs: &["ENG-001", "CON-001", "CON-002", "CON-003", "CON-004", "CON-005", "CON-006", "CON-009", "NET"],
    cheap: false,
    judge: services,
};

fn logs(service: &str) -> Fix {
    Fix::command(
        "see why in its log; `atlas up --force-recreate` makes its container from its description again",
        format!("atlas logs --tail 50 {service}"),
    )
}

fn answers(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let name = &gateway.service;
    let bad = |text: String| Ok(Verdict::Bad(vec![Problem::failure(text, logs(name)).about(name)]));
    let answer = match &gateway.health {
        Err(why) => return bad(format!("no answer at {}: {why}", gateway.address)),
        Ok(answer) => answer,
    };
    if !answer.ours {
        return bad(format!("{} answers {}, but not as the gateway does", gateway.address, answer.status));
    }
    let away: Vec<String> = away(answer).collect();
    if !away.is_empty() {
        return bad(format!("the gateway answers {}; {}", answer.status, away.join("; ")));
    }
    if let Some((address, Err(why))) = &gateway.published {
        let fix = Fix::command("publish its port anew", "atlas up --force-recreate");
        let text = format!("the gateway answers at {}, but not at {address}: {why}", gateway.address);
        return Ok(Verdict::Bad(vec![Problem::failure(text, fix).about(name)]));
    }
    let published = gateway.published.as_ref().map(|(address, _)| format!(" and {address}"));
    Ok(Verdict::Good(format!("it answers at {}{}", gateway.address, published.unwrap_or_default())))
}

/// Dependencies that are away; the orchestrator has a check of its own.
fn away(answer: &Answer) -> impl Iterator<Item = String> {
    let all = answer.dependencies.iter();
    let bad = all.filter(|(name, health)| name.as_str() != ORCHESTRATOR_NAME && health.is_bad());
    bad.map(|(name, health)| format!("{name} is {}: {}", health.status, health.words()))
}

fn orchestrator(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)?.filter(|gateway| gateway.needs_orchestrator) else {
        return Ok(Verdict::Irrelevant);
    };
    let Ok(answer) = &gateway.health else {
        return Err(Unknown::Needs("PATH-001"));
    };
    let name = &gateway.service;
    let text = match answer.dependencies.get(ORCHESTRATOR_NAME) {
        // Degraded is what the orchestrator says of its services.
        Some(health) if health.status != "unhealthy" => {
            return Ok(Verdict::Good("the gateway says so".to_owned()));
        }
        Some(health) => format!("the gateway cannot use the orchestrator: {}", health.words()),
        None => "the gateway does not ask the orchestrator: it works without one".to_owned(),
    };
    let own = match seen_own(facts) {
        Some(_) => "the orchestrator itself answers: its address or its network is wrong in the gateway",
        None => "the orchestrator does not answer this machine either",
    };
    let fix = Fix::command("make the containers from their description again", "atlas up --force-recreate");
    Ok(Verdict::Bad(vec![Problem::failure(text, fix).and(own).about(name)]))
}

/// What the orchestrator itself says.
fn seen_own(facts: &Facts) -> Option<&BTreeMap<String, Health>> {
    facts.path.as_ref().ok()?.orchestrator.as_ref()?.as_ref().ok()
}

fn services(facts: &Facts) -> Result<Verdict, Unknown> {
    let path = seen(&facts.path)?;
    let table = match (&path.orchestrator, &path.gateway) {
        (Some(table), _) => seen(table)?,
        (None, Some(Gateway { near: Some(near), .. })) => near,
        _ => return Ok(Verdict::Irrelevant),
    };
    let bad = table.iter().filter(|(_, health)| health.is_bad());
    let problems = bad.map(|(service, health)| {
        let fix = Fix::command("make the containers from their description again", "atlas up --force-recreate");
        let text = format!("{service} is {}: {}", health.status, health.words());
        Problem::failure(text, fix).about(service)
    });
    let evidence = match table.len() {
        1 => "1 service answers".to_owned(),
        many => format!("{many} services answer"),
    };
    Ok(Verdict::of(problems.collect(), evidence))
}
