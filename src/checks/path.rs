//! The way of a search: gateway, orchestrator, services; and what browsers and strangers may do at the gateway.

mod browser;
mod chain;

use std::collections::BTreeMap;

use super::facts::Known;
use super::rule::Rule;

/// What was seen; areas without a gateway or orchestrator have `None`.
#[derive(Debug, Clone)]
pub struct Path {
    /// What the gateway answered.
    pub gateway: Known<Option<Gateway>>,
    /// What the orchestrator says of each service: the reason where it is not well.
    pub orchestrator: Known<Option<BTreeMap<String, Standing>>>,
}

/// How a dependency stands, as somebody else told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether it answers.
    pub well: bool,
    /// Whether whoever tells it goes on without it.
    pub spared: bool,
    /// What is said of it.
    pub reason: String,
}

/// What the gateway answered to requests as strangers and browsers make them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Where it was asked.
    pub address: String,
    /// `/api/health`: the status and what it says of its dependencies, or why there was no answer.
    pub health: Result<(u16, BTreeMap<String, Standing>), String>,
    /// The origin of the extension that CORS_ORIGINS names, if it names one.
    pub extension: Option<String>,
    /// Whether a preflight of that origin was admitted; `None` when there was no answer.
    pub admits_extension: Option<bool>,
    /// Whether a preflight of a foreign web page was admitted.
    pub admits_strangers: Option<bool>,
    /// Status of `/api` without a key.
    pub without_key: Option<u16>,
    /// Status of a person's settings without a key.
    pub settings: Option<u16>,
}

pub(super) const RULES: &[Rule] = &[
    chain::GATEWAY,
    chain::ORCHESTRATOR,
    chain::SERVICES,
    browser::EXTENSION,
    browser::STRANGERS,
    browser::KEY,
    browser::SETTINGS,
];

#[cfg(test)]
mod tests;
