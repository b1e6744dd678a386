//! Looks for the facts of `checks::data`: knocks at MongoDB and Redis with our password and without one.

use std::net::{IpAddr, SocketAddr};

use atlas_backup::Kind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Scene;
use crate::backup::source::{self, Held, Mongo};
use crate::backup::{reach, redis};
use crate::checks::data::{Data, Mongodb, Redis, Refusal, Server, Settings};
use crate::checks::{Known, NOT_UP, Unknown};
use crate::engines::docker::DockerEngine;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Data> {
    let engine = scene.engine()?;
    let sources = source::find(scene.deployment()?, scene.observed()?);
    let up = !scene.observed()?.containers.is_empty();
    let (mongodb, redis) = tokio::join!(
        mongodb(engine, sources.mongodb.as_ref()),
        redis_of(scene, engine, sources.redis.as_ref()),
    );
    let described = |name: &str| {
        let services = &scene.deployment?.services;
        services
            .values()
            .find(|service| service.name.as_str() == name)
    };
    // What was never made or does not run is not looked at; what is not described is not there.
    let gone = |name: &str| match described(name) {
        Some(_) if !up => Err(Unknown::Unseen(format!("{NOT_UP}; `atlas up` starts it"))),
        Some(_) => Err(Unknown::Unseen(format!("`{name}` does not run"))),
        None => Ok(()),
    };
    Ok(Data {
        mongodb: match mongodb {
            Some(seen) => Ok(Some(seen)),
            None => gone("mongodb").map(|()| None),
        },
        redis: match redis {
            Some(seen) => Ok(Some(seen)),
            None => gone("redis").map(|()| None),
        },
    })
}

/// `None` where no container of it runs.
async fn mongodb(engine: &DockerEngine, source: Option<&Mongo>) -> Option<Mongodb> {
    let source = source?;
    match source {
        Mongo::Container { held, .. } if held.running => {}
        Mongo::Container { .. } | Mongo::External { .. } => return None,
    }
    let (ours, open) = tokio::join!(
        reach::mongodb(engine, source),
        reach::admits_anybody(engine, source)
    );
    let ours = ours.map(|connection| Server {
        version: connection.server.version,
        feature: connection.server.feature_version,
    });
    Some(Mongodb {
        ours: ours.map_err(|error| Refusal {
            by_server: error.kind == Kind::Failed,
            reason: error.to_string(),
        }),
        open: open.map_err(|error| error.to_string()),
    })
}

async fn redis_of(scene: &Scene<'_>, engine: &DockerEngine, held: Option<&Held>) -> Option<Redis> {
    let held = held.filter(|held| held.running)?;
    let (settings, open) = tokio::join!(settings(engine, held), is_open(scene, engine, held));
    let mut services = scene.deployment?.services.values();
    let service = services.find(|service| service.name.as_str() == held.service)?;
    Some(Redis {
        open,
        settings,
        limit: service.resources.memory,
    })
}

async fn settings(engine: &DockerEngine, held: &Held) -> Result<Settings, String> {
    let (append_only, save, most) = tokio::join!(
        redis::setting(engine, held, "appendonly"),
        redis::setting(engine, held, "save"),
        redis::setting(engine, held, "maxmemory"),
    );
    let words = |value: Result<String, atlas_backup::Error>| value.map_err(|e| e.to_string());
    Ok(Settings {
        append_only: words(append_only)? == "yes",
        save: words(save)?,
        max_memory: words(most)?.parse().unwrap_or_default(),
    })
}

/// PING without a password, over the container's own address.
async fn is_open(scene: &Scene<'_>, engine: &DockerEngine, held: &Held) -> Result<bool, String> {
    use crate::engines::Engine;
    if !engine.is_local() {
        return Err(
            "containers are reached on the engine's machine only; run atlas there".to_owned(),
        );
    }
    let containers = scene
        .observed
        .map(|observed| observed.containers.as_slice());
    let mut containers = containers.unwrap_or_default().iter();
    let container = containers.find(|container| container.id == held.container);
    let addresses = container
        .into_iter()
        .flat_map(|container| container.networks.values());
    let mut addresses = addresses.filter_map(|(_, address)| *address);
    let Some(address) = addresses.find(IpAddr::is_ipv4) else {
        return Err(format!("`{}` has no address of its own", held.name));
    };
    let port = 6379;
    let said = async {
        let mut stream = TcpStream::connect(SocketAddr::new(address, port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer[..length]).into_owned())
    };
    let said = said
        .await
        .map_err(|cause| format!("{address}:{port}: {}", crate::error::cause(&cause)))?;
    match said.as_str() {
        answer if answer.starts_with("+PONG") => Ok(true),
        answer if answer.starts_with("-NOAUTH") || answer.starts_with("-DENIED") => Ok(false),
        answer => Err(format!("`PING` is answered by `{}`", answer.trim())),
    }
}
