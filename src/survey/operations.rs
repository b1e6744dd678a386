//! Looks for the facts of `checks::operations`. Counting requests until the gateway refuses is the one thing here that is
//! noticed by what is looked at; it is done for the checklist alone, as a client that nobody else is.

mod logs;
mod metrics;
mod rate;

use std::net::{IpAddr, SocketAddr};

use super::Scene;
use crate::checks::operations::Operations;
use crate::checks::{Known, NOT_UP, Unknown};
use crate::engines::Engine;
use crate::engines::docker::Neighbour;
use crate::model::{EnvValue, Kind, Service};
use crate::plan::{Container, State};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Operations> {
    let engine = scene.engine()?;
    scene.deployment()?;
    let neighbours = engine.neighbours().await;
    let neighbours = neighbours.map_err(|error| Unknown::Unseen(error.to_string()))?;
    let (rate, metrics, logs) = tokio::join!(
        rate::look(scene),
        metrics::look(scene, &neighbours),
        logs::look(scene, &neighbours),
    );
    Ok(Operations {
        rate,
        metrics,
        logs,
    })
}

/// The gateway as it is described and as it runs.
pub(super) struct Gateway<'a> {
    service: &'a Service,
    container: &'a Container,
    pub(super) address: SocketAddr,
}

impl<'a> Gateway<'a> {
    /// `None` where the deployment has none.
    pub(super) fn find(scene: &Scene<'a>) -> Known<Option<Self>> {
        let services = &scene.deployment()?.services;
        let Some(service) = services
            .values()
            .find(|service| service.kind == Kind::Gateway)
        else {
            return Ok(None);
        };
        let containers = &scene.observed()?.containers;
        let mut own = containers
            .iter()
            .filter(|c| c.service == service.name.as_str());
        let running = own.find(|container| container.state == State::Running);
        let unseen = |why: &str| Unknown::Unseen(why.to_owned());
        let container = running.ok_or_else(|| match containers.is_empty() {
            true => unseen(&format!("{NOT_UP}; `atlas up` starts it")),
            false => unseen("the gateway does not run"),
        })?;
        let addresses = container
            .networks
            .values()
            .filter_map(|(_, address)| *address);
        let address = { addresses }.find(IpAddr::is_ipv4);
        let address = address.ok_or_else(|| unseen("the gateway has no address of its own"))?;
        Ok(Some(Self {
            service,
            container,
            address: SocketAddr::new(address, service.port.get()),
        }))
    }

    /// Whether it can be reached from here by its address.
    pub(super) fn is_near(&self, scene: &Scene<'_>) -> Known<()> {
        match scene.engine()?.is_local() {
            true => Ok(()),
            false => {
                let why = "containers are reached on the engine's machine only; run atlas there";
                Err(Unknown::Unseen(why.to_owned()))
            }
        }
    }

    /// A variable of it that is no secret.
    pub(super) fn variable(&self, name: &str) -> Option<&'a str> {
        match self.service.environment.get(name)? {
            EnvValue::Plain(value) => Some(value),
            EnvValue::Secret { .. } | EnvValue::Composed { .. } => None,
        }
    }
}

/// `prometheus` of `quay.io/prom/prometheus:v3@sha256:…`.
fn program(neighbour: &Neighbour) -> &str {
    let image = neighbour.image.split('@').next().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}
