//! The container engine: reachable, its version, its settings, and what else of Docker is on this machine.

mod around;
mod reach;
mod settings;
#[cfg(test)]
mod tests;

use super::facts::{Facts, Known, Unknown, seen};
use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone)]
pub struct Engine {
    /// What the engine tells, or why it cannot be reached.
    pub reach: Result<Told, Away>,
    /// Compose 1 where the shell finds it: its path and its version as far as it is known.
    pub compose_1: Option<(String, String)>,
    /// The largest log of the driver `json-file`, with its bytes; `None` if there is none.
    pub largest_log: Known<Option<(String, u64)>>,
}

/// What the engine tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// `20.10.24`.
    pub version: String,
    /// `(1, 41)`.
    pub api: (u64, u64),
    /// `overlay2`.
    pub storage_driver: String,
    /// Whether the file system below it tells the type of a folder's entries.
    pub d_type: Option<bool>,
    /// `json-file`.
    pub log_driver: String,
    /// Whether it runs without root.
    pub rootless: bool,
    /// Whether it is on this machine.
    pub local: bool,
    /// The first port that needs no rights.
    pub first_free_port: u64,
}

/// Why the engine cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Away {
    /// Operation, name and cause.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The variable or option that chose the engine: `DOCKER_HOST`.
    pub chosen_by: Option<String>,
    /// It answers, but is older than atlas speaks.
    pub too_old: bool,
    /// Set if this user may not use the socket.
    pub denied: Option<Denied>,
}

/// Why a user may not use the socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denied {
    /// The user's name.
    pub user: String,
    /// The group that the socket belongs to.
    pub group: String,
    /// Whether the user is a member by /etc/group.
    pub member: bool,
    /// Whether this very session has the group.
    pub in_session: bool,
}

pub(super) const RULES: &[Rule] = &[
    reach::REACHABLE,
    reach::VERSION,
    settings::STORAGE,
    settings::LOGS,
    settings::PLACE,
    around::BUILDKIT,
    around::COMPOSE_1,
];

/// What the engine tells; what needs it hangs on it.
fn told(facts: &Facts) -> Result<&Told, Unknown> {
    let engine = seen(&facts.engine)?;
    engine.reach.as_ref().map_err(|_| Unknown::Needs("ENG"))
}
