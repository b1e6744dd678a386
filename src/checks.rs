//! What makes a deployment fail, as rules over facts, and what came of them as findings. Owns the rules, their order (causes
//! before consequences), what blocks what, and the words of each finding. Pure: `survey` looks, the commands show.
//!
//! One file for each area holds the area's facts and its rules side by side. A new check is a [`Rule`] in its area's list; the
//! facts that it needs come from the area's file in `survey`. Nothing else has to be touched: the command, its JSON, the report
//! of the checklist and `atlas explain` read the same list.

pub mod backups;
pub mod checklist;
pub mod configuration;
pub mod containers;
pub mod credentials;
pub mod data;
pub mod engine;
pub mod environment;
mod examine;
pub mod exposure;
mod facts;
mod finding;
pub mod host;
pub mod images;
pub mod network;
pub mod nginx;
pub mod operations;
pub mod path;
pub mod ports;
mod rule;
pub mod sources;
pub mod tls;

pub use examine::{CRASHED, examine};
pub use facts::{Facts, Known, NOT_UP, Unknown};
pub use finding::{Finding, Outcome, exit};
pub use rule::{Fix, Judge, Problem, Repair, Rule, Severity, Verdict};

/// The areas in the order in which causes come before consequences.
const AREAS: [&[Rule]; 18] = [
    configuration::RULES,
    environment::RULES,
    sources::RULES,
    engine::RULES,
    host::RULES,
    ports::RULES,
    images::RULES,
    network::RULES,
    data::RULES,
    containers::RULES,
    credentials::RULES,
    path::RULES,
    exposure::RULES,
    nginx::RULES,
    tls::RULES,
    backups::RULES,
    operations::RULES,
    examine::RULES,
];

/// Every rule there is, causes before consequences.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    AREAS.into_iter().flatten()
}

/// The rule of an id; case and the `ATLAS-` before it may be left out.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let wanted = id.to_ascii_uppercase();
    let wanted = wanted.strip_prefix("ATLAS-").unwrap_or(&wanted);
    rules().find(|rule| rule.short() == wanted)
}

#[cfg(test)]
mod tests;
