//! Why a step is there. Owns the wording that `plan` and `up` show; secrets never reach it.

use std::fmt;

use super::State;

/// A field that differs between a container and the deployment. Values are already masked where they could be secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct FieldChange {
    /// Path in Compose's words: `image`, `environment.MONGO_URL`, `ports`.
    pub field: String,
    /// What the container has; `None` when absent or masked.
    pub from: Option<String>,
    /// What the deployment wants; `None` when absent or masked.
    pub to: Option<String>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} ({from} → {to})", self.field),
            (None, Some(to)) => write!(f, "{} (→ {to})", self.field),
            (Some(from), None) => write!(f, "{} ({from} → unset)", self.field),
            (None, None) => f.write_str(&self.field),
        }
    }
}

/// The reason of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It does not exist.
    Missing,
    /// It is there, but not running.
    NotRunning(State),
    /// These fields differ.
    Changed(Vec<FieldChange>),
    /// The reference now names another image.
    NewImage,
    /// The network was made anew or the container is not connected to it.
    NotConnected(String),
    /// The expected volume is not mounted.
    NotMounted(String),
    /// Another container of this service is to be replaced by this step's container.
    Replaces(String),
    /// More containers than wanted.
    ScaledDown,
    /// A leftover of an interrupted run.
    Leftover,
    /// Its service is no longer part of the deployment.
    Orphan,
    /// Another service publishes this host port from now on.
    PortTaken(String, u16),
    /// The user asked.
    Requested,
    /// Something waits for it.
    Gate,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::NotRunning(state) => write!(f, "is {}", state.as_str()),
            Self::Changed(changes) if changes.is_empty() => f.write_str("configuration changed"),
            Self::Changed(changes) => {
                f.write_str("changed: ")?;
                for (index, change) in changes.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    change.fmt(f)?;
                }
                Ok(())
            }
            Self::NewImage => f.write_str("changed: image (same name, new content)"),
            Self::NotConnected(network) => write!(f, "not connected to network {network}"),
            Self::NotMounted(volume) => write!(f, "volume {volume} is not mounted"),
            Self::Replaces(name) => write!(f, "replaces {name}"),
            Self::ScaledDown => f.write_str("scaled down"),
            Self::Leftover => f.write_str("left over from an interrupted run"),
            Self::Orphan => f.write_str("its service is not part of the deployment"),
            Self::PortTaken(service, port) => write!(f, "{service} takes its port {port}"),
            Self::Requested => f.write_str("requested"),
            Self::Gate => f.write_str("others wait for it"),
        }
    }
}
