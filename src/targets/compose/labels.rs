//! The labels by which `docker compose` finds containers, networks and volumes. Owns their names and values (docker/compose
//! `pkg/api/labels.go`); the hash inside comes from `spec`.

use std::collections::BTreeMap;
use std::path::Path;

use super::{CONTRACT, config_hash, network_hash, secrets, volume_hash};
use crate::model::{Condition, Deployment, Network, ProjectName, Service, ServiceName, Volume};

const PREFIX: &str = "com.docker.compose.";

fn label(name: &str, value: impl Into<String>) -> (String, String) {
    (format!("{PREFIX}{name}"), value.into())
}

/// All labels of a container: the service's own, overridden by Compose's. `image_id` is the engine's id of the image;
/// `working_dir` (the project directory) and `config_file` are absolute.
pub fn container_labels(
    deployment: &Deployment,
    service: &Service,
    number: u32,
    image_id: &str,
    working_dir: &Path,
    config_file: &Path,
) -> BTreeMap<String, String> {
    let mut labels = secrets::user_labels(deployment, service);
    labels.extend([
        label("project", deployment.project.as_str()),
        label("service", service.name.as_str()),
        label("config-hash", config_hash(deployment, service, working_dir)),
        label("oneoff", "False"),
        label("container-number", number.to_string()),
        label("project.working_dir", working_dir.to_string_lossy()),
        label("project.config_files", config_file.to_string_lossy()),
        label("version", CONTRACT),
        label("depends_on", depends_on(deployment, service)),
        label("image", image_id),
    ]);
    labels
}

/// The labels of a network.
pub fn network_labels(
    project: &ProjectName,
    key: &str,
    network: &Network,
) -> BTreeMap<String, String> {
    BTreeMap::from([
        label("network", key),
        label("project", project.as_str()),
        label("version", CONTRACT),
        label("config-hash", network_hash(project, key, network)),
    ])
}

/// The labels of a volume.
pub fn volume_labels(
    project: &ProjectName,
    key: &str,
    volume: &Volume,
) -> BTreeMap<String, String> {
    BTreeMap::from([
        label("volume", key),
        label("project", project.as_str()),
        label("version", CONTRACT),
        label("config-hash", volume_hash(project, key, volume)),
    ])
}

/// `mongodb:service_healthy:false,redis:service_started:false`, alphabetical.
fn depends_on(deployment: &Deployment, service: &Service) -> String {
    let dependencies: Vec<String> = service
        .depends_on
        .iter()
        .map(|(name, condition)| {
            let condition = compose_condition(deployment, name, *condition);
            format!("{name}:{condition}:false")
        })
        .collect();
    dependencies.join(",")
}

/// Compose's condition. A dependency without a health check can only be waited for until it has started. A dependent never
/// restarts with its dependency: the services find their way back by themselves.
pub(super) fn compose_condition(
    deployment: &Deployment,
    dependency: &ServiceName,
    condition: Condition,
) -> &'static str {
    let dependency = deployment.services.get(dependency);
    let checked = dependency.is_some_and(|service| service.healthcheck_command().is_some());
    match condition {
        Condition::Healthy if checked => "service_healthy",
        Condition::Healthy | Condition::Started => "service_started",
    }
}
