//! What of the project can be reached from outside of this machine, and whether its firewall knows.

use std::net::IpAddr;

use super::facts::{Facts, Known, NOT_UP, Unknown, seen};
use super::rule::{Fix, Problem, Rule, Verdict};
use crate::model::Kind;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// Whether anything of the project runs.
    pub runs: bool,
    /// Published ports.
    pub published: Vec<Published>,
    /// The firewall of this machine.
    pub firewall: Option<Known<Firewall>>,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// The service.
    pub service: String,
    /// Its part in the system; `None` if atlas.yaml does not have it.
    pub kind: Option<Kind>,
    /// Host address.
    pub address: IpAddr,
    /// Host port.
    pub port: u16,
}

/// A firewall of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firewall {
    /// What refuses incoming connections: `ufw is active`; `None`: nothing does.
    pub closed: Option<String>,
    /// What also refuses what goes to containers, if anything does.
    pub covers: Option<String>,
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ATLAS-EXP-002",
        title: "nothing but the gateway and nginx is published to the world",
        why: "the other services trust whoever reaches them: they ask for no key and hold the credentials of vendors",
        manual: "Ports of containers that the engine publishes on other addresses than this machine's own (127.0.0.1). Stores have a check of their \
                 own (DATA-007).",
        see: &["https://docs.docker.com/engine/network/port-publishing/"],
        needs: &["ENG-001"],
        cheap: false,
        judge: others,
    },
    Rule {
        id: "ATLAS-EXP-001",
        title: "published ports do not bypass the firewall",
        why: "Docker leads published ports past the rules of ufw, firewalld and the INPUT chain: a port that seems closed is open",
        manual: "ufw (/etc/ufw/ufw.conf), firewalld, and the INPUT chain of iptables are looked at. What Docker publishes is translated before those \
                 rules are asked; only the chain DOCKER-USER is. Publish on 127.0.0.1 and let nginx on this machine be the way in.",
        see: &[
            "https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-and-ufw",
            "https://github.com/moby/moby/issues/22054",
            "https://github.com/moby/moby/issues/4737",
        ],
        needs: &["ENG-001"],
        cheap: false,
        judge: bypass,
    },
];

fn open(facts: &Facts) -> Known<(&Exposure, Vec<&Published>)> {
    let exposure = seen(&facts.exposure)?;
    if !exposure.runs {
        return Err(Unknown::Unseen(format!("{NOT_UP}; `atlas up` starts it")));
    }
    let all = exposure.published.iter();
    Ok((
        exposure,
        all.filter(|port| !port.address.is_loopback()).collect(),
    ))
}

fn close(service: &str) -> Fix {
    Fix::by_hand(format!(
        "remove `services.{service}.expose` (or set it to 127.0.0.1) in atlas.yaml, then `atlas up`; nginx on this machine is the way in"
    ))
}

fn others(facts: &Facts) -> Result<Verdict, Unknown> {
    let (exposure, open) = open(facts)?;
    let others = open
        .iter()
        .filter(|port| !matches!(port.kind, Some(Kind::Gateway | Kind::Store | Kind::Edge)));
    let problems = others.map(|port| {
        let text = format!(
            "{} is published on {}:{}",
            port.service, port.address, port.port
        );
        Problem::failure(text, close(&port.service)).about(&port.service)
    });
    let evidence = match exposure.published.as_slice() {
        [] => "nothing is published".to_owned(),
        ports => {
            let each = ports
                .iter()
                .map(|port| format!("{} on {}:{}", port.service, port.address, port.port));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    Ok(Verdict::of(problems.collect(), evidence))
}

fn bypass(facts: &Facts) -> Result<Verdict, Unknown> {
    let (exposure, mut open) = open(facts)?;
    // It is there to be reached.
    open.retain(|port| port.kind != Some(Kind::Edge));
    if open.is_empty() {
        return Ok(Verdict::Good(
            "nothing is published to other machines".to_owned(),
        ));
    }
    let firewall = match &exposure.firewall {
        Some(firewall) => seen(firewall)?,
        None => {
            return Err(Unknown::Unseen(
                "the engine is on another machine".to_owned(),
            ));
        }
    };
    let Some(closed) = &firewall.closed else {
        return Ok(Verdict::Good(
            "no firewall of this machine is bypassed: there is none".to_owned(),
        ));
    };
    if let Some(covers) = &firewall.covers {
        return Ok(Verdict::Good(format!("{closed}, and {covers}")));
    }
    let problems = open.iter().map(|port| {
        let text = format!(
            "{closed}, but does not stand before {}:{} of {}",
            port.address, port.port, port.service
        );
        Problem::warning(text, close(&port.service)).about(&port.service)
    });
    Ok(Verdict::of(problems.collect(), ""))
}
