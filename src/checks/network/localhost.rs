//! What `localhost` means: to this machine, and to a container, where it is the container itself.

use std::net::IpAddr;

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use crate::model::EnvValue;

/// Endings of variables that hold an address to be asked.
const ADDRESSES: [&str; 4] = ["_URL", "_URI", "_HOST", "_ENDPOINT"];

pub(super) const LOCALHOST: Rule = Rule {
    id: "ATLAS-NET-007",
    title: "localhost is what it is taken for",
    why: "a port published on 127.0.0.1 is not found where localhost is ::1 only, and in a container localhost is that container",
    manual: "Where a port is published on IPv4, `localhost` must have an IPv4 address in /etc/hosts. Addresses of other services that a \
             service is given must not be localhost: inside a container that is the container itself; use the service's name.",
    see: &["https://github.com/docker/for-mac/issues/7269"],
    needs: &[],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let deployment = facts.deployment()?;
    let network = seen(&facts.network)?;
    let mut problems = Vec::new();
    for service in deployment.services.values() {
        for (variable, value) in &service.environment {
            let EnvValue::Plain(value) = value else {
                continue;
            };
            let is_address = ADDRESSES.iter().any(|ending| variable.ends_with(ending));
            if is_address && is_localhost(value) {
                let text = format!(
                    "{variable} is `{value}`: inside a container that is the container itself"
                );
                let fix = format!(
                    "set {variable} to the service's name, such as `http://orchestrator:8002`"
                );
                problems
                    .push(Problem::failure(text, Fix::by_hand(fix)).about(service.name.as_str()));
            }
        }
    }
    let mut published = deployment
        .services
        .values()
        .flat_map(|service| service.openings())
        .map(|opening| opening.publish);
    let wants_ipv4 = published.any(|publish| publish.address.is_ipv4());
    let addresses = match (&network.localhost, wants_ipv4) {
        (Ok(addresses), true) => addresses,
        _ => {
            return Ok(Verdict::of(
                problems,
                "no address of a service is localhost",
            ));
        }
    };
    let is_ipv4 = |address: &String| address.parse().is_ok_and(|ip: IpAddr| ip.is_ipv4());
    if !addresses.is_empty() && !addresses.iter().any(is_ipv4) {
        let text = format!(
            "localhost is {} only, and ports are published on IPv4",
            addresses.join(", ")
        );
        let fix = Fix::command(
            "give localhost its IPv4 address",
            "echo '127.0.0.1 localhost' | sudo tee -a /etc/hosts",
        );
        problems.push(Problem::warning(text, fix));
    }
    let evidence = format!("localhost is {}", addresses.join(", "));
    Ok(Verdict::of(problems, evidence))
}

fn is_localhost(value: &str) -> bool {
    let host = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    ["localhost", "127.0.0.1"].contains(&host)
}
