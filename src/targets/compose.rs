//! The Compose target: `compose.yaml`, the secret files, what nginx in a container reads, and the labels and hashes by which `docker compose` recognises
//! what atlas started. Follows compose-go as of [`CONTRACT`]; creating containers belongs to `engines`.

mod document;
mod go_json;
mod labels;
mod secrets;
mod spec;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Artifact, Contents, nginx};
use crate::model::{Deployment, Network, ProjectName, Service, ServiceName, Volume};

pub use document::short_size;
pub use go_json::duration;
pub use labels::{container_labels, network_labels, volume_labels};
pub use secrets::{CONFIGURATION_LABEL, SECRETS_GID, SECRETS_LABEL, group_add, secret_path};

/// The release of docker/compose whose hash algorithm and labels are followed; told in `com.docker.compose.version`.
pub const CONTRACT: &str = "2.40.3";

/// The file's name, the first that `docker compose` looks for.
pub const FILE: &str = "compose.yaml";

/// How often the engine runs a service's health check: slowly, because checks cost CPU for ever, and quickly at first.
const HEALTH: HealthTiming = HealthTiming {
    interval: Duration::from_secs(30),
    timeout: Duration::from_secs(5),
    retries: 3,
    start_period: Duration::from_secs(60),
    start_interval: Some(Duration::from_secs(1)),
};

/// The same for engines before API 1.44, where Compose refuses `start_interval` (`can't set healthcheck.start_interval as
/// feature require Docker Engine v25 or later`, measured on 20.10): the interval itself has to be short enough for
/// `depends_on: service_healthy`.
const HEALTH_OF_OLD_ENGINES: HealthTiming = HealthTiming {
    interval: Duration::from_secs(10),
    start_interval: None,
    ..HEALTH
};

/// The times of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthTiming {
    /// Between two checks, and before the first.
    pub interval: Duration,
    /// For one check.
    pub timeout: Duration,
    /// Failures in a row that mean unhealthy.
    pub retries: u32,
    /// Time in which failures do not count.
    pub start_period: Duration,
    /// Between two checks within `start_period`.
    pub start_interval: Option<Duration>,
}

/// The times of a deployment's health checks.
pub fn health(deployment: &Deployment) -> HealthTiming {
    match deployment.start_interval {
        true => HEALTH,
        false => HEALTH_OF_OLD_ENGINES,
    }
}

/// Whether the engine puts its own init before the service's program: always, so that what health checks leave behind is
/// reaped and SIGTERM works whatever the program does as PID 1.
pub const INIT: bool = true;

/// The log driver: compressed and rotated by the engine itself.
pub const LOG_DRIVER: &str = "local";

/// Options of [`LOG_DRIVER`]: 50 MB for each container at most.
pub const LOG_OPTIONS: [(&str, &str); 2] = [("max-file", "5"), ("max-size", "10m")];

/// The restart policy of every service.
pub const RESTART: &str = "unless-stopped";

/// The files that `docker compose` needs to run the deployment.
pub fn artifacts(deployment: &Deployment) -> Vec<Artifact> {
    let mut artifacts = vec![Artifact {
        path: FILE.into(),
        contents: Contents::Text(document::render(deployment)),
        mode: 0o644,
        group: None,
    }];
    artifacts.extend(secrets::artifacts(deployment));
    // The folder of the project does not matter to nginx in a container.
    let edge = deployment.edge.iter();
    artifacts.extend(edge.flat_map(|edge| nginx::configuration(edge, "")));
    artifacts
}

/// The hash by which `docker compose up` sees whether a container is still what the file asks for; the project directory
/// is part of it where folders of the host are mounted.
pub fn config_hash(deployment: &Deployment, service: &Service, project_dir: &Path) -> String {
    let form = spec::Form::Resolved { project_dir };
    hash(&spec::ServiceSpec::new(deployment, service, form))
}

/// The same for a network.
pub fn network_hash(project: &ProjectName, key: &str, network: &Network) -> String {
    hash(&spec::NetworkSpec::new(project, key, network))
}

/// The same for a volume.
pub fn volume_hash(project: &ProjectName, key: &str, _volume: &Volume) -> String {
    hash(&spec::VolumeSpec::new(project, key))
}

/// `<project>-<service>-<n>`.
pub fn container_name(project: &ProjectName, service: &ServiceName, number: u32) -> String {
    format!("{project}-{service}-{number}")
}

/// The engine's name of a network or a volume: `<project>_<key>`.
pub fn resource_name(project: &ProjectName, key: &str) -> String {
    format!("{project}_{key}")
}

/// The names under which a container is found on each of its networks.
pub fn aliases(project: &ProjectName, service: &ServiceName, number: u32) -> [String; 2] {
    [
        container_name(project, service, number),
        service.to_string(),
    ]
}

/// SHA-256 of the Go form of a value, in lower-case hex.
fn hash<T: serde::Serialize>(value: &T) -> String {
    hex(&Sha256::digest(go_json::to_vec(value)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
