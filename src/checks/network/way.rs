//! Names and ways between services, asked from inside.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Network, Outcome, Way};

pub(super) const NAMES: Rule = Rule {
    id: "ATLAS-NET-004",
    title: "services find each other by name",
    why: "a service is configured with the names of the others; where one does not resolve, everything that needs it fails",
    manual: "From inside one container of each service the names of all services that it depends on are resolved, by the program \
             that is there: atlas' own in the built-in image, else bash, nc, curl, wget or Python. A name is missing when a container left its \
             network or lost its alias, and when the engine's resolver hangs, which a restart of the engine mends.",
    see: &[
        "https://github.com/moby/moby/issues/45646",
        "https://github.com/moby/moby/issues/20029",
    ],
    needs: &["ENG-001", "NET-001"],
    cheap: false,
    judge: names,
};

pub(super) const WAYS: Rule = Rule {
    id: "ATLAS-NET-005",
    title: "services reach each other",
    why: "a search goes from the gateway through the orchestrator to the services; where one step is closed, it finds nothing",
    manual: "From inside one container of each service a connection is opened to the port of every service that it depends on. Refused \
             means that nothing listens there; no answer means a firewall on the host, or a network whose containers may not talk to each other \
             (`enable_icc=false`).",
    see: &["https://docs.docker.com/engine/network/packet-filtering-firewalls/"],
    needs: &["ENG-001", "NET-001", "NET-004"],
    cheap: false,
    judge: ways,
};

fn names(facts: &Facts) -> Result<Verdict, Unknown> {
    let network = seen(&facts.network)?;
    let mut problems: Vec<Problem> = Vec::new();
    for way in &network.ways {
        let Ok(Outcome::Unresolved(cause)) = &way.outcome else {
            continue;
        };
        let Way { from, to, .. } = way;
        let text = format!("{from} does not find `{to}`: {cause}");
        // One container that lost its name is one problem, however many ask for it.
        match problems.iter_mut().find(|p| p.subject.as_ref() == Some(to)) {
            Some(problem) => problem.evidence.push(text),
            None => {
                let command = format!("atlas up --force-recreate {to}");
                let fix = Fix::command("make its container anew", command);
                problems.push(Problem::failure(text, fix).about(to));
            }
        }
    }
    conclude(network, problems, |n| format!("{n} names resolve"))
}

fn ways(facts: &Facts) -> Result<Verdict, Unknown> {
    let network = seen(&facts.network)?;
    let closed: Vec<&str> = network
        .own()
        .filter(|net| !net.open)
        .map(|net| net.name.as_str())
        .collect();
    let mut problems = Vec::new();
    for way in &network.ways {
        let Ok(Outcome::Unreachable(cause)) = &way.outcome else {
            continue;
        };
        let Way { from, to, port, .. } = way;
        let text = format!("{from} does not reach {to}:{port}: {cause}");
        let problem = match closed.first() {
            Some(name) => {
                let fix = Fix::command("make the network anew", "atlas down && atlas up");
                Problem::failure(text, fix).and(format!(
                    "in network {name} containers may not talk to each other"
                ))
            }
            None => {
                let fix = Fix::by_hand(format!(
                    "look for what drops packets (`sudo iptables -L FORWARD -n`, `sudo nft list ruleset`); where nothing listens, `atlas logs {to}` tells why"
                ));
                Problem::failure(text, fix)
            }
        };
        problems.push(problem.about(to));
    }
    conclude(network, problems, |n| {
        format!("{n} connections are accepted")
    })
}

fn conclude(
    network: &Network,
    problems: Vec<Problem>,
    words: impl Fn(usize) -> String,
) -> Result<Verdict, Unknown> {
    if !network.runs {
        return Err(Unknown::Unseen(
            "nothing runs yet; `atlas up` starts it".to_owned(),
        ));
    }
    let known = network
        .ways
        .iter()
        .filter(|way| way.outcome.is_ok())
        .count();
    let mut unknown = network
        .ways
        .iter()
        .filter_map(|way| way.outcome.as_ref().err());
    match (problems.is_empty(), known, unknown.next()) {
        (true, 0, Some(unknown)) => Err(unknown.clone()),
        (true, 0, None) => Ok(Verdict::Irrelevant),
        _ => Ok(Verdict::of(problems, words(known))),
    }
}
