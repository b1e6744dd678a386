//! How a container is right now: one question, no waiting. Unknown never looks healthy.

use std::net::SocketAddr;

use super::probe::{Answer, COMMAND_DEADLINE, ask, ask_inside};
use crate::engines::Engine;
use crate::model::{Probe, Service};
use crate::plan::{Container, State};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Its probe answered just now.
    Healthy,
    /// It runs and its probe does not answer well; what it said.
    Unhealthy(String),
    /// It does not run.
    NotRunning(State),
    /// It runs and could not be asked; why.
    NotChecked(String),
}

impl Health {
    /// One word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy(_) => "unhealthy",
            Self::NotRunning(state) => state.as_str(),
            Self::NotChecked(_) => "not checked",
        }
    }

    /// What there is to say when it is not healthy.
    pub fn answer(&self) -> Option<&str> {
        match self {
            Self::Unhealthy(answer) | Self::NotChecked(answer) => Some(answer),
            Self::Healthy | Self::NotRunning(_) => None,
        }
    }

    /// Whether its probe answered.
    pub fn is_good(&self) -> bool {
        *self == Self::Healthy
    }
}

/// Asks a container once, by its address where that is reachable, else inside it.
pub async fn health<E: Engine>(
    engine: &E,
    service: Option<&Service>,
    container: &Container,
) -> Health {
    if container.state != State::Running {
        return Health::NotRunning(container.state);
    }
    let Some(service) = service else {
        return Health::NotChecked("atlas.yaml does not describe this service".to_owned());
    };
    let port = service.port.get();
    let address = container.networks.values().find_map(|(_, ip)| *ip);
    if let (Some(ip), true) = (address, engine.is_local())
        && !matches!(service.probe, Probe::Command(_))
    {
        match ask(&service.probe, SocketAddr::new(ip, port)).await {
            Answer::Ready => return Health::Healthy,
            Answer::NotYet(answer) => return Health::Unhealthy(answer),
            Answer::NoRoute(_) => {}
        }
    }
    let Some(command) = service.command_inside() else {
        return Health::NotChecked("no address answers, and it has no health check".to_owned());
    };
    match ask_inside(engine, &container.id, &command, COMMAND_DEADLINE).await {
        Ok(Answer::Ready) => Health::Healthy,
        Ok(Answer::NotYet(answer) | Answer::NoRoute(answer)) => Health::Unhealthy(answer),
        Err(error) => Health::NotChecked(error.cause),
    }
}
