//! Deployment + observed facts → plan. The one place that decides what is created, kept, replaced or left alone.
//!
//! The rules follow docker compose (`pkg/compose/reconcile.go`), so that either tool accepts what the other made:
//! a container is replaced when its config hash, its image, its networks or its volumes differ from what is wanted.

use std::collections::BTreeMap;

use crate::model::{Condition, Deployment, Service, ServiceName};

use super::takeover::{self, Takeover};
use super::{Action, Container, Observed, Plan, Reason, State, StepId, teardown};

/// What the user asked of this run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Replace containers even if nothing changed.
    pub force_recreate: bool,
    /// Remove containers of services that the deployment does not have.
    pub remove_orphans: bool,
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
        takeover: Takeover::default(),
        ready: BTreeMap::new(),
    };
    reconciler.takeover = takeover::decide(&mut reconciler.plan, deployment, observed, options);
    reconciler.images();
    reconciler.networks();
    reconciler.volumes();
    for service in deployment.in_dependency_order() {
        reconciler.service(service);
    }
    if options.remove_orphans {
        reconciler.orphans();
    }
    reconciler.plan
}

struct Reconciler<'a> {
    deployment: &'a Deployment,
    hashes: &'a BTreeMap<ServiceName, String>,
    observed: &'a Observed,
    options: &'a Options,
    plan: Plan,
    images: BTreeMap<&'a str, StepId>,
    networks: BTreeMap<&'a str, StepId>,
    volumes: BTreeMap<&'a str, StepId>,
    /// Removals of leftovers by the name that is free after them.
    freed: BTreeMap<String, StepId>,
    takeover: Takeover,
    ready: BTreeMap<&'a ServiceName, Vec<(Condition, StepId)>>,
}

impl<'a> Reconciler<'a> {
    fn images(&mut self) {
        for service in self.deployment.services.values() {
            let reference = service.image.reference().as_str();
            if self.observed.images.contains_key(reference) || self.images.contains_key(reference) {
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

    fn networks(&mut self) {
        for key in self.deployment.networks.keys() {
            let name = self.full_name(key);
            if !self.observed.networks.contains_key(&name) {
                let action = Action::CreateNetwork {
                    network: key.clone(),
                };
                let id = self.plan.push(action, Reason::Missing, vec![]);
                self.networks.insert(key, id);
            }
        }
    }

    fn volumes(&mut self) {
        for key in self.deployment.volumes.keys() {
            if !self.observed.volumes.contains(&self.full_name(key)) {
                let action = Action::CreateVolume {
                    volume: key.clone(),
                };
                let id = self.plan.push(action, Reason::Missing, vec![]);
                self.volumes.insert(key, id);
            }
        }
    }

    fn full_name(&self, key: &str) -> String {
        format!("{}_{key}", self.deployment.project)
    }

    fn container_name(&self, service: &ServiceName, number: u32) -> String {
        format!("{}-{service}-{number}", self.deployment.project)
    }

    fn service(&mut self, service: &'a Service) {
        let gates = self.gates(service);
        let mut existing: Vec<&Container> = self
            .observed
            .containers
            .iter()
            .filter(|c| c.service == service.name.as_str())
            .collect();
        existing.sort_by_key(|c| (c.number, c.created));
        let existing = self.without_leftovers(service, existing);

        let wanted = service.replicas as usize;
        let kept = existing.len().min(wanted);
        for surplus in &existing[kept..] {
            self.remove(surplus, Reason::ScaledDown, vec![]);
        }
        let mut ready = Vec::new();
        for container in &existing[..kept] {
            let steps = match self.divergence(service, container) {
                Some(reason) => self.replace(service, container, reason, &gates),
                None => self.keep(service, container, &gates),
            };
            ready.extend(steps);
        }
        let mut number = 0;
        for _ in kept..wanted {
            number += 1;
            while existing[..kept].iter().any(|c| c.number == number) {
                number += 1;
            }
            let created = self.create(service, number, None, Reason::Missing);
            let name = self.container_name(&service.name, number);
            ready.extend(self.start(service, name, Reason::Missing, created, &gates));
        }
        self.ready.insert(&service.name, ready);
    }

    /// Steps that must have succeeded before a container of the service may start.
    fn gates(&self, service: &Service) -> Vec<StepId> {
        let mut gates = Vec::new();
        for (dependency, condition) in &service.depends_on {
            let steps = self.ready.get(dependency).into_iter().flatten();
            gates.extend(steps.filter(|(c, _)| c == condition).map(|(_, id)| *id));
        }
        gates
    }

    /// An interrupted replacement leaves `<old id>_<name>` beside the old container: then it goes. Where the old one is
    /// gone already, it is adopted and renamed by `keep`.
    fn without_leftovers(
        &mut self,
        service: &Service,
        existing: Vec<&'a Container>,
    ) -> Vec<&'a Container> {
        let mut kept: Vec<&Container> = Vec::new();
        for container in &existing {
            let final_name = self.container_name(&service.name, container.number);
            let has_twin = existing
                .iter()
                .any(|c| c.id != container.id && c.number == container.number);
            if container.name != final_name && has_twin {
                let removed = self.remove(container, Reason::Leftover, vec![]);
                self.freed.insert(container.name.clone(), removed);
            } else {
                kept.push(container);
            }
        }
        kept
    }

    fn divergence(&self, service: &Service, container: &Container) -> Option<Reason> {
        if self.options.force_recreate {
            return Some(Reason::Requested);
        }
        let hash = self.hashes.get(&service.name);
        if hash != Some(&container.config_hash) {
            return Some(Reason::Changed(container.changes.clone()));
        }
        let image = self.observed.images.get(service.image.reference().as_str());
        if image.is_some_and(|id| *id != container.image) {
            return Some(Reason::NewImage);
        }
        if matches!(container.state, State::Paused | State::Dead) {
            return Some(Reason::NotRunning(container.state));
        }
        for key in &service.networks {
            let name = self.full_name(key);
            let expected = self.observed.networks.get(&name).map(|n| n.id.as_str());
            let actual = container.networks.get(&name).map(|(id, _)| id.as_str());
            // A stopped container reports no network id: it is connected anew when it starts.
            let unknown = actual == Some("") && container.state != State::Running;
            if actual.is_none() || (!unknown && expected != actual) {
                return Some(Reason::NotConnected(name));
            }
        }
        for mount in &service.mounts {
            if let crate::model::Mount::Volume { volume, .. } = mount {
                let name = self.full_name(volume);
                if !container.volumes.contains(&name) {
                    return Some(Reason::NotMounted(name));
                }
            }
        }
        None
    }

    fn keep(
        &mut self,
        service: &'a Service,
        container: &Container,
        gates: &[StepId],
    ) -> Vec<(Condition, StepId)> {
        let mut after = Vec::new();
        let final_name = self.container_name(&service.name, container.number);
        let mut name = container.name.clone();
        if name != final_name && name.ends_with(&format!("_{final_name}")) {
            name = final_name;
            let action = Action::Rename {
                service: service.name.to_string(),
                container: container.id.clone(),
                name: name.clone(),
            };
            after.push(self.plan.push(action, Reason::Leftover, vec![]));
        }
        if matches!(container.state, State::Running | State::Restarting) {
            let action = Action::Await {
                service: service.name.clone(),
                container: container.id.clone(),
            };
            let id = self.plan.push(action, Reason::Gate, vec![]);
            return vec![(Condition::Healthy, id)];
        }
        let reason = Reason::NotRunning(container.state);
        self.start(service, name, reason, after, gates)
    }

    fn replace(
        &mut self,
        service: &'a Service,
        container: &Container,
        reason: Reason,
        gates: &[StepId],
    ) -> Vec<(Condition, StepId)> {
        let name = self.container_name(&service.name, container.number);
        let mut created = self.create(service, container.number, Some(container), reason.clone());
        created.extend(gates);
        let removed = self.remove(container, reason.clone(), created.clone());
        created.push(removed);
        let rename = Action::Rename {
            service: service.name.to_string(),
            container: temporary_name(container, &name),
            name: name.clone(),
        };
        let renamed = self
            .plan
            .push(rename, Reason::Replaces(container.name.clone()), created);
        self.start(service, name, reason, vec![renamed], gates)
    }

    fn create(
        &mut self,
        service: &'a Service,
        number: u32,
        replaced: Option<&Container>,
        reason: Reason,
    ) -> Vec<StepId> {
        let final_name = self.container_name(&service.name, number);
        let name = replaced.map_or(final_name.clone(), |c| temporary_name(c, &final_name));
        let action = Action::CreateContainer {
            service: service.name.clone(),
            number,
            name: name.clone(),
            replaces: replaced.map(|c| c.name.clone()),
        };
        let mut after: Vec<StepId> = self.freed.get(&name).copied().into_iter().collect();
        after.extend(self.images.get(service.image.reference().as_str()));
        for key in &service.networks {
            after.extend(self.networks.get(key.as_str()));
        }
        for mount in &service.mounts {
            if let crate::model::Mount::Volume { volume, .. } = mount {
                after.extend(self.volumes.get(volume.as_str()));
            }
        }
        let created = self.plan.push(action, reason.clone(), after);
        let mut last = vec![created];
        if !self.observed.create_with_networks {
            for network in service.networks.iter().skip(1) {
                let connect = Action::Connect {
                    service: service.name.clone(),
                    container: name.clone(),
                    network: network.clone(),
                };
                last.push(self.plan.push(connect, reason.clone(), vec![created]));
            }
        }
        last
    }

    fn start(
        &mut self,
        service: &'a Service,
        container: String,
        reason: Reason,
        mut after: Vec<StepId>,
        gates: &[StepId],
    ) -> Vec<(Condition, StepId)> {
        after.extend(gates);
        after.extend(self.takeover.before(service));
        let action = Action::Start {
            service: service.name.to_string(),
            container: container.clone(),
        };
        let started = self.plan.push(action, reason, after);
        let action = Action::Await {
            service: service.name.clone(),
            container,
        };
        let ready = self.plan.push(action, Reason::Gate, vec![started]);
        vec![(Condition::Started, started), (Condition::Healthy, ready)]
    }

    fn remove(&mut self, container: &Container, reason: Reason, after: Vec<StepId>) -> StepId {
        match self.takeover.stop_of(container) {
            None => teardown::remove(&mut self.plan, container, &reason, after),
            Some(stop) => {
                let after = after.into_iter().chain([stop]).collect();
                teardown::remove_stopped(&mut self.plan, container, &reason, after)
            }
        }
    }

    fn orphans(&mut self) {
        for container in &self.observed.containers {
            let known = self
                .deployment
                .services
                .keys()
                .any(|name| name.as_str() == container.service);
            if !known {
                self.remove(container, Reason::Orphan, vec![]);
            }
        }
    }
}

/// Compose's name for a container that will replace another: `<first 12 of the old id>_<final name>`.
fn temporary_name(old: &Container, final_name: &str) -> String {
    let short: String = old.id.chars().take(12).collect();
    format!("{short}_{final_name}")
}
