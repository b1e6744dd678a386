//! Looks for the facts of `checks::data`: asks the stores with our password and without any, over the network like their services.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::UNIX_EPOCH;

use atlas_backup::mongo::greeting;

use super::Scene;
use crate::backup::reach;
use crate::backup::redis::wire;
use crate::backup::source::{self, Held, Mongo as Source};
use crate::checks::data::{Data, Door, Greeting, Mongo, Redis, SecretFile, Told};
use crate::checks::{Known, Unknown};
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::execute::hide;
use crate::model::{Deployment, Kind, Service};
use crate::plan::{Observed, State};
use crate::targets::compose;

/// Log lines of a MongoDB that does not run.
const LINES: usize = 60;
const REDIS_PORT: u16 = 6379;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Data> {
    let engine = scene.engine()?;
    let deployment = scene.deployment()?;
    let observed = scene.observed()?;
    let sources = source::find(deployment, observed);
    let (mongodb, redis) = tokio::join!(
        mongodb(scene, engine, sources.mongodb.as_ref()),
        redis(engine, deployment, sources.redis.as_ref()),
    );
    let stores = deployment
        .services
        .values()
        .filter(|service| service.kind == Kind::Store);
    let stores: Vec<String> = stores.map(|service| service.name.to_string()).collect();
    let published = observed.containers.iter().flat_map(|container| {
        let ports = container.ports.iter();
        ports.map(|(address, port, _)| (container.service.clone(), *address, *port))
    });
    let mut published: Vec<_> = published
        .filter(|(name, ..)| stores.contains(name))
        .collect();
    published.sort();
    // An engine tells of IPv4 and IPv6 apart.
    published
        .dedup_by(|a, b| a.0 == b.0 && a.2 == b.2 && a.1.is_unspecified() && b.1.is_unspecified());
    Ok(Data {
        runs: observed
            .containers
            .iter()
            .any(|c| c.state != State::Created && c.state != State::Exited),
        mongodb,
        redis,
        published,
        stores,
        secrets: match engine.is_local() {
            true => secrets(scene, deployment),
            false => Vec::new(),
        },
    })
}

fn unseen<T>(why: impl Into<String>) -> Known<T> {
    Err(Unknown::Unseen(why.into()))
}

async fn mongodb(
    scene: &Scene<'_>,
    engine: &DockerEngine,
    source: Option<&Source>,
) -> Option<Mongo> {
    let source = source?;
    let held = match source {
        Source::Container { held, .. } => Some(held),
        Source::External { .. } => None,
    };
    let asked = async {
        if held.is_none() && scene.offline {
            return (
                unseen("it is not on this machine, and `--offline` was given"),
                unseen("`--offline` was given"),
            );
        }
        match reach::address(engine, source).await {
            Ok((_, address)) => {
                let (greeting, door) = reach::greet(&address).await;
                (Ok(meant(greeting)), entered(door))
            }
            Err(why) => {
                let why = format!("MongoDB: {why}");
                (unseen(&why), unseen(&why))
            }
        }
    };
    let ((greeting, door), (exit_code, lines), volume) = tokio::join!(
        asked,
        last_words(scene, engine, held),
        volume(engine, scene.observed, held)
    );
    let dotenv = std::fs::metadata(scene.directory.join(".env")).and_then(|facts| facts.modified());
    let written = dotenv
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Some(Mongo {
        contained: held.is_some(),
        greeting,
        door,
        exit_code,
        lines,
        volume,
        written: written.and_then(|at| i64::try_from(at.as_secs()).ok()),
    })
}

fn meant(greeting: greeting::Greeting) -> Greeting {
    match greeting {
        greeting::Greeting::Welcome(server) => {
            Greeting::Welcome(server.version, server.feature_version)
        }
        greeting::Greeting::WrongPassword => Greeting::WrongPassword,
        greeting::Greeting::Refused(why) => Greeting::Refused(why),
        greeting::Greeting::Away(why) => Greeting::Away(why),
    }
}

fn entered(door: greeting::Door) -> Known<Door> {
    match door {
        greeting::Door::Closed => Ok(Door::Closed),
        greeting::Door::Open(databases) => Ok(Door::Open(databases)),
        greeting::Door::Unknown(why) => unseen(format!("MongoDB: {why}")),
    }
}

/// Exit code and last log lines of one that does not run, or was started again.
async fn last_words(
    scene: &Scene<'_>,
    engine: &DockerEngine,
    held: Option<&Held>,
) -> (Option<i64>, Vec<String>) {
    let Some(held) = held else {
        return (None, Vec::new());
    };
    let closeup = engine
        .close_up(std::iter::once(held.container.as_str()))
        .await;
    let Some(closeup) = closeup.first() else {
        return (None, Vec::new());
    };
    if held.running && closeup.restarts == 0 {
        return (None, Vec::new());
    }
    let lines = engine.tail(&held.container, LINES).await;
    let lines = lines.iter().map(|line| hide(scene.deployment, line));
    (Some(closeup.exit_code), lines.collect())
}

/// Where its data is, and since when.
async fn volume(
    engine: &DockerEngine,
    observed: Option<&Observed>,
    held: Option<&Held>,
) -> Option<(String, Option<i64>)> {
    let held = held?;
    let mut containers = observed?.containers.iter();
    let container = containers.find(|container| container.id == held.container)?;
    let name = container
        .volumes
        .iter()
        .find(|name| name.ends_with("_data"))?;
    let made = engine.volume_made(name).await;
    Some((name.clone(), made.ok().flatten()))
}

async fn redis(
    engine: &DockerEngine,
    deployment: &Deployment,
    held: Option<&Held>,
) -> Option<Redis> {
    let held = held?;
    let service = deployment
        .services
        .values()
        .find(|service| service.name.as_str() == held.service)?;
    let told = async {
        let place = reach::place(engine, &held.container, REDIS_PORT).await?;
        wire::examine(place, deployment).await
    };
    let told = told
        .await
        .map_err(|why| Unknown::Unseen(format!("Redis: {why}")));
    Some(Redis {
        told: told.map(tell),
        limit: service.resources.memory,
    })
}

fn tell(seen: wire::Seen) -> Told {
    let setting = |name: &str| seen.settings.get(name).map_or("", String::as_str);
    let statuses = [
        "rdb_last_bgsave_status",
        "aof_last_write_status",
        "aof_last_bgrewrite_status",
    ];
    let failing = statuses.iter().filter_map(|name| {
        let status = seen.info.get(*name)?;
        (status != "ok").then(|| format!("{name} is {status}"))
    });
    Told {
        open: seen.open,
        appends: setting("appendonly") == "yes",
        save: setting("save").to_owned(),
        failing: failing.collect(),
        maxmemory: setting("maxmemory").parse().unwrap_or_default(),
        refusal: seen.refusal.clone(),
    }
}

/// The secret files of services whose user is known by its number.
fn secrets(scene: &Scene<'_>, deployment: &Deployment) -> Vec<SecretFile> {
    let services = deployment.services.values();
    let files = services.flat_map(|service| {
        let secrets = service.secrets.iter();
        secrets.filter_map(move |secret| {
            let (uid, groups) = identity(service)?;
            let path = compose::secret_path(&secret.name);
            let facts = std::fs::metadata(scene.directory.join(&path)).ok();
            let facts = facts.filter(std::fs::Metadata::is_file);
            Some(SecretFile {
                service: service.name.to_string(),
                path: path.display().to_string(),
                uid,
                groups,
                owner: facts.map(|facts| {
                    (
                        facts.uid().into(),
                        facts.gid().into(),
                        facts.permissions().mode() & 0o7777,
                    )
                }),
            })
        })
    });
    files.collect()
}

fn identity(service: &Service) -> Option<(u64, Vec<u64>)> {
    let (uid, gid) = service.user.as_deref()?.split_once(':')?;
    let further = compose::group_add(service).map(u64::from);
    let own: u64 = gid.parse().ok()?;
    Some((
        uid.parse().ok()?,
        std::iter::once(own).chain(further).collect(),
    ))
}
