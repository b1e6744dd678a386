//! The project's containers, looked at closely: restarts, exit codes, health, limits, drift.

mod bind;
mod drift;
mod end;
mod fate;
mod health;
mod limits;
mod log;
mod origin;
mod presence;
#[cfg(test)]
mod tests;
mod volume;

use super::facts::{Facts, Known, NOT_UP, Unknown, seen};
use super::rule::Rule;
use crate::plan::State;

use fate::Fate;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Containers {
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The project directory.
    pub folder: String,
    /// All of the project that are no one-offs.
    pub all: Vec<Seen>,
}

/// One container.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The service it is of.
    pub service: String,
    /// Its name.
    pub name: String,
    /// The image it was made from.
    pub image: String,
    /// Run state.
    pub state: State,
    /// Whether it was made from another description than the present one.
    pub drifted: bool,
    /// Exit code of the last run; 0 while it runs.
    pub exit_code: i64,
    /// Exit codes of runs that the engine still remembers, newest first.
    pub past_codes: Vec<i64>,
    /// Whether its last run was killed for memory.
    pub oom_killed: bool,
    /// When something in it was killed for memory last, as far as the engine remembers.
    pub oom_at: Option<i64>,
    /// How often the engine has started it again.
    pub restarts: i64,
    /// When it was started last, in seconds since 1970.
    pub started: Option<i64>,
    /// The engine's own error about it.
    pub error: String,
    /// Its last log lines without secrets; only of those that are in trouble.
    pub lines: Vec<String>,
    /// Its health, where it has a health check.
    pub health: Option<Health>,
    /// Limit of memory in bytes; 0 is none.
    pub memory: u64,
    /// Limit of processors in thousandths of one; 0 is none.
    pub cpu_millis: u64,
    /// Limit of processes; 0 is none.
    pub pids: u64,
    /// The folder of the project that it was made from, if it tells.
    pub folder: Option<String>,
    /// Its log.
    pub log: Log,
    /// `uid:gid` and further groups, if they are numbers.
    pub user: Option<User>,
    /// Volumes that it shall be able to write to.
    pub volumes: Vec<Volume>,
    /// Files and folders that are mounted into it, where the engine runs on this machine.
    pub binds: Vec<Bind>,
}

/// The health of a container as the engine sees it.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    /// How often it failed in a row.
    pub failing: i64,
    /// Exit code of the last probe.
    pub code: i64,
    /// What the last probe said, without secrets.
    pub output: String,
    /// The probe's command.
    pub test: String,
}

/// The log of a container.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// `local`, `json-file`.
    pub driver: String,
    /// Whether it is rotated.
    pub rotated: bool,
    /// Bytes on disk, where they can be counted.
    pub size: Option<u64>,
}

/// As whom a container runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// User.
    pub uid: u64,
    /// Its group and further ones.
    pub groups: Vec<u64>,
}

/// A volume in a container.
#[derive(Debug, Clone)]
pub struct Volume {
    /// The engine's name.
    pub name: String,
    /// Path in the container.
    pub target: String,
    /// Owner, group and permission bits of that path.
    pub owner: Known<(u64, u64, u32)>,
}

/// A mount of a file or folder of this machine.
#[derive(Debug, Clone)]
pub struct Bind {
    /// Absolute.
    pub source: String,
    /// Absolute in the container.
    pub target: String,
    /// Whether it is a folder; `None` if there is nothing.
    pub folder: Option<bool>,
}

/// Causes before consequences.
pub(super) const RULES: &[Rule] = &[
    origin::FOLDER,
    presence::ORPHANS,
    drift::DRIFT,
    limits::LIMITS,
    volume::WRITABLE,
    bind::THERE,
    end::MEMORY,
    end::CODES,
    end::LOOPS,
    presence::PRESENT,
    health::USABLE,
    health::HEALTHY,
    log::SIZE,
];

/// The containers; an answer about them needs that there are any.
fn look(facts: &Facts) -> Known<&Containers> {
    let containers = seen(&facts.containers)?;
    let unseen = |what: &str| Unknown::Unseen(format!("{NOT_UP}{what}; `atlas up` starts it"));
    if containers.all.is_empty() {
        return Err(unseen(""));
    }
    let rests = |seen: &Seen| Fate::of(seen, containers.now) == Fate::Stopped;
    match containers.all.iter().all(rests) {
        true => Err(unseen(": all containers are stopped")),
        false => Ok(containers),
    }
}

/// `1 container`, `3 containers`.
fn count(number: usize) -> String {
    match number {
        1 => "1 container".to_owned(),
        many => format!("{many} containers"),
    }
}
