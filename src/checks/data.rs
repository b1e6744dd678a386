//! MongoDB and Redis: passwords, versions, persistence, who can reach them.

mod door;
mod persistence;
mod secret;
#[cfg(test)]
mod tests;
mod version;

use std::net::IpAddr;

use super::facts::{Facts, Known, NOT_UP, Unknown, seen};
use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Whether anything of the project runs.
    pub runs: bool,
    /// MongoDB; `None` where the deployment has none.
    pub mongodb: Option<Mongo>,
    /// Redis in a container; `None` where the deployment has none.
    pub redis: Option<Redis>,
    /// Published ports of stores: service, host address, host port.
    pub published: Vec<(String, IpAddr, u16)>,
    /// Names of the stores in containers.
    pub stores: Vec<String>,
    /// Secret files that services are given.
    pub secrets: Vec<SecretFile>,
}

/// A MongoDB.
#[derive(Debug, Clone)]
pub struct Mongo {
    /// Whether it is in a container of the project.
    pub contained: bool,
    /// What it says to who has the password.
    pub greeting: Known<Greeting>,
    /// What it lets strangers do.
    pub door: Known<Door>,
    /// Exit code of its last run, where it does not run.
    pub exit_code: Option<i64>,
    /// Its last log lines without secrets, where it does not run or does not keep running.
    pub lines: Vec<String>,
    /// Its volume and when that was made, in seconds since 1970.
    pub volume: Option<(String, Option<i64>)>,
    /// When .env was written last.
    pub written: Option<i64>,
}

/// What it says to who has the password of .env.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// Its version and featureCompatibilityVersion.
    Welcome(String, Option<String>),
    /// It does not take the password.
    WrongPassword,
    /// It says something else.
    Refused(String),
    /// Nobody answers, and why.
    Away(String),
}

/// What it lets strangers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// Nothing.
    Closed,
    /// Read what there is: so many databases.
    Open(usize),
}

/// A Redis.
#[derive(Debug, Clone)]
pub struct Redis {
    /// What it tells.
    pub told: Known<Told>,
    /// Memory limit of its container, in bytes.
    pub limit: u64,
}

/// What a Redis tells.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// It answers strangers.
    pub open: bool,
    /// What it refuses our password with.
    pub refusal: Option<String>,
    /// `appendonly`.
    pub appends: bool,
    /// `save`; empty is never.
    pub save: String,
    /// Statuses of its last writes that are not `ok`, by name.
    pub failing: Vec<String>,
    /// `maxmemory` in bytes; 0 is none.
    pub maxmemory: u64,
}

/// A secret file and who shall read it.
#[derive(Debug, Clone)]
pub struct SecretFile {
    /// The service.
    pub service: String,
    /// Relative to the project directory.
    pub path: String,
    /// As whom the service runs: its user and groups.
    pub uid: u64,
    /// Its groups.
    pub groups: Vec<u64>,
    /// Owner, group and mode; `None` if there is no file.
    pub owner: Option<(u64, u64, u32)>,
}

/// Causes before consequences.
pub(super) const RULES: &[Rule] = &[
    secret::READABLE,
    version::VERSION,
    door::PASSWORD,
    door::MONGODB,
    door::REDIS,
    door::PUBLISHED,
    persistence::PERSISTENCE,
    persistence::MEMORY,
];

/// The MongoDB, if there is one.
fn mongodb(facts: &Facts) -> Known<Option<&Mongo>> {
    let data = seen(&facts.data)?;
    match &data.mongodb {
        Some(mongodb) if mongodb.contained && !data.runs => Err(not_up()),
        mongodb => Ok(mongodb.as_ref()),
    }
}

/// What Redis told, if there is one.
fn redis(facts: &Facts) -> Known<Option<(&Redis, &Told)>> {
    let data = seen(&facts.data)?;
    let Some(redis) = &data.redis else {
        return Ok(None);
    };
    if !data.runs {
        return Err(not_up());
    }
    Ok(Some((redis, seen(&redis.told)?)))
}

fn not_up() -> Unknown {
    Unknown::Unseen(format!("{NOT_UP}; `atlas up` starts it"))
}
