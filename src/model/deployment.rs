//! The whole deployment. Owns how services, networks, volumes and secrets belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, ImageSource, ProjectName, PublicUrl, Secret, Service, ServiceName};

/// Everything that shall run, validated.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// Compose project name.
    pub project: ProjectName,
    /// Development or production.
    pub stage: Stage,
    /// The address by which clients reach the gateway from outside, if it is known.
    pub public_url: Option<PublicUrl>,
    /// Where settings, history and limits are kept.
    pub data: DataMode,
    /// Whether health checks may begin at a quicker pace (`start_interval`): engines before 25 refuse it.
    pub start_interval: bool,
    /// Which image source was asked for.
    pub source: ImageSource,
    /// Services by name.
    pub services: BTreeMap<ServiceName, Service>,
    /// Networks by key; the engine's name is `<project>_<key>`.
    pub networks: BTreeMap<String, Network>,
    /// Volumes by key; the engine's name is `<project>_<key>`.
    pub volumes: BTreeMap<String, Volume>,
    /// Contents of the secret files by name; written to `.atlas/secrets/<name>`.
    pub secrets: BTreeMap<String, Secret>,
    /// What the files of the service of kind [`super::Kind::Edge`] are written from, if there is one.
    pub edge: Option<Edge>,
}

/// What the deployment is for; production refuses what development only warns about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A person trying things.
    Development,
    /// Real users.
    Production,
}

/// Where data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataMode {
    /// MongoDB and Redis containers of the deployment.
    Containers,
    /// MongoDB and Redis elsewhere, by URL.
    External,
    /// A store inside the gateway's volume; limits in memory.
    Embedded,
}

/// A network of the deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// No way to or from the outside.
    pub internal: bool,
}

/// A named volume of the deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volume {}

impl Deployment {
    /// The named services and everything they depend on; names that are not there are left out.
    pub fn closure(&self, names: &[String]) -> BTreeSet<ServiceName> {
        let named = |service: &&Service| names.iter().any(|name| name == service.name.as_str());
        let mut waiting: Vec<&Service> = self.services.values().filter(named).collect();
        let mut closure = BTreeSet::new();
        while let Some(service) = waiting.pop() {
            if closure.insert(service.name.clone()) {
                waiting.extend(
                    service
                        .depends_on
                        .keys()
                        .filter_map(|d| self.services.get(d)),
                );
            }
        }
        closure
    }

    /// Services in an order in which every dependency comes before its dependents; ties are alphabetical per level.
    pub fn in_dependency_order(&self) -> Vec<&Service> {
        let mut waiting: BTreeMap<&ServiceName, usize> = BTreeMap::new();
        let mut dependents: BTreeMap<&ServiceName, Vec<&Service>> = BTreeMap::new();
        let mut order: Vec<&Service> = Vec::with_capacity(self.services.len());
        for service in self.services.values() {
            if service.depends_on.is_empty() {
                order.push(service);
            }
            waiting.insert(&service.name, service.depends_on.len());
            for dependency in service.depends_on.keys() {
                dependents.entry(dependency).or_default().push(service);
            }
        }
        let mut next = 0;
        while let Some(placed) = order.get(next).copied() {
            next += 1;
            for service in dependents.remove(&placed.name).unwrap_or_default() {
                if let Some(count) = waiting.get_mut(&service.name) {
                    *count -= 1;
                    if *count == 0 {
                        order.push(service);
                    }
                }
            }
        }
        order
    }
}
