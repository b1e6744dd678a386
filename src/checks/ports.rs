//! Ports that shall be published: whether they can be had.

use super::facts::{Facts, Known, Unknown, seen};
use super::rule::{Fix, Problem, Rule, Verdict};
use crate::model::EDGE;

/// What was seen of the ports that shall be published.
#[derive(Debug, Clone, Default)]
pub struct Ports {
    /// One for each published port.
    pub wanted: Vec<Wanted>,
}

/// A port that a service shall publish.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The service.
    pub service: String,
    /// The address on this machine.
    pub address: std::net::IpAddr,
    /// The port there.
    pub port: u16,
    /// Who has it.
    pub holder: Known<Holder>,
}

/// Who has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A container of this project.
    Ours,
    /// Something else: ` by process 812 (nginx)`, empty if it is not known what.
    Other(String),
    /// This machine does not have the address.
    NoAddress,
    /// It cannot be used for another reason.
    Unusable(String),
}

pub(super) const RULES: &[Rule] = &[Rule {
    id: "ATLAS-PORT-001",
    title: "published ports are free or ours",
    why: "a container whose port is taken does not start",
    manual: "Each published port is bound for a moment on its address. Who has a taken one is told from the engine's containers, then from \
             /proc/net/tcp and the files that processes have open (only root sees other users' processes). \
             `services.NAME.port` in atlas.yaml chooses another one.",
    see: &[
        "https://github.com/docker/compose/issues/4950",
        "https://github.com/moby/moby/issues/32318",
    ],
    needs: &["ENG-001"],
    cheap: true,
    judge,
}];

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let ports = seen(&facts.ports)?;
    if ports.wanted.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let mut problems = Vec::new();
    for wanted in &ports.wanted {
        let (service, port) = (&wanted.service, wanted.port);
        let text = match seen(&wanted.holder)? {
            Holder::Nobody | Holder::Ours => continue,
            Holder::Other(owner) => format!("port {port} is already in use{owner}"),
            Holder::NoAddress => format!("this host has no address {}", wanted.address),
            Holder::Unusable(cause) => format!("port {port} cannot be used: {cause}"),
        };
        let key = match service.as_str() {
            EDGE => "nginx.http` or `nginx.https".to_owned(),
            _ => format!("services.{service}.port"),
        };
        let fix = format!("set `{key}` in atlas.yaml, or stop what uses it");
        problems.push(Problem::failure(text, Fix::by_hand(fix)).about(service));
    }
    let each = ports.wanted.iter().map(|wanted| {
        let state = match wanted.holder {
            Ok(Holder::Ours) => "ours",
            _ => "free",
        };
        format!("{} is {state}", wanted.port)
    });
    let evidence = each.collect::<Vec<_>>().join(", ");
    Ok(Verdict::of(problems, evidence))
}
