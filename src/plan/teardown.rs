//! Plans over containers that exist: down, stop, start, restart. They need no deployment; the labels carry the order.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::ServiceName;

use super::{Action, Container, Observed, Plan, Reason, State, StepId};

/// Stops and removes everything of the project, dependents first; volumes only if asked for.
pub fn down(observed: &Observed, volumes: bool) -> Plan {
    let mut plan = Plan::default();
    let stopped = stop_in_order(&mut plan, observed.containers.iter().collect());
    let mut removed = Vec::new();
    for container in &observed.containers {
        let action = Action::Remove {
            service: container.service.clone(),
            container: container.id.clone(),
            name: container.name.clone(),
        };
        let after = stopped.get(container.id.as_str()).copied().into_iter();
        removed.push(plan.push(action, Reason::Requested, after.collect()));
    }
    for (name, network) in &observed.networks {
        if network.owned {
            let action = Action::RemoveNetwork { name: name.clone() };
            plan.push(action, Reason::Requested, removed.clone());
        }
    }
    if volumes {
        for name in &observed.volumes {
            let action = Action::RemoveVolume { name: name.clone() };
            plan.push(action, Reason::Requested, removed.clone());
        }
    }
    plan
}

/// Stops the running containers of the named services (all, if none is named), dependents first.
pub fn stop(observed: &Observed, services: &BTreeSet<String>) -> Plan {
    let mut plan = Plan::default();
    stop_in_order(&mut plan, chosen(observed, services));
    plan
}

/// Starts the stopped containers of the named services (all, if none is named), dependencies first.
pub fn start(observed: &Observed, services: &BTreeSet<String>) -> Plan {
    let mut plan = Plan::default();
    let containers = chosen(observed, services);
    start_in_order(&mut plan, &containers, &BTreeMap::new());
    plan
}

/// Stops and starts the named services (all, if none is named) in their order.
pub fn restart(observed: &Observed, services: &BTreeSet<String>) -> Plan {
    let mut plan = Plan::default();
    let containers = chosen(observed, services);
    let stopped = stop_in_order(&mut plan, containers.clone());
    start_in_order(&mut plan, &containers, &stopped);
    plan
}

/// Stop (where it runs) and removal of one container; returns the removal.
pub(super) fn remove(
    plan: &mut Plan,
    container: &Container,
    reason: &Reason,
    mut after: Vec<StepId>,
) -> StepId {
    if is_up(container) {
        let action = Action::Stop {
            service: container.service.clone(),
            container: container.id.clone(),
            name: container.name.clone(),
        };
        after = vec![plan.push(action, reason.clone(), after)];
    }
    let action = Action::Remove {
        service: container.service.clone(),
        container: container.id.clone(),
        name: container.name.clone(),
    };
    plan.push(action, reason.clone(), after)
}

fn is_up(container: &Container) -> bool {
    matches!(
        container.state,
        State::Running | State::Restarting | State::Paused
    )
}

fn chosen<'a>(observed: &'a Observed, services: &BTreeSet<String>) -> Vec<&'a Container> {
    let containers = observed.containers.iter();
    containers
        .filter(|c| services.is_empty() || services.contains(&c.service))
        .collect()
}

/// Stop steps by container id: a container stops after everything that depends on its service.
fn stop_in_order<'a>(plan: &mut Plan, containers: Vec<&'a Container>) -> BTreeMap<&'a str, StepId> {
    let mut steps = BTreeMap::new();
    for level in levels(&containers).into_iter().rev() {
        for container in level {
            if !is_up(container) {
                continue;
            }
            let after = containers
                .iter()
                .filter(|other| other.depends_on.contains(&container.service))
                .filter_map(|other| steps.get(other.id.as_str()).copied());
            let after = after.collect();
            let action = Action::Stop {
                service: container.service.clone(),
                container: container.id.clone(),
                name: container.name.clone(),
            };
            steps.insert(
                container.id.as_str(),
                plan.push(action, Reason::Requested, after),
            );
        }
    }
    steps
}

fn start_in_order(plan: &mut Plan, containers: &[&Container], stopped: &BTreeMap<&str, StepId>) {
    let mut ready: BTreeMap<&str, Vec<StepId>> = BTreeMap::new();
    for container in levels(containers).into_iter().flatten() {
        let mut after: Vec<StepId> = stopped
            .get(container.id.as_str())
            .copied()
            .into_iter()
            .collect();
        for dependency in &container.depends_on {
            after.extend(ready.get(dependency.as_str()).into_iter().flatten());
        }
        if is_up(container) && stopped.is_empty() {
            continue;
        }
        let action = Action::Start {
            service: container.service.clone(),
            container: container.name.clone(),
        };
        let mut last = plan.push(action, Reason::Requested, after);
        if let Ok(service) = container.service.parse::<ServiceName>() {
            let action = Action::Await {
                service,
                container: container.name.clone(),
                name: container.name.clone(),
                address: None,
            };
            last = plan.push(action, Reason::Gate, vec![last]);
        }
        ready.entry(&container.service).or_default().push(last);
    }
}

/// Containers by depth of their dependencies: level 0 depends on nothing here. What a circle of foreign labels
/// contains comes last, in one level.
fn levels<'a>(containers: &[&'a Container]) -> Vec<Vec<&'a Container>> {
    let present: BTreeSet<&str> = containers.iter().map(|c| c.service.as_str()).collect();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<&Container> = containers.to_vec();
    let mut levels = Vec::new();
    while !waiting.is_empty() {
        let (mut level, mut rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|c| {
            c.depends_on
                .iter()
                .all(|d| !present.contains(d.as_str()) || placed.contains(d.as_str()))
        });
        if level.is_empty() {
            std::mem::swap(&mut level, &mut rest);
        }
        placed.extend(level.iter().map(|c| c.service.as_str()));
        levels.push(level);
        waiting = rest;
    }
    levels
}
