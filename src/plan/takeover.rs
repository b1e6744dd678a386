//! Host ports that move from one service to another: who has one stops before the new owner starts.

use std::collections::BTreeMap;

use super::teardown::is_up;
use super::{Action, Container, Observed, Options, Plan, Reason, StepId};
use crate::model::{Deployment, Service};

/// The stops that free ports.
#[derive(Default)]
pub(super) struct Takeover {
    stops: BTreeMap<String, StepId>,
    ports: BTreeMap<u16, Vec<StepId>>,
}

impl Takeover {
    /// The stop of a container that is already in the plan.
    pub(super) fn stop_of(&self, container: &Container) -> Option<StepId> {
        self.stops.get(&container.id).copied()
    }

    /// What must have stopped before a container of the service may start.
    pub(super) fn before(&self, service: &Service) -> &[StepId] {
        let port = service.publish.map(|publish| publish.port.get());
        let stops = port.and_then(|port| self.ports.get(&port));
        stops.map_or(&[], Vec::as_slice)
    }
}

/// Stops the containers whose port belongs to another service now. They are replaced or removed in any case: what they
/// publish is part of their configuration. What is an orphan and to stay keeps its port.
pub(super) fn decide(
    plan: &mut Plan,
    deployment: &Deployment,
    observed: &Observed,
    options: &Options,
) -> Takeover {
    let mut takeover = Takeover::default();
    let owner = |port: u16| {
        let mut services = deployment.services.values();
        services.find(|s| s.publish.is_some_and(|p| p.port.get() == port))
    };
    for container in observed.containers.iter().filter(|c| is_up(c)) {
        let names = deployment.services.keys();
        let known = names.into_iter().any(|n| n.as_str() == container.service);
        if !known && !options.remove_orphans {
            continue;
        }
        for (_, port, _) in &container.ports {
            let Some(owner) = owner(*port).filter(|s| s.name.as_str() != container.service) else {
                continue;
            };
            let stop = *takeover
                .stops
                .entry(container.id.clone())
                .or_insert_with(|| {
                    let action = Action::Stop {
                        service: container.service.clone(),
                        container: container.id.clone(),
                        name: container.name.clone(),
                    };
                    let reason = Reason::PortTaken(owner.name.to_string(), *port);
                    plan.push(action, reason, vec![])
                });
            takeover.ports.entry(*port).or_default().push(stop);
        }
    }
    takeover
}
