//! What else runs on the engine beside a project, and which driver writes a container's log.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bollard::models::ContainerSummary;
use bollard::query_parameters::ListContainersOptionsBuilder;

use super::{DockerEngine, EngineError, failure};

/// A running container of any project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Name without the leading slash.
    pub name: String,
    /// The reference it was made from.
    pub image: String,
    /// Its address by network name.
    pub addresses: BTreeMap<String, IpAddr>,
    /// What of the host is mounted into it.
    pub sources: BTreeSet<String>,
}

impl DockerEngine {
    /// Every running container.
    ///
    /// # Errors
    /// The engine's.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>, EngineError> {
        let options = ListContainersOptionsBuilder::default().build();
        let list = self.docker.list_containers(Some(options)).await;
        let list = list.map_err(|cause| failure("list", "all containers", &cause))?;
        Ok(list.into_iter().filter_map(neighbour).collect())
    }

    /// The logging driver of a container.
    ///
    /// # Errors
    /// The engine's.
    pub async fn log_driver(&self, container: &str) -> Result<String, EngineError> {
        let inspected = self.docker.inspect_container(container, None).await;
        let inspected = inspected.map_err(|cause| failure("inspect", container, &cause))?;
        let driver = inspected.host_config.and_then(|host| host.log_config?.typ);
        Ok(driver.unwrap_or_default())
    }
}

fn neighbour(container: ContainerSummary) -> Option<Neighbour> {
    let networks = container
        .network_settings
        .and_then(|settings| settings.networks);
    let addresses = networks.unwrap_or_default().into_iter();
    let addresses =
        addresses.filter_map(|(name, endpoint)| Some((name, endpoint.ip_address?.parse().ok()?)));
    let mounts = container.mounts.unwrap_or_default().into_iter();
    Some(Neighbour {
        name: container.names?.first()?.trim_start_matches('/').to_owned(),
        image: container.image?,
        addresses: addresses.collect(),
        sources: mounts.filter_map(|mount| mount.source).collect(),
    })
}
