//! Looks for the facts of `checks::containers`: one inspection of each container, all at once; log lines and volumes of those that need it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;

use super::Scene;
use crate::checks::containers::{Bind, Containers, Health, Log, Seen, User, Volume};
use crate::checks::{Known, Unknown};
use crate::engines::Engine;
use crate::engines::docker::{Closeup, DockerEngine, Past};
use crate::execute::hide;
use crate::model::Deployment;
use crate::plan::{Container, State};
use crate::targets::compose;

/// Log lines that are shown.
const LINES: usize = 5;
/// How far back the engine is asked about ends; it remembers the last 256 events of all containers.
const PAST: i64 = 3600;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Containers> {
    let engine = scene.engine()?;
    let observed = scene.observed()?;
    let now = now();
    let project = scene.deployment.map_or("", |d| d.project.as_str());
    let ids = observed.containers.iter().map(|c| c.id.as_str());
    let (closeups, past) =
        tokio::join!(engine.close_up(ids), engine.past(project, now - PAST, now));
    // What the engine has forgotten is no reason to tell nothing.
    let past = past.unwrap_or_default();
    let closeups: BTreeMap<&str, &Closeup> = closeups.iter().map(|c| (c.id.as_str(), c)).collect();
    let pairs = observed
        .containers
        .iter()
        .filter_map(|container| Some((container, *closeups.get(container.id.as_str())?)));
    let all =
        join_all(pairs.map(|(container, closeup)| one(scene, engine, container, closeup, &past)))
            .await;
    Ok(Containers {
        now,
        folder: scene.directory.to_string_lossy().into_owned(),
        all,
    })
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or_default()
    })
}

async fn one(
    scene: &Scene<'_>,
    engine: &DockerEngine,
    container: &Container,
    closeup: &Closeup,
    past: &[Past],
) -> Seen {
    let deployment = scene.deployment;
    let own = past.iter().filter(|past| past.container == container.id);
    let mut own: Vec<&Past> = own.collect();
    own.sort_by_key(|past| std::cmp::Reverse(past.at));
    let health = closeup.health.as_ref();
    let troubled = container.state != State::Running
        || closeup.restarts > 0
        || health.is_some_and(|health| health.status == "unhealthy");
    let lines = async {
        match troubled {
            true => engine.tail(&container.id, LINES).await,
            false => Vec::new(),
        }
    };
    let (lines, volumes) = tokio::join!(lines, volumes(engine, container, closeup));
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    Seen {
        service: container.service.clone(),
        name: container.name.clone(),
        image: container.image_name.clone(),
        state: container.state,
        drifted: drifted(scene, deployment, container),
        exit_code: closeup.exit_code,
        past_codes: own.iter().filter_map(|past| past.code).collect(),
        oom_killed: closeup.oom_killed,
        oom_at: own
            .iter()
            .find(|past| past.code.is_none())
            .map(|past| past.at),
        restarts: closeup.restarts,
        started: closeup.started,
        error: hide(deployment, &closeup.error),
        lines: lines
            .iter()
            .map(|line| short(&hide(deployment, line)))
            .collect(),
        health: health.map(|health| Health {
            status: health.status.clone(),
            failing: health.failing,
            code: health.code,
            output: hide(deployment, &health.output),
            test: hide(deployment, &closeup.healthcheck.join(" ")),
        }),
        memory: number(closeup.memory),
        cpu_millis: number(closeup.nano_cpus / 1_000_000),
        pids: number(closeup.pids),
        folder: closeup
            .labels
            .get("com.docker.compose.project.working_dir")
            .cloned(),
        log: log(engine, closeup),
        user: user(closeup),
        volumes,
        binds: match engine.is_local() {
            true => binds(closeup),
            false => Vec::new(),
        },
    }
}

fn binds(closeup: &Closeup) -> Vec<Bind> {
    let mounts = closeup.mounts.iter();
    let binds = mounts.filter_map(|mount| Some((mount.source.as_ref()?, &mount.target)));
    let bind = |(source, target): (&String, &String)| Bind {
        source: source.clone(),
        target: target.clone(),
        folder: std::fs::metadata(source).ok().map(|facts| facts.is_dir()),
    };
    binds.map(bind).collect()
}

/// A log line that fits a terminal.
fn short(line: &str) -> String {
    const LONGEST: usize = 200;
    let line = line.trim_end();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line.to_owned(),
    }
}

fn drifted(scene: &Scene<'_>, deployment: Option<&Deployment>, container: &Container) -> bool {
    let described = deployment.and_then(|deployment| {
        let mut services = deployment.services.values();
        let service = services.find(|service| service.name.as_str() == container.service)?;
        Some(compose::config_hash(deployment, service, scene.directory))
    });
    described.as_ref() != Some(&container.config_hash)
}

/// `None` where the image decides, or has a name for it.
fn user(closeup: &Closeup) -> Option<User> {
    let (uid, gid) = closeup.user.split_once(':')?;
    let groups = closeup.groups.iter().filter_map(|group| group.parse().ok());
    let own: u64 = gid.parse().ok()?;
    Some(User {
        uid: uid.parse().ok()?,
        groups: std::iter::once(own).chain(groups).collect(),
    })
}

async fn volumes(engine: &DockerEngine, container: &Container, closeup: &Closeup) -> Vec<Volume> {
    // Root without capabilities is another matter, and so is a user by name.
    if user(closeup).is_none() {
        return Vec::new();
    }
    let mounts = closeup.mounts.iter().filter(|mount| mount.writable);
    let asked = mounts.filter_map(|mount| Some((mount, mount.volume.as_ref()?)));
    let asked = asked.map(async |(mount, volume)| {
        let facts = engine.facts(&container.id, &mount.target).await;
        Volume {
            name: volume.clone(),
            target: mount.target.clone(),
            owner: facts
                .map(|facts| (facts.uid, facts.gid, facts.mode))
                .map_err(|error| Unknown::Unseen(error.to_string())),
        }
    });
    join_all(asked).await
}

/// A file of a log may reasonably become so large, in bytes.
const LARGEST_LOG: u64 = 10 << 30;

/// Drivers that keep files, and which of them rotate by themselves.
fn log(engine: &DockerEngine, closeup: &Closeup) -> Log {
    let driver = closeup.log_driver.clone();
    let size = closeup.log_options.get("max-size");
    // What is rotated only when it has filled the disk is not rotated.
    let size = size.and_then(|size| crate::input::bytes(size));
    let limited = size.is_some_and(|size| size <= LARGEST_LOG);
    Log {
        rotated: driver != "json-file" || limited,
        driver,
        size: match engine.is_local() {
            true => closeup.log_path.as_deref().and_then(bytes),
            false => None,
        },
    }
}

/// Bytes of a log and of those that were rotated away beside it.
fn bytes(path: &str) -> Option<u64> {
    let path = Path::new(path);
    let name = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(path.parent()?).ok()?.flatten();
    let own = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(name));
    Some(
        own.filter_map(|entry| entry.metadata().ok())
            .map(|facts| facts.len())
            .sum(),
    )
}
