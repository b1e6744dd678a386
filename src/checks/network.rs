//! Networks of the engine, names and ways between services.

mod described;
mod localhost;
mod overlap;
mod packet;
mod subnet;
#[cfg(test)]
mod tests;
mod way;

use super::facts::Known;
use super::rule::Rule;

pub use subnet::Subnet;

/// What was seen.
#[derive(Debug, Clone)]
pub struct Network {
    /// The deployment's project.
    pub project: String,
    /// Whether containers of the project run.
    pub runs: bool,
    /// All networks of the engine.
    pub all: Vec<Net>,
    /// This machine's routes.
    pub routes: Known<Vec<Route>>,
    /// The pools that the engine takes subnets from, and the length of a network's prefix.
    pub pools: Vec<(Subnet, u8)>,
    /// The device of the default route and its MTU; `None` without such a route.
    pub uplink: Known<Option<(String, u32)>>,
    /// Running containers in the network of the deployment guide, if it exists, by its name.
    pub guide: Option<(String, Vec<String>)>,
    /// From each running service to what it depends on.
    pub ways: Vec<Way>,
    /// Addresses that this machine has for `localhost`.
    pub localhost: Known<Vec<String>>,
}

/// A network of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Net {
    /// Its name.
    pub name: String,
    /// Its device on the host, if it has one.
    pub device: String,
    /// Compose project.
    pub project: Option<String>,
    /// No way to or from the outside.
    pub internal: bool,
    /// IPv4 subnets.
    pub subnets: Vec<Subnet>,
    /// MTU of its devices.
    pub mtu: u32,
    /// Whether containers in it may talk to each other.
    pub open: bool,
}

/// A route of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `eth0`.
    pub device: String,
    /// Where it leads.
    pub subnet: Subnet,
}

/// From one service to another.
#[derive(Debug, Clone)]
pub struct Way {
    /// Who asks.
    pub from: String,
    /// Whom.
    pub to: String,
    /// Where it listens.
    pub port: u16,
    /// What came of it.
    pub outcome: Known<Outcome>,
}

/// What came of asking another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It accepts a connection.
    Reached,
    /// Its name does not resolve; the system's words.
    Unresolved(String),
    /// Its name resolves, but it cannot be connected to; the system's words.
    Unreachable(String),
}

pub(super) const RULES: &[Rule] = &[
    described::AS_DESCRIBED,
    overlap::OVERLAP,
    overlap::POOLS,
    way::NAMES,
    way::WAYS,
    packet::MTU,
    localhost::LOCALHOST,
];

impl Network {
    /// Networks of the deployment's project.
    fn own(&self) -> impl Iterator<Item = &Net> {
        let project = self.project.as_str();
        self.all
            .iter()
            .filter(move |net| net.project.as_deref() == Some(project))
    }
}
