//! One service of a deployment. Owns its runtime facts; how a target writes them down belongs to that target.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Image, Port, Probe, Secret, ServiceName};

/// What a service is in the system; decides grouping and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The entry point of the API.
    Gateway,
    /// The coordinator.
    Orchestrator,
    /// A vendor's adapter.
    Integration,
    /// MongoDB, Redis.
    Store,
    /// The web server before the gateway.
    Edge,
}

/// A service, completely decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Key and host name.
    pub name: ServiceName,
    /// One line for people.
    pub description: String,
    /// Its part in the system.
    pub kind: Kind,
    /// Where its program comes from.
    pub image: Image,
    /// Overrides the image's entry point; `None` keeps it.
    pub entrypoint: Option<Vec<String>>,
    /// Overrides the image's command; `None` keeps it.
    pub command: Option<Vec<String>>,
    /// Container environment.
    pub environment: BTreeMap<String, EnvValue>,
    /// Secrets given as read-only files under `/run/secrets`.
    pub secrets: Vec<SecretMount>,
    /// The port it listens on inside its network.
    pub port: Port,
    /// The port on the host, if any.
    pub publish: Option<Publish>,
    /// Ports on the host beside that one.
    pub further: Vec<Opening>,
    /// Readiness, asked by atlas itself.
    pub probe: Probe,
    /// The steady-state health check that the engine runs inside the container, in Docker's form: `CMD`, `CMD-SHELL` or
    /// `NONE` first; empty keeps the image's own.
    pub healthcheck: Vec<String>,
    /// Whether it calls others' APIs on the internet.
    pub internet: bool,
    /// What must be ready before this starts.
    pub depends_on: BTreeMap<ServiceName, Condition>,
    /// Keys of the deployment's networks.
    pub networks: BTreeSet<String>,
    /// Volumes and folders mounted into it.
    pub mounts: Vec<Mount>,
    /// Memory file systems.
    pub tmpfs: Vec<Tmpfs>,
    /// `uid:gid`; `None` leaves it to the image.
    pub user: Option<String>,
    /// Whether the root file system is read-only.
    pub read_only: bool,
    /// Capabilities kept after all are dropped.
    pub capabilities: Vec<String>,
    /// Limits.
    pub resources: Resources,
    /// How many containers.
    pub replicas: u32,
    /// Whether more than one container makes sense.
    pub scalable: bool,
    /// Time between SIGTERM and SIGKILL.
    pub stop_grace: Duration,
    /// Further container labels (never secret).
    pub labels: BTreeMap<String, String>,
}

/// A value of the container environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// Shown anywhere.
    Plain(String),
    /// Read from `variable` of `.env`; a rendered file names the variable (`${VARIABLE}`), never the value.
    Secret {
        /// The variable of `.env` it comes from.
        variable: String,
        /// The value.
        value: Secret,
    },
    /// Made of secrets, e.g. a store's URL with its password; a rendered file holds the expression, never the value.
    Composed {
        /// The value with `${VARIABLE}` where a variable of `.env` belongs.
        expression: String,
        /// The value.
        value: Secret,
    },
}

/// A secret of the deployment, mounted at `/run/secrets/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretMount {
    /// Key of [`super::Deployment::secrets`].
    pub name: String,
}

/// A published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// Host address; 127.0.0.1 unless the user asked to expose the service.
    pub address: IpAddr,
    /// Host port.
    pub port: Port,
}

/// A port on the host that leads to a port of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// On the host.
    pub publish: Publish,
    /// Inside the service's network.
    pub inside: Port,
    /// UDP instead of TCP.
    pub udp: bool,
}

impl Opening {
    /// `tcp` or `udp`.
    pub fn protocol(&self) -> &'static str {
        if self.udp { "udp" } else { "tcp" }
    }
}

/// When a dependency counts as there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its probe has answered.
    Healthy,
    /// It has been started.
    Started,
}

/// A mount into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// A named volume of the deployment.
    Volume {
        /// Key of [`super::Deployment::volumes`].
        volume: String,
        /// Absolute path in the container.
        target: String,
    },
    /// A folder or file of the host.
    Bind {
        /// Host path; relative to the project directory unless absolute.
        source: PathBuf,
        /// Absolute path in the container.
        target: String,
        /// Whether the container may not write.
        read_only: bool,
    },
}

/// A memory file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// Absolute path in the container.
    pub target: String,
    /// Mount options, e.g. `rw,noexec,nosuid,nodev,size=64m`.
    pub options: String,
}

/// Limits of one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Memory, in bytes.
    pub memory: u64,
    /// CPU, in thousandths of a core.
    pub cpu_millis: u32,
    /// Processes and threads.
    pub pids: u32,
}

impl Service {
    /// Every port on the host that leads to it, its own first.
    pub fn openings(&self) -> impl Iterator<Item = Opening> + '_ {
        let own = self.publish.map(|publish| Opening {
            publish,
            inside: self.port,
            udp: false,
        });
        own.into_iter().chain(self.further.iter().copied())
    }

    /// The command that asks for readiness inside the container, if there is one: its probe, else its health check.
    pub fn command_inside(&self) -> Option<Vec<String>> {
        match &self.probe {
            Probe::Command(command) => Some(command.clone()),
            Probe::Http { .. } | Probe::Tcp { .. } => self.healthcheck_command(),
        }
    }

    /// The command of the health check, to be run in the container; `None` when there is none of ours.
    pub fn healthcheck_command(&self) -> Option<Vec<String>> {
        let (form, words) = self.healthcheck.split_first()?;
        match form.as_str() {
            "CMD" => Some(words.to_vec()),
            "CMD-SHELL" => {
                let shell = ["/bin/sh", "-c"].map(str::to_owned);
                Some(shell.into_iter().chain(words.iter().cloned()).collect())
            }
            _ => None,
        }
    }
}
