//! MongoDB and Redis: whether our password opens them, whether nobody else gets in, and how Redis keeps what it is given.

mod mongodb;
mod redis;

use super::facts::Known;
use super::rule::Rule;

/// What was seen; a deployment without such a container has `None`.
#[derive(Debug, Clone)]
pub struct Data {
    /// MongoDB.
    pub mongodb: Known<Option<Mongodb>>,
    /// Redis.
    pub redis: Known<Option<Redis>>,
}

/// A MongoDB in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mongodb {
    /// What came of connecting with the password of .env.
    pub ours: Result<Server, Refusal>,
    /// Whether somebody without a password may list databases; `Err` says why that is not known.
    pub open: Result<bool, String>,
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `7.0.14`
    pub version: String,
    /// featureCompatibilityVersion: `7.0`.
    pub feature: Option<String>,
}

/// Why a connection with our password was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whether the server itself refused: the password is another.
    pub by_server: bool,
    /// What was said.
    pub reason: String,
}

/// A Redis in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redis {
    /// Whether it answers somebody without a password; `Err` says why that is not known.
    pub open: Result<bool, String>,
    /// What it says of itself, or why it did not.
    pub settings: Result<Settings, String>,
    /// Memory of its container in bytes.
    pub limit: u64,
}

/// Settings of a Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `appendonly`.
    pub append_only: bool,
    /// `save`, empty when it never saves by itself.
    pub save: String,
    /// `maxmemory` in bytes; 0 is no limit.
    pub max_memory: u64,
}

pub(super) const RULES: &[Rule] = &[
    mongodb::PASSWORD,
    mongodb::LOCKED,
    redis::LOCKED,
    mongodb::FORMAT,
    redis::PERSISTENCE,
    redis::MEMORY,
];

#[cfg(test)]
mod tests;
