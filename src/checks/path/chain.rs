//! Gateway → orchestrator → services: who does not answer whom.

use std::collections::BTreeMap;

use super::Standing;
use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

const SELF: &str = "orchestrator";

pub(super) const GATEWAY: Rule = Rule {
    id: "ATLAS-PATH-001",
    title: "the gateway answers, and reaches its stores",
    why: "everything that the extension asks goes through the gateway; without its stores it keeps no settings and no history",
    manual: "atlas asks the gateway's container for /api/health, which says how each of its dependencies stands. What it says of the \
             orchestrator is a check of its own.",
    see: &[],
    needs: &["CFG", "ENG", "CON", "DATA", "NET"],
    cheap: false,
    judge: gateway,
};

pub(super) const ORCHESTRATOR: Rule = Rule {
    id: "ATLAS-PATH-002",
    title: "the gateway reaches the orchestrator",
    why: "the gateway hands every search to the orchestrator: without it there are no results",
    manual: "The gateway's /api/health says how the orchestrator answers it, from inside their network: the very way that a search \
             takes. The guide does the same by hand with curl inside the gateway's container.",
    see: &[],
    needs: &["CFG", "ENG", "CON", "NET", "PATH-001"],
    cheap: false,
    judge: orchestrator,
};

pub(super) const SERVICES: Rule = Rule {
    id: "ATLAS-PATH-003",
    title: "the orchestrator reaches every service",
    why: "a service that does not answer the orchestrator adds nothing to any search, and nobody is told",
    manual: "atlas asks the orchestrator's container for /health, which shows every service as it answers from inside the network. A \
             service without credentials answers; that it is not configured is told elsewhere.",
    see: &[],
    needs: &["CFG", "ENG", "CON", "NET"],
    cheap: false,
    judge: services,
};

fn gateway(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = seen(&seen(&facts.path)?.gateway)? else {
        return Ok(Verdict::Irrelevant);
    };
    let (status, dependencies) = match &gateway.health {
        Ok(answer) => answer,
        Err(why) => {
            let evidence = format!("http://{}/api/health: {why}", gateway.address);
            return Ok(Verdict::Bad(vec![restart("gateway", evidence)]));
        }
    };
    let away = away(dependencies, |name| name != SELF);
    let problems = away.iter().map(|(name, standing)| {
        let evidence = format!("the gateway says of `{name}`: {}", standing.reason);
        let text = format!("see why `{name}` does not answer the gateway; `atlas doctor --only data,net` looks at it");
        let fix = Fix::command(text, format!("atlas logs --tail 50 {name} gateway"));
        let problem = match standing.spared {
            true => Problem::warning(evidence, fix),
            false => Problem::failure(evidence, fix),
        };
        problem.about("gateway")
    });
    let well = format!("http://{}/api/health answers {status}", gateway.address);
    Ok(Verdict::of(problems.collect(), well))
}

fn orchestrator(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = seen(&seen(&facts.path)?.gateway)? else {
        return Ok(Verdict::Irrelevant);
    };
    let Ok((_, dependencies)) = &gateway.health else {
        return Err(Unknown::Needs("PATH"));
    };
    let Some(standing) = dependencies.get(SELF) else {
        return Ok(Verdict::Irrelevant);
    };
    if standing.well {
        return Ok(Verdict::Good(
            "the orchestrator answers the gateway".to_owned(),
        ));
    }
    let evidence = format!("the gateway says of the orchestrator: {}", standing.reason);
    Ok(Verdict::Bad(vec![restart(SELF, evidence)]))
}

fn services(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(services) = seen(&seen(&facts.path)?.orchestrator)? else {
        return Ok(Verdict::Irrelevant);
    };
    let problems = away(services, |_| true)
        .into_iter()
        .map(|(name, standing)| {
            restart(
                name,
                format!("the orchestrator says of `{name}`: {}", standing.reason),
            )
        });
    let well = format!("{} services answer the orchestrator", services.len());
    Ok(Verdict::of(problems.collect(), well))
}

fn away(all: &BTreeMap<String, Standing>, wanted: impl Fn(&str) -> bool) -> Vec<(&str, &Standing)> {
    let away = all
        .iter()
        .filter(|(name, standing)| !standing.well && wanted(name));
    away.map(|(name, standing)| (name.as_str(), standing))
        .collect()
}

fn restart(service: &str, evidence: String) -> Problem {
    let text = format!("start it again; `atlas logs {service}` says why it did not answer");
    Problem::failure(
        evidence,
        Fix::command(text, format!("atlas restart {service}")),
    )
    .about(service)
}
