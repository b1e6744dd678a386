//! Reads the logging driver of each container, and looks for containers that collect logs.

use futures_util::future::join_all;

use super::program;
use crate::checks::operations::{Logs, Source};
use crate::checks::{Known, Unknown};
use crate::engines::docker::Neighbour;
use crate::plan::State;
use crate::survey::Scene;
use crate::targets::compose;

/// Programs that collect logs.
const COLLECTORS: [&str; 12] = [
    "promtail",
    "alloy",
    "agent",
    "fluent-bit",
    "fluentd",
    "vector",
    "filebeat",
    "elastic-agent",
    "logspout",
    "opentelemetry-collector",
    "opentelemetry-collector-contrib",
    "datadog-agent",
];
/// By it a collector reads the log of every container, whatever its driver.
const SOCKET: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];
/// Where the files of `json-file` are; those of other drivers are read by nobody but the engine.
const FILES: &str = "/var/lib/docker";

pub(super) async fn look(scene: &Scene<'_>, neighbours: &[Neighbour]) -> Known<Logs> {
    let engine = scene.engine()?;
    let containers = &scene.observed()?.containers;
    let running = containers
        .iter()
        .filter(|container| container.state == State::Running);
    let asked = running.map(async |container| {
        let driver = engine.log_driver(&container.id).await?;
        Ok(Source {
            service: container.service.clone(),
            driver,
        })
    });
    let sources: Result<Vec<Source>, crate::engines::EngineError> =
        join_all(asked).await.into_iter().collect();
    let mut sources = sources.map_err(|error| Unknown::Unseen(error.to_string()))?;
    if sources.is_empty() {
        let services = scene.deployment()?.services.keys();
        let driver = || compose::LOG_DRIVER.to_owned();
        let described = services.map(|name| Source {
            service: name.to_string(),
            driver: driver(),
        });
        sources = described.collect();
    }
    sources.sort_by(|a, b| a.service.cmp(&b.service));
    sources.dedup();
    let files = sources.iter().all(|source| source.driver == "json-file");
    let reads_logs =
        |source: &String| SOCKET.contains(&source.as_str()) || (files && source.starts_with(FILES));
    let reads = |neighbour: &&Neighbour| {
        COLLECTORS.contains(&program(neighbour)) && neighbour.sources.iter().any(reads_logs)
    };
    let collectors = neighbours.iter().filter(reads);
    let named = collectors.map(|neighbour| (neighbour.name.clone(), neighbour.image.clone()));
    Ok(Logs {
        sources,
        collectors: named.collect(),
    })
}
