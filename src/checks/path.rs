//! The way of a search: gateway, orchestrator, services; and what browsers and strangers may do at the gateway.

mod admission;
mod way;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::facts::{Facts, Known, seen};
use super::rule::Rule;

/// What was seen. `None`: the deployment has no gateway.
#[derive(Debug, Clone, Default)]
pub struct Path {
    /// The gateway.
    pub gateway: Option<Gateway>,
    /// The orchestrator's own words of the services.
    pub orchestrator: Option<Known<BTreeMap<String, Health>>>,
}

/// What was seen of the gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// The service's name.
    pub service: String,
    /// How it was asked: its address in its network.
    pub address: String,
    /// The address on this machine, if it is published there, and what came of a request to it.
    pub published: Option<(String, Result<(), String>)>,
    /// `GET /api/health`: status, and its dependencies; or why there was no answer.
    pub health: Result<Answer, String>,
    /// What the orchestrator of its own minimal mode says of services, if it is in that mode.
    pub near: Option<BTreeMap<String, Health>>,
    /// Whether the deployment has an orchestrator.
    pub needs_orchestrator: bool,
    /// `CORS_ORIGINS` of its container.
    pub origins: String,
    /// Preflights: of each origin that shall pass, whether it did.
    pub admitted: Vec<(String, Known<bool>)>,
    /// Foreign origins, and whether they passed.
    pub foreign: Vec<(String, Known<bool>)>,
    /// Status of a guarded page without a key.
    pub without_key: Known<u16>,
    /// Status of the settings without a key.
    pub settings: Known<u16>,
}

/// What the gateway says of itself.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Whether the answer is the gateway's.
    pub ours: bool,
    /// What it needs, and how that is.
    pub dependencies: BTreeMap<String, Health>,
}

/// How something is, in the words of who asked it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// `healthy`, `degraded`, `unhealthy`, `disabled`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}

impl Health {
    fn is_bad(&self) -> bool {
        ["unhealthy", "degraded"].contains(&self.status.as_str())
    }

    fn words(&self) -> &str {
        self.reason.as_deref().unwrap_or(&self.status)
    }
}

/// Causes before consequences.
pub(super) const RULES: &[Rule] = &[
    way::GATEWAY,
    way::ORCHESTRATOR,
    way::SERVICES,
    admission::EXTENSION,
    admission::FOREIGN,
    admission::KEY,
    admission::SETTINGS,
];

/// The gateway, if there is one.
fn gateway(facts: &Facts) -> Known<Option<&Gateway>> {
    let path = seen(&facts.path)?;
    Ok(path.gateway.as_ref())
}
