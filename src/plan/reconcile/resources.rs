//! Networks, volumes and images that are missing, and containers that must make way before anything new is made.

use std::collections::BTreeSet;

use super::Reconciler;
use crate::model::Service;
use crate::plan::{Action, Container, Reason, StepId};

impl<'a> Reconciler<'a> {
    /// Images that something will be created from. They come first: a wrong tag must not have stopped anything yet.
    pub(super) fn images(&mut self) {
        let deployment = self.deployment;
        for service in deployment.services.values() {
            let reference = service.image.reference().as_str();
            let known =
                self.observed.images.contains_key(reference) || self.images.contains_key(reference);
            if known || !self.is_chosen(service) || !self.creates(service) {
                continue;
            }
            let action = Action::ProvideImage {
                reference: reference.to_owned(),
                service: service.name.clone(),
            };
            let id = self.plan.push(action, Reason::Missing, vec![]);
            self.images.insert(reference, id);
        }
    }

    /// Whether a container of the service will be made.
    fn creates(&self, service: &Service) -> bool {
        let existing = self.existing(service);
        let wanted = service.replicas as usize;
        existing.len() < wanted
            || existing
                .iter()
                .take(wanted)
                .any(|container| self.divergence(service, container).is_some())
    }

    /// Containers that go first: orphans that are to go at all, those on a network that has to be made anew, and those that
    /// hold a port which another service will publish.
    pub(super) fn evictions(&mut self) {
        let changed = self.changed_networks();
        let observed = self.observed;
        for container in &observed.containers {
            let services = self.deployment.services.values();
            let owner = services
                .into_iter()
                .find(|s| s.name.as_str() == container.service);
            let reason = match owner {
                None => self.options.remove_orphans.then_some(Reason::Orphan),
                Some(service) if !self.is_chosen(service) => None,
                Some(service) => self.makes_way(service, container, &changed),
            };
            if let Some(reason) = reason {
                let removed = self.remove(container, reason, vec![]);
                self.evicted.insert(&container.id, removed);
            }
        }
    }

    fn makes_way(
        &self,
        service: &Service,
        container: &Container,
        changed: &BTreeSet<String>,
    ) -> Option<Reason> {
        let network = container
            .networks
            .keys()
            .find(|name| changed.contains(*name));
        if let Some(network) = network {
            return Some(Reason::NotConnected(network.clone()));
        }
        let mut others = self.deployment.services.values();
        let (taker, port) = others.find_map(|other| {
            let held = |port: &u16| container.ports.iter().any(|(_, held, _)| held == port);
            let mut wanted = other.openings().map(|opening| opening.publish.port.get());
            let port = wanted.find(held)?;
            (other.name != service.name).then_some((other, port))
        })?;
        // What it publishes is part of its configuration: it is replaced in any case.
        self.divergence(service, container)?;
        Some(Reason::PortTaken(taker.name.to_string(), port))
    }

    /// Full names of this project's own networks whose openness is not what is wanted.
    fn changed_networks(&self) -> BTreeSet<String> {
        let wanted = self.deployment.networks.iter();
        wanted
            .map(|(key, network)| (self.full_name(key), network))
            .filter(|(name, network)| {
                let there = self.observed.networks.get(name);
                there.is_some_and(|n| n.owned && n.internal != network.internal)
            })
            .map(|(name, _)| name)
            .collect()
    }

    pub(super) fn networks(&mut self) {
        let changed = self.changed_networks();
        let deployment = self.deployment;
        for key in deployment.networks.keys() {
            let name = self.full_name(key);
            let (after, reason) = if changed.contains(&name) {
                let after: Vec<StepId> = self.evicted.values().copied().collect();
                let action = Action::RemoveNetwork { name };
                let reason = Reason::Changed(vec![]);
                (vec![self.plan.push(action, reason.clone(), after)], reason)
            } else if self.observed.networks.contains_key(&name) {
                continue;
            } else {
                (vec![], Reason::Missing)
            };
            let action = Action::CreateNetwork {
                network: key.clone(),
            };
            let id = self.plan.push(action, reason, after);
            self.networks.insert(key, id);
        }
    }

    pub(super) fn volumes(&mut self) {
        let deployment = self.deployment;
        for key in deployment.volumes.keys() {
            if !self.observed.volumes.contains(&self.full_name(key)) {
                let action = Action::CreateVolume {
                    volume: key.clone(),
                };
                let id = self.plan.push(action, Reason::Missing, vec![]);
                self.volumes.insert(key, id);
            }
        }
    }
}
