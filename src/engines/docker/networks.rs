//! Every network of the engine, not only a project's: what can overlap, and what pools are left.

use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder};
use std::collections::HashMap;

use super::{DockerEngine, EngineError, failure};

/// A network of the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkFacts {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// `bridge`, `host`, `overlay` …
    pub driver: String,
    /// Compose project.
    pub project: Option<String>,
    /// No way to or from the outside.
    pub internal: bool,
    /// Subnets as CIDR.
    pub subnets: Vec<String>,
    /// Options of its driver.
    pub options: HashMap<String, String>,
}

impl DockerEngine {
    /// All networks there are.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn all_networks(&self) -> Result<Vec<NetworkFacts>, EngineError> {
        let options = ListNetworksOptionsBuilder::default().build();
        let list = self.docker.list_networks(Some(options)).await;
        let subject = self.endpoint.to_string();
        let list = list.map_err(|e| failure("list the networks of", &subject, &e))?;
        let facts = list.into_iter().map(|network| {
            let labels = network.labels.unwrap_or_default();
            let configs = network.ipam.and_then(|ipam| ipam.config);
            NetworkFacts {
                name: network.name.unwrap_or_default(),
                id: network.id.unwrap_or_default(),
                driver: network.driver.unwrap_or_default(),
                project: labels.get("com.docker.compose.project").cloned(),
                internal: network.internal.unwrap_or_default(),
                subnets: configs
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|config| config.subnet)
                    .collect(),
                options: network.options.unwrap_or_default(),
            }
        });
        Ok(facts.collect())
    }

    /// Names of the running containers in a network; none if they cannot be listed.
    pub async fn members(&self, network: &str) -> Vec<String> {
        let filters = HashMap::from([("network".to_owned(), vec![network.to_owned()])]);
        let options = ListContainersOptionsBuilder::default()
            .filters(&filters)
            .build();
        let list = self.docker.list_containers(Some(options)).await;
        let names = list.unwrap_or_default().into_iter().filter_map(|found| {
            let name = found.names?.into_iter().next()?;
            Some(name.trim_start_matches('/').to_owned())
        });
        names.collect()
    }
}
