//! Steps and plans. A step is one engine call (or one wait) with its reason and the steps it comes after.

use std::net::IpAddr;

use crate::model::ServiceName;

use super::Reason;

/// Index of a step in its plan.
pub type StepId = usize;

/// What to do, in an order that `after` allows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The steps; `after` only points backwards.
    pub steps: Vec<Step>,
}

/// One engine call, or one wait.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Steps that must have succeeded before.
    pub after: Vec<StepId>,
}

/// The calls that plans are made of. Containers are named by id where they exist, by name where the plan makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make the image of a service available: build, pull, or make it from atlas' own executable.
    ProvideImage {
        /// The image's reference.
        reference: String,
        /// A service that uses it.
        service: ServiceName,
    },
    /// Create a network of the deployment.
    CreateNetwork {
        /// Its key.
        network: String,
    },
    /// Create a volume of the deployment.
    CreateVolume {
        /// Its key.
        volume: String,
    },
    /// Create a container of a service.
    CreateContainer {
        /// The service.
        service: ServiceName,
        /// The container's number.
        number: u32,
        /// The name to create it under.
        name: String,
        /// The name of the container it replaces.
        replaces: Option<String>,
    },
    /// Connect a created container to a further network (engines before API 1.44).
    Connect {
        /// The service.
        service: ServiceName,
        /// The container.
        container: String,
        /// Key of the network.
        network: String,
    },
    /// Give a container its final name.
    Rename {
        /// The service.
        service: String,
        /// The container.
        container: String,
        /// The new name.
        name: String,
    },
    /// Start a container.
    Start {
        /// The service.
        service: String,
        /// The container.
        container: String,
    },
    /// Wait until a service's container answers its probe.
    Await {
        /// The service.
        service: ServiceName,
        /// The container.
        container: String,
        /// Its name, for people.
        name: String,
        /// Where it can be asked, if that is known before it is looked at.
        address: Option<IpAddr>,
    },
    /// Stop a container.
    Stop {
        /// The service.
        service: String,
        /// The container.
        container: String,
        /// Its name, for people.
        name: String,
    },
    /// Remove a stopped container.
    Remove {
        /// The service.
        service: String,
        /// The container.
        container: String,
        /// Its name, for people.
        name: String,
    },
    /// Remove a network.
    RemoveNetwork {
        /// Full name.
        name: String,
    },
    /// Remove a volume and what is in it.
    RemoveVolume {
        /// Full name.
        name: String,
    },
}

impl Action {
    /// Whether data is lost by it.
    pub fn is_destructive(&self) -> bool {
        matches!(self, Self::RemoveVolume { .. })
    }

    /// Whether it changes anything (a wait does not).
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Await { .. })
    }

    /// The kind of thing it is about: `container`, `network`, `volume`, `image`.
    pub fn subject_kind(&self) -> &'static str {
        match self {
            Self::ProvideImage { .. } => "image",
            Self::CreateNetwork { .. } | Self::RemoveNetwork { .. } => "network",
            Self::CreateVolume { .. } | Self::RemoveVolume { .. } => "volume",
            _ => "container",
        }
    }

    /// The thing it is about, as people know it.
    pub fn subject(&self) -> &str {
        match self {
            Self::ProvideImage { reference, .. } => reference,
            Self::CreateNetwork { network } => network,
            Self::CreateVolume { volume } => volume,
            Self::RemoveNetwork { name } | Self::RemoveVolume { name } => name,
            Self::CreateContainer { name, .. } => name,
            Self::Stop { name, .. }
            | Self::Remove { name, .. }
            | Self::Rename { name, .. }
            | Self::Await { name, .. } => name,
            Self::Connect { container, .. } | Self::Start { container, .. } => container,
        }
    }

    /// The service it belongs to, if it belongs to one.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::CreateContainer { service, .. }
            | Self::Connect { service, .. }
            | Self::Await { service, .. } => Some(service.as_str()),
            Self::Rename { service, .. }
            | Self::Start { service, .. }
            | Self::Stop { service, .. }
            | Self::Remove { service, .. } => Some(service),
            _ => None,
        }
    }

    /// The word for it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::ProvideImage { .. } => "provide",
            Self::CreateNetwork { .. }
            | Self::CreateVolume { .. }
            | Self::CreateContainer { .. } => "create",
            Self::Connect { .. } => "connect",
            Self::Rename { .. } => "rename",
            Self::Start { .. } => "start",
            Self::Await { .. } => "await",
            Self::Stop { .. } => "stop",
            Self::Remove { .. } | Self::RemoveNetwork { .. } | Self::RemoveVolume { .. } => {
                "remove"
            }
        }
    }
}

impl Plan {
    /// Adds a step and returns its id.
    pub fn push(&mut self, action: Action, reason: Reason, after: Vec<StepId>) -> StepId {
        self.steps.push(Step {
            action,
            reason,
            after,
        });
        self.steps.len() - 1
    }

    /// Whether nothing would be changed.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|s| s.action.changes())
    }

    /// The steps that change something.
    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| s.action.changes())
    }
}
