//! Containers that live for one question: made, asked, always removed with their volumes and network; those of processes that were killed
//! are recognised by their labels.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, NetworkCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
    RemoveContainerOptionsBuilder,
};

use super::apply::accept;
use super::{DockerEngine, EngineError, failure};

/// Marks what is to be thrown away; its value tells by whom: `HOST/PROCESS`.
const LABEL: &str = "ai.atlas.throwaway";

/// A container for one question.
#[derive(Debug, Clone, Default)]
pub struct Throwaway {
    /// What it is for, as a part of its name.
    pub purpose: &'static str,
    /// A reference that the engine has.
    pub image: String,
    /// Overrides the image's entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Overrides the image's command.
    pub command: Option<Vec<String>>,
    /// Files of the engine's machine and where they are in the container, read-only.
    pub files: Vec<(String, String)>,
    /// A network of its own, closed to the outside, that this machine reaches; else none at all.
    pub network: bool,
}

impl DockerEngine {
    /// Makes the container, not yet started, hands its id to `work`, and removes it whatever comes of that.
    ///
    /// # Errors
    /// Those of `work`; else it cannot be made, or cannot be removed.
    pub async fn with_throwaway<T, E: From<EngineError>>(
        &self,
        wanted: &Throwaway,
        work: impl AsyncFnOnce(&str) -> Result<T, E>,
    ) -> Result<T, E> {
        let name = name(wanted.purpose)?;
        let outcome = match self.make_throwaway(wanted, &name).await {
            Ok(container) => work(&container).await,
            Err(error) => Err(error.into()),
        };
        let removed = self.remove_throwaway(&name).await;
        let value = outcome?;
        removed?;
        Ok(value)
    }

    /// Removes what processes of this machine left behind when they were killed; returns the names.
    ///
    /// # Errors
    /// The engine's.
    pub async fn sweep_throwaways(&self) -> Result<Vec<String>, EngineError> {
        let mut left = Vec::new();
        let filters = HashMap::from([("label", vec![LABEL])]);
        let containers = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let containers = self.docker.list_containers(Some(containers)).await;
        for container in containers.map_err(|cause| failure("list", "containers", &cause))? {
            let name = container.names.and_then(|names| names.into_iter().next());
            left.extend(name.filter(|_| is_orphan(container.labels.as_ref())));
        }
        let networks = ListNetworksOptionsBuilder::default()
            .filters(&filters)
            .build();
        let networks = self.docker.list_networks(Some(networks)).await;
        for network in networks.map_err(|cause| failure("list", "networks", &cause))? {
            left.extend(network.name.filter(|_| is_orphan(network.labels.as_ref())));
        }
        let mut left: Vec<String> = left
            .into_iter()
            .map(|name| name.trim_start_matches('/').to_owned())
            .collect();
        left.sort();
        left.dedup();
        for name in &left {
            self.remove_throwaway(name).await?;
        }
        Ok(left)
    }

    async fn make_throwaway(&self, wanted: &Throwaway, name: &str) -> Result<String, EngineError> {
        let labels = HashMap::from([(LABEL.to_owned(), owner())]);
        if wanted.network {
            let request = NetworkCreateRequest {
                name: name.to_owned(),
                driver: Some("bridge".into()),
                internal: Some(true),
                labels: Some(labels.clone()),
                ..Default::default()
            };
            let created = self.docker.create_network(request).await;
            created.map_err(|cause| failure("create network", name, &cause))?;
        }
        let network = if wanted.network { name } else { "none" };
        let request = ContainerCreateBody {
            image: Some(wanted.image.clone()),
            entrypoint: wanted.entrypoint.clone(),
            cmd: wanted.command.clone(),
            labels: Some(labels),
            host_config: Some(HostConfig {
                network_mode: Some(network.to_owned()),
                mounts: Some(wanted.files.iter().map(mounted).collect()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let created = self.docker.create_container(Some(options), request).await;
        let created = created.map_err(|cause| failure("create", name, &cause))?;
        Ok(created.id)
    }

    async fn remove_throwaway(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(true)
            .build();
        let removed = self.docker.remove_container(name, Some(options)).await;
        accept(removed, &[404, 409], "remove", name)?;
        let removed = self.docker.remove_network(name).await;
        accept(removed, &[404], "remove network", name)
    }
}

fn mounted((source, target): &(String, String)) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source.clone()),
        target: Some(target.clone()),
        read_only: Some(true),
        ..Default::default()
    }
}

/// A name that no other has.
fn name(purpose: &str) -> Result<String, EngineError> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|cause| EngineError {
        operation: "name",
        subject: purpose.to_owned(),
        cause: cause.to_string(),
        hint: None,
        unreachable: false,
    })?;
    Ok(format!("atlas-{purpose}-{}", super::endpoint::hex(&random)))
}

/// This process.
fn owner() -> String {
    format!("{}/{}", host(), std::process::id())
}

fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Whether the process that made it is of this machine, and gone.
fn is_orphan(labels: Option<&HashMap<String, String>>) -> bool {
    let owner = labels.and_then(|labels| labels.get(LABEL)?.rsplit_once('/'));
    let Some((machine, process)) = owner else {
        return false;
    };
    let process = process
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    machine == host()
        && process.is_none_or(|process| {
            rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
        })
}
