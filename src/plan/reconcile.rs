//! Deployment + observed facts → plan. The one place that decides what is created, kept, replaced or left alone.
//!
//! The rules follow docker compose (`pkg/compose/reconcile.go`), so that either tool accepts what the other made:
//! a container is replaced when its config hash, its image, its networks or its volumes differ from what is wanted.
//! `containers` turns the decisions into steps; `resources` plans networks, volumes and images, and what must make way.

mod containers;
mod resources;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Condition, Deployment, Mount, Service, ServiceName};

use super::{Container, Observed, Plan, Reason, State, StepId};

/// What the user asked of this run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Replace containers even if nothing changed.
    pub force_recreate: bool,
    /// Remove containers of services that the deployment does not have.
    pub remove_orphans: bool,
    /// Touch only these services; `None` means all.
    pub only: Option<BTreeSet<ServiceName>>,
}

/// Decides the steps that make the engine equal to the deployment. `hashes` holds each service's Compose config hash.
pub fn reconcile(
    deployment: &Deployment,
    hashes: &BTreeMap<ServiceName, String>,
    observed: &Observed,
    options: &Options,
) -> Plan {
    let mut reconciler = Reconciler {
        deployment,
        hashes,
        observed,
        options,
        plan: Plan::default(),
        images: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        freed: BTreeMap::new(),
        evicted: BTreeMap::new(),
        ready: BTreeMap::new(),
    };
    reconciler.images();
    reconciler.evictions();
    reconciler.networks();
    reconciler.volumes();
    for service in deployment.in_dependency_order() {
        if reconciler.is_chosen(service) {
            reconciler.service(service);
        }
    }
    reconciler.plan
}

struct Reconciler<'a> {
    deployment: &'a Deployment,
    hashes: &'a BTreeMap<ServiceName, String>,
    observed: &'a Observed,
    options: &'a Options,
    plan: Plan,
    /// Images to be made available, by reference.
    images: BTreeMap<&'a str, StepId>,
    /// Networks to be created, by key.
    networks: BTreeMap<&'a str, StepId>,
    /// Volumes to be created, by key.
    volumes: BTreeMap<&'a str, StepId>,
    /// Removals of leftovers by the name that is free after them.
    freed: BTreeMap<String, StepId>,
    /// Containers that go before anything new comes, by id.
    evicted: BTreeMap<&'a str, StepId>,
    /// When each service counts as there.
    ready: BTreeMap<&'a ServiceName, Vec<(Condition, StepId)>>,
}

impl<'a> Reconciler<'a> {
    fn is_chosen(&self, service: &Service) -> bool {
        let only = self.options.only.as_ref();
        only.is_none_or(|only| only.contains(&service.name))
    }

    fn full_name(&self, key: &str) -> String {
        format!("{}_{key}", self.deployment.project)
    }

    fn container_name(&self, service: &ServiceName, number: u32) -> String {
        format!("{}-{service}-{number}", self.deployment.project)
    }

    /// Containers of a service by number; the older of two with the same number first.
    fn existing(&self, service: &Service) -> Vec<&'a Container> {
        let containers = self.observed.containers.iter();
        let mut existing: Vec<&Container> = containers
            .filter(|c| c.service == service.name.as_str())
            .collect();
        existing.sort_by_key(|c| (c.number, c.created));
        existing
    }

    /// Why a container is not what is wanted; `None` when it is.
    fn divergence(&self, service: &Service, container: &Container) -> Option<Reason> {
        if self.options.force_recreate {
            return Some(Reason::Requested);
        }
        if self.hashes.get(&service.name) != Some(&container.config_hash) {
            return Some(Reason::Changed(container.changes.clone()));
        }
        let image = self.observed.images.get(service.image.reference().as_str());
        if image.is_some_and(|id| *id != container.image) {
            return Some(Reason::NewImage);
        }
        if matches!(container.state, State::Paused | State::Dead) {
            return Some(Reason::NotRunning(container.state));
        }
        self.disconnected(service, container)
            .or_else(|| self.unmounted(service, container))
    }

    fn disconnected(&self, service: &Service, container: &Container) -> Option<Reason> {
        service.networks.iter().find_map(|key| {
            let name = self.full_name(key);
            let expected = self.observed.networks.get(&name).map(|n| n.id.as_str());
            let actual = container.networks.get(&name).map(|(id, _)| id.as_str());
            // A stopped container may report no network id: it is connected anew when it starts.
            let unknown = actual == Some("") && container.state != State::Running;
            let connected = expected.is_some() && (expected == actual || unknown);
            (!connected).then_some(Reason::NotConnected(name))
        })
    }

    fn unmounted(&self, service: &Service, container: &Container) -> Option<Reason> {
        service.mounts.iter().find_map(|mount| match mount {
            Mount::Volume { volume, .. } => {
                let name = self.full_name(volume);
                (!container.volumes.contains(&name)).then_some(Reason::NotMounted(name))
            }
            Mount::Bind { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests;
