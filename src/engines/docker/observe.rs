//! The snapshot: containers, networks, volumes and images of a project in four parallel calls. Judges nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum, PortSummaryTypeEnum};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use futures_util::future::{join_all, try_join4};

use super::image::familiar;
use super::{DockerEngine, EngineError, failure};
use crate::model::Deployment;
use crate::plan::{Container, Observed, ObservedNetwork, State};
use crate::targets::compose;

impl DockerEngine {
    pub(super) async fn snapshot(
        &self,
        project: &str,
        deployment: Option<&Deployment>,
    ) -> Result<Observed, EngineError> {
        let (containers, networks, volumes, images) = try_join4(
            self.containers(project),
            self.networks(project, deployment),
            self.volumes(project),
            self.images(deployment),
        )
        .await?;
        let mut observed = Observed {
            containers,
            networks,
            volumes,
            images,
            create_with_networks: self.api >= (1, 44),
        };
        if let Some(deployment) = deployment {
            self.compare(&mut observed, deployment).await;
        }
        Ok(observed)
    }

    /// Containers of the project by compose's own filter (`project`, `config-hash` present, not one-off).
    pub(super) async fn containers(&self, project: &str) -> Result<Vec<Container>, EngineError> {
        let filters = HashMap::from([(
            "label".to_owned(),
            vec![
                format!("com.docker.compose.project={project}"),
                "com.docker.compose.config-hash".to_owned(),
                "com.docker.compose.oneoff=False".to_owned(),
            ],
        )]);
        let options = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let list = self.docker.list_containers(Some(options)).await;
        let list = list.map_err(|e| failure("list the containers of", project, &e))?;
        Ok(list.into_iter().map(container).collect())
    }

    /// Networks with the project's label, and those of other makers that have a name the deployment wants.
    async fn networks(
        &self,
        project: &str,
        deployment: Option<&Deployment>,
    ) -> Result<BTreeMap<String, ObservedNetwork>, EngineError> {
        let list = self
            .docker
            .list_networks(Some(ListNetworksOptionsBuilder::default().build()))
            .await
            .map_err(|e| failure("list the networks of", project, &e))?;
        let wanted: BTreeSet<String> = deployment
            .map(|d| {
                d.networks
                    .keys()
                    .map(|k| format!("{project}_{k}"))
                    .collect()
            })
            .unwrap_or_default();
        let mut networks = BTreeMap::new();
        for network in list {
            let (Some(name), Some(id)) = (network.name, network.id) else {
                continue;
            };
            let labels = network.labels.unwrap_or_default();
            let owned =
                labels.get("com.docker.compose.project").map(String::as_str) == Some(project);
            if owned || wanted.contains(&name) {
                let observed = ObservedNetwork {
                    id,
                    owned,
                    internal: network.internal.unwrap_or_default(),
                };
                networks.insert(name, observed);
            }
        }
        Ok(networks)
    }

    async fn volumes(&self, project: &str) -> Result<BTreeSet<String>, EngineError> {
        let filters = HashMap::from([(
            "label".to_owned(),
            vec![format!("com.docker.compose.project={project}")],
        )]);
        let options = ListVolumesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let response = self.docker.list_volumes(Some(options)).await;
        let response = response.map_err(|e| failure("list the volumes of", project, &e))?;
        let volumes = response.volumes.unwrap_or_default();
        Ok(volumes.into_iter().map(|volume| volume.name).collect())
    }

    /// Ids of the images that the deployment names, from one listing; digests and short names resolve as in Docker.
    async fn images(
        &self,
        deployment: Option<&Deployment>,
    ) -> Result<BTreeMap<String, String>, EngineError> {
        let Some(deployment) = deployment else {
            return Ok(BTreeMap::new());
        };
        let references: BTreeSet<&str> = deployment
            .services
            .values()
            .map(|service| service.image.reference().as_str())
            .collect();
        let names = references.iter().map(|reference| familiar(reference));
        let known = self.image_identities(names.collect()).await?;
        let references = references.into_iter();
        let found = references.filter_map(|reference| {
            let id = known.get(familiar(reference).as_str())?;
            Some((reference.to_owned(), id.clone()))
        });
        Ok(found.collect())
    }

    /// Fills `changes` of the containers whose hash differs; a container that cannot be inspected keeps none.
    async fn compare(&self, observed: &mut Observed, deployment: &Deployment) {
        let differing = observed.containers.iter_mut().filter_map(|container| {
            let service = deployment
                .services
                .values()
                .find(|s| s.name.as_str() == container.service)?;
            let hash = compose::config_hash(deployment, service, &self.directory);
            (hash != container.config_hash).then_some((container, service))
        });
        join_all(differing.map(async |(container, service)| {
            container.changes = self.differences(deployment, service, &container.id).await;
        }))
        .await;
    }
}

fn container(summary: ContainerSummary) -> Container {
    let labels = summary.labels.unwrap_or_default();
    let label = |name: &str| labels.get(&format!("com.docker.compose.{name}")).cloned();
    let names = summary.names.unwrap_or_default();
    let networks = summary
        .network_settings
        .and_then(|s| s.networks)
        .unwrap_or_default();
    let mounts = summary.mounts.unwrap_or_default();
    let depends_on = label("depends_on").unwrap_or_default();
    Container {
        id: summary.id.unwrap_or_default(),
        name: names
            .first()
            .map(|n| n.trim_start_matches('/').to_owned())
            .unwrap_or_default(),
        service: label("service").unwrap_or_default(),
        number: label("container-number")
            .and_then(|n| n.parse().ok())
            .unwrap_or_default(),
        config_hash: label("config-hash").unwrap_or_default(),
        image: label("image").or(summary.image_id).unwrap_or_default(),
        image_name: summary.image.unwrap_or_default(),
        state: state(summary.state),
        status: summary.status.unwrap_or_default(),
        networks: networks
            .into_iter()
            .map(|(name, endpoint)| {
                let address = endpoint.ip_address.and_then(|ip| ip.parse::<IpAddr>().ok());
                (name, (endpoint.network_id.unwrap_or_default(), address))
            })
            .collect(),
        volumes: mounts
            .into_iter()
            .filter(|m| m.typ.as_deref() == Some("volume"))
            .filter_map(|m| m.name)
            .collect(),
        ports: summary
            .ports
            .unwrap_or_default()
            .into_iter()
            .filter(|p| p.typ != Some(PortSummaryTypeEnum::UDP))
            .filter_map(|p| Some((p.ip?.parse().ok()?, p.public_port?, p.private_port)))
            .collect(),
        depends_on: depends_on
            .split(',')
            .filter_map(|d| d.split(':').next())
            .filter(|d| !d.is_empty())
            .map(str::to_owned)
            .collect(),
        changes: Vec::new(),
        created: summary.created.unwrap_or_default(),
    }
}

fn state(state: Option<ContainerSummaryStateEnum>) -> State {
    match state {
        Some(ContainerSummaryStateEnum::RUNNING) => State::Running,
        Some(ContainerSummaryStateEnum::PAUSED) => State::Paused,
        Some(ContainerSummaryStateEnum::RESTARTING) => State::Restarting,
        Some(ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::STOPPING) => {
            State::Exited
        }
        Some(ContainerSummaryStateEnum::REMOVING | ContainerSummaryStateEnum::DEAD) => State::Dead,
        _ => State::Created,
    }
}
