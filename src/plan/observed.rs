//! What an engine reported, in the plan's words. Owns no judgement about it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::FieldChange;

/// One snapshot of everything that belongs to a project.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// Containers of the project that are not one-offs.
    pub containers: Vec<Container>,
    /// Networks of the project, by full name.
    pub networks: BTreeMap<String, ObservedNetwork>,
    /// Names of the project's volumes.
    pub volumes: BTreeSet<String>,
    /// Image ids by the references that the deployment names; missing ones are absent.
    pub images: BTreeMap<String, String>,
    /// Whether a container can be given several networks when it is created (API 1.44 and later).
    pub create_with_networks: bool,
}

/// A network that exists.
#[derive(Debug, Clone, Default)]
pub struct ObservedNetwork {
    /// The engine's id.
    pub id: String,
    /// Whether it belongs to this project by its labels.
    pub owned: bool,
    /// Whether it is closed to the outside.
    pub internal: bool,
}

/// A container that exists.
#[derive(Debug, Clone)]
pub struct Container {
    /// The engine's id.
    pub id: String,
    /// Name without the leading slash.
    pub name: String,
    /// Service label.
    pub service: String,
    /// Container number label; 0 if there is none.
    pub number: u32,
    /// Hash label.
    pub config_hash: String,
    /// Image label, or the id of the image it runs when the label is missing.
    pub image: String,
    /// Reference it was created from.
    pub image_name: String,
    /// Run state.
    pub state: State,
    /// The engine's own status line ("Up 3 minutes (healthy)").
    pub status: String,
    /// Network id and address by network name.
    pub networks: BTreeMap<String, (String, Option<IpAddr>)>,
    /// Names of mounted volumes.
    pub volumes: BTreeSet<String>,
    /// Published TCP ports: host address, host port, container port.
    pub ports: Vec<(IpAddr, u16, u16)>,
    /// `depends_on` label, parsed: names only.
    pub depends_on: Vec<String>,
    /// Fields that differ from the deployment; filled only where the hash differs.
    pub changes: Vec<FieldChange>,
    /// When it was created, in seconds since 1970.
    pub created: i64,
}

/// Run state of a container, as the engine names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Made, never started.
    Created,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Died and is about to be started again.
    Restarting,
    /// Ended.
    Exited,
    /// Being removed, or broken beyond starting.
    Dead,
}

impl State {
    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Dead => "dead",
        }
    }
}
