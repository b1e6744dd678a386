//! The containers of one service: kept, started, replaced, added, removed. Decides no reasons; those come from `reconcile`.

use super::Reconciler;
use crate::model::{Condition, Mount, Service};
use crate::plan::teardown;
use crate::plan::{Action, Container, Reason, State, StepId};

type Ready = Vec<(Condition, StepId)>;

impl<'a> Reconciler<'a> {
    pub(super) fn service(&mut self, service: &'a Service) {
        let gates = self.gates(service);
        let mut existing = self.existing(service);
        existing.retain(|container| !self.evicted.contains_key(container.id.as_str()));
        let existing = self.without_leftovers(service, existing);

        let wanted = service.replicas as usize;
        let kept = existing.len().min(wanted);
        for surplus in &existing[kept..] {
            self.remove(surplus, Reason::ScaledDown, vec![]);
        }
        let mut ready = Ready::new();
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
            let reason = self.reason_to_add(service, number);
            let created = self.create(service, number, None, reason.clone());
            let name = self.container_name(&service.name, number);
            ready.extend(self.start(service, name, reason, created, &gates));
        }
        self.ready.insert(&service.name, ready);
    }

    /// Why there is no container of that number: it was evicted for its own reason, or there never was one.
    fn reason_to_add(&self, service: &Service, number: u32) -> Reason {
        let existing = self.existing(service);
        let mut evicted = existing
            .iter()
            .filter(|c| c.number == number && self.evicted.contains_key(c.id.as_str()));
        let reason = evicted.next().and_then(|c| self.divergence(service, c));
        reason.unwrap_or(Reason::Missing)
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

    fn keep(&mut self, service: &'a Service, container: &Container, gates: &[StepId]) -> Ready {
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
        if !matches!(container.state, State::Running | State::Restarting) {
            let reason = Reason::NotRunning(container.state);
            return self.start(service, name, reason, after, gates);
        }
        after.extend(gates);
        let action = Action::Await {
            service: service.name.clone(),
            container: container.id.clone(),
            name,
            address: container.networks.values().find_map(|(_, ip)| *ip),
        };
        let ready = self.plan.push(action, Reason::Gate, after);
        vec![(Condition::Healthy, ready)]
    }

    fn replace(
        &mut self,
        service: &'a Service,
        container: &Container,
        reason: Reason,
        gates: &[StepId],
    ) -> Ready {
        let name = self.container_name(&service.name, container.number);
        let mut before = self.create(service, container.number, Some(container), reason.clone());
        before.extend(gates);
        before.push(self.remove(container, reason.clone(), before.clone()));
        let rename = Action::Rename {
            service: service.name.to_string(),
            container: temporary_name(container, &name),
            name: name.clone(),
        };
        let replaces = Reason::Replaces(container.name.clone());
        let renamed = self.plan.push(rename, replaces, before);
        self.start(service, name, reason, vec![renamed], gates)
    }

    /// The step that creates a container, and those that connect it to further networks.
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
        let evicted = self.existing(service);
        after.extend(
            evicted
                .iter()
                .filter_map(|c| self.evicted.get(c.id.as_str())),
        );
        after.extend(self.images.get(service.image.reference().as_str()));
        for key in &service.networks {
            after.extend(self.networks.get(key.as_str()));
        }
        for mount in &service.mounts {
            if let Mount::Volume { volume, .. } = mount {
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
    ) -> Ready {
        after.extend(gates);
        after.extend(self.port_holders(service));
        let action = Action::Start {
            service: service.name.to_string(),
            container: container.clone(),
        };
        let started = self.plan.push(action, reason, after);
        let action = Action::Await {
            service: service.name.clone(),
            name: container.clone(),
            container,
            address: None,
        };
        let ready = self.plan.push(action, Reason::Gate, vec![started]);
        vec![(Condition::Started, started), (Condition::Healthy, ready)]
    }

    /// Removals of the evicted containers that still hold a port which the service publishes.
    fn port_holders(&self, service: &Service) -> Vec<StepId> {
        let wanted: Vec<u16> = { service.openings() }
            .map(|opening| opening.publish.port.get())
            .collect();
        let containers = self.observed.containers.iter();
        containers
            .filter(|c| c.ports.iter().any(|(_, held, _)| wanted.contains(held)))
            .filter_map(|c| self.evicted.get(c.id.as_str()).copied())
            .collect()
    }

    /// Nothing that runs is removed before every image is there: a wrong tag must not cost a working service.
    pub(super) fn remove(
        &mut self,
        container: &Container,
        reason: Reason,
        mut after: Vec<StepId>,
    ) -> StepId {
        after.extend(self.images.values());
        teardown::remove(&mut self.plan, container, &reason, after)
    }
}

/// Compose's name for a container that will replace another: `<first 12 of the old id>_<final name>`.
fn temporary_name(old: &Container, final_name: &str) -> String {
    let short: String = old.id.chars().take(12).collect();
    format!("{short}_{final_name}")
}
