//! Looks for the facts of `checks::images`: in the engine, in registries unless offline, and for programs in containers that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use super::Scene;
use crate::checks::images::{Images, Local, Origin, Program, Published, Seen};
use crate::checks::{Known, Unknown};
use crate::engines::docker::{DockerEngine, ImageFacts};
use crate::model::{Image, Service};
use crate::plan::{Container, Observed};

/// How long a registry may take to tell what a tag means: all of doctor shall take little longer.
const DRIFT_DEADLINE: Duration = Duration::from_millis(1200);
/// How long it may take where the image is missing and all depends on it.
const MISSING_DEADLINE: Duration = Duration::from_secs(4);
/// Programs that are looked for inside a shell's command.
const INSIDE_SHELL: [&str; 9] = [
    "curl",
    "wget",
    "nc",
    "python",
    "python3",
    "node",
    "redis-cli",
    "mongosh",
    "mongo",
];

pub(super) async fn look(scene: &Scene<'_>) -> Known<Images> {
    let engine = scene.engine()?;
    let deployment = scene.deployment()?;
    let observed = scene.observed()?;
    let info = engine.info().await;
    let info = info.map_err(|e| Unknown::Unseen(e.to_string()))?;
    let mut users: BTreeMap<&str, &Service> = BTreeMap::new();
    for service in deployment.services.values() {
        let reference = service.image.reference().as_str();
        users.entry(reference).or_insert(service);
    }
    let looking = users.iter().map(async |(reference, service)| {
        let facts = engine.image_facts(reference).await;
        let facts = facts.map_err(|e| Unknown::Unseen(e.to_string()))?;
        let origin = match service.image {
            Image::Builtin(_) => Origin::Builtin,
            Image::Reference(_) => Origin::Registry,
            Image::Build(..) => Origin::Build,
        };
        let asks = origin == Origin::Registry && !scene.offline;
        let deadline = match &facts {
            None => Some(MISSING_DEADLINE),
            Some(image) if image.digests.is_empty() || reference.contains('@') => None,
            Some(_) => Some(DRIFT_DEADLINE),
        };
        let published = match deadline.filter(|_| asks) {
            Some(deadline) => Some(published(engine, reference, deadline).await),
            None => None,
        };
        let seen = Seen {
            reference: (*reference).to_owned(),
            service: service.name.to_string(),
            origin,
            local: facts.as_ref().map(local),
            published,
        };
        Ok((seen, facts))
    });
    let looked: Known<Vec<(Seen, Option<ImageFacts>)>> =
        join_all(looking).await.into_iter().collect();
    let (images, facts): (Vec<_>, Vec<_>) = looked?.into_iter().unzip();
    let facts: BTreeMap<&str, ImageFacts> = images
        .iter()
        .zip(facts)
        .filter_map(|(seen, facts)| Some((seen.reference.as_str(), facts?)))
        .collect();
    let programs = programs(engine, deployment.services.values(), observed, &facts).await;
    Ok(Images {
        architecture: architecture(&info.architecture).to_owned(),
        images,
        programs,
    })
}

/// The name that images have for it.
fn architecture(machine: &str) -> &str {
    match machine {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn local(facts: &ImageFacts) -> Local {
    let digests = facts.digests.iter();
    Local {
        architecture: facts.architecture.clone(),
        digests: digests
            .filter_map(|digest| Some(digest.split_once('@')?.1.to_owned()))
            .collect(),
    }
}

async fn published(engine: &DockerEngine, reference: &str, deadline: Duration) -> Known<Published> {
    match tokio::time::timeout(deadline, engine.published(reference)).await {
        Ok(Ok(published)) => Ok(Published {
            digest: published.digest,
            architectures: published.architectures,
        }),
        Ok(Err(error)) => Err(Unknown::Unseen(format!(
            "its registry says: {}",
            error.cause
        ))),
        Err(_) => {
            let reason = format!(
                "its registry did not answer within {} s",
                deadline.as_secs_f32()
            );
            Err(Unknown::Unseen(reason))
        }
    }
}

/// Looks for each program once for each image.
async fn programs(
    engine: &DockerEngine,
    services: impl Iterator<Item = &Service>,
    observed: &Observed,
    facts: &BTreeMap<&str, ImageFacts>,
) -> Vec<Program> {
    let mut known = BTreeSet::new();
    let mut wanted = Vec::new();
    for service in services {
        let reference = service.image.reference().as_str();
        let Some(image) = facts.get(reference) else {
            continue;
        };
        let own = service.healthcheck.is_empty();
        let healthcheck = if own {
            &image.healthcheck
        } else {
            &service.healthcheck
        };
        for name in named(healthcheck) {
            if known.insert((reference, name.to_owned())) {
                wanted.push((service, image, name.to_owned()));
            }
        }
    }
    let looking = wanted.into_iter().map(async |(service, image, name)| {
        let mut containers = observed.containers.iter();
        let container = containers.find(|c| c.service == service.name.as_str());
        let is_there = match container {
            Some(container) => has(engine, container, &image.path, &name).await,
            None => Err(Unknown::Unseen(
                "there are no containers yet; `atlas up` makes them".to_owned(),
            )),
        };
        Program {
            service: service.name.to_string(),
            image: service.image.reference().to_string(),
            name,
            is_there,
        }
    });
    join_all(looking).await
}

/// The programs that a health check names.
fn named(healthcheck: &[String]) -> Vec<&str> {
    let Some((form, words)) = healthcheck.split_first() else {
        return Vec::new();
    };
    let first = words.first().map(String::as_str);
    let script = match (form.as_str(), first) {
        ("CMD-SHELL", script) => script,
        ("CMD", Some("sh" | "bash" | "/bin/sh" | "/bin/bash")) => words.last().map(String::as_str),
        _ => None,
    };
    let shell = match form.as_str() {
        "CMD" => first,
        "CMD-SHELL" => Some("/bin/sh"),
        _ => None,
    };
    let inside = script.and_then(|script| script.split_whitespace().next());
    let inside = inside.filter(|word| INSIDE_SHELL.contains(word));
    shell.into_iter().chain(inside).collect()
}

async fn has(
    engine: &DockerEngine,
    container: &Container,
    path: &[String],
    name: &str,
) -> Known<bool> {
    let places = match name.contains('/') {
        true => vec![name.to_owned()],
        false => path
            .iter()
            .map(|folder| format!("{folder}/{name}"))
            .collect(),
    };
    for place in places {
        let found = engine.has_file(&container.id, &place).await;
        if found.map_err(|e| Unknown::Unseen(e.to_string()))? {
            return Ok(true);
        }
    }
    Ok(false)
}
