//! Which stores a project has, from what is wanted and what runs. Owns the names of the catalogue's stores; asks nothing of them.

use std::collections::BTreeMap;

use crate::model::{DataMode, Deployment, EnvValue, Kind, Mount, Secret, Service};
use crate::plan::{Observed, State};

const MONGODB: &str = "mongodb";
const REDIS: &str = "redis";
/// What the gateway is told where MongoDB and Redis are.
const MONGO_URL: &str = "MONGO_URL";
const MONGO_PASSWORD: &str = "MONGO_INITDB_ROOT_PASSWORD";
const MONGO_USER: &str = "MONGO_INITDB_ROOT_USERNAME";
/// The folder of the embedded store in the gateway.
const DATA_FOLDER: &str = "ATLAS_DATA_DIR";

/// A container that holds data and runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The engine's id.
    pub container: String,
    /// Its name.
    pub name: String,
    /// The service it is of.
    pub service: String,
    /// The image it was made from.
    pub image: String,
    /// Whether it runs.
    pub running: bool,
    /// The command of the service, if it is not the image's.
    pub command: Vec<String>,
    /// A command that exits 0 inside it when the service is ready.
    pub ready: Option<Vec<String>>,
}

/// A MongoDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mongo {
    /// In a container of the project.
    Container {
        /// The container.
        held: Held,
        /// Who may read and write everything.
        user: String,
        /// That user's password.
        password: Secret,
    },
    /// Elsewhere.
    External {
        /// Its address, with user and password.
        url: Secret,
    },
}

/// The embedded store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// The gateway's container.
    pub held: Held,
    /// The store's folder in it.
    pub folder: String,
}

/// The stores of a project that can be asked, and why others cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// MongoDB.
    pub mongodb: Option<Mongo>,
    /// Redis in a container.
    pub redis: Option<Held>,
    /// The embedded store.
    pub embedded: Option<Embedded>,
    /// What the project has and cannot be asked: `mongodb`, `redis` or `embedded`, and the reason.
    pub missing: BTreeMap<String, String>,
}

/// Finds the stores of a deployment.
pub fn find(deployment: &Deployment, observed: &Observed) -> Sources {
    let mut sources = Sources::default();
    match deployment.data {
        DataMode::Containers => containers(deployment, observed, &mut sources),
        DataMode::External => external(deployment, &mut sources),
        DataMode::Embedded => embedded(deployment, observed, &mut sources),
    }
    sources
}

fn containers(deployment: &Deployment, observed: &Observed, sources: &mut Sources) {
    for service in deployment.services.values() {
        let name = service.name.as_str();
        if service.kind != Kind::Store || ![MONGODB, REDIS].contains(&name) {
            continue;
        }
        let Some(held) = held(service, observed) else {
            sources.missing.insert(name.to_owned(), never_made(name));
            continue;
        };
        if name == REDIS {
            sources.redis = Some(held);
            continue;
        }
        let user = match service.environment.get(MONGO_USER) {
            Some(EnvValue::Plain(user)) => user.clone(),
            _ => String::new(),
        };
        sources.mongodb = Some(Mongo::Container {
            held,
            user,
            password: secret(deployment, service, MONGO_PASSWORD).unwrap_or_default(),
        });
    }
}

fn external(deployment: &Deployment, sources: &mut Sources) {
    let mut services = deployment.services.values();
    let url = services.find_map(|service| secret(deployment, service, MONGO_URL));
    match url {
        Some(url) => sources.mongodb = Some(Mongo::External { url }),
        None => {
            let reason = format!("no service of the project is given `{MONGO_URL}`");
            sources.missing.insert(MONGODB.to_owned(), reason);
        }
    }
    let reason =
        "an external Redis holds only caches and limits of atlas; back it up where it is run";
    sources.missing.insert(REDIS.to_owned(), reason.to_owned());
}

fn embedded(deployment: &Deployment, observed: &Observed, sources: &mut Sources) {
    let mut services = deployment.services.values();
    let gateway = services.find(|service| service.kind == Kind::Gateway);
    let Some(gateway) = gateway else { return };
    let folder = match gateway.environment.get(DATA_FOLDER) {
        Some(EnvValue::Plain(folder)) => folder.clone(),
        _ => gateway
            .mounts
            .iter()
            .find_map(|mount| match mount {
                Mount::Volume { target, .. } => Some(target.clone()),
                Mount::Bind { .. } => None,
            })
            .unwrap_or_default(),
    };
    match held(gateway, observed) {
        Some(held) => sources.embedded = Some(Embedded { held, folder }),
        None => {
            let reason = never_made(gateway.name.as_str());
            sources.missing.insert("embedded".to_owned(), reason);
        }
    }
}

/// A secret that a service is given, as a variable or as a file.
fn secret(deployment: &Deployment, service: &Service, name: &str) -> Option<Secret> {
    match service.environment.get(name) {
        Some(EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. }) => {
            Some(value.clone())
        }
        Some(EnvValue::Plain(_)) => None,
        None => match service.environment.get(&format!("{name}_FILE"))? {
            EnvValue::Plain(path) => {
                let file = path.rsplit('/').next()?;
                deployment.secrets.get(file).cloned()
            }
            _ => None,
        },
    }
}

fn never_made(service: &str) -> String {
    format!("`{service}` has no container; `atlas up` makes it")
}

/// The service's container; one that runs is preferred.
fn held(service: &Service, observed: &Observed) -> Option<Held> {
    let of_service =
        |container: &&crate::plan::Container| container.service == service.name.as_str();
    let container = observed
        .containers
        .iter()
        .filter(of_service)
        .max_by_key(|container| container.state == State::Running)?;
    Some(Held {
        container: container.id.clone(),
        name: container.name.clone(),
        service: container.service.clone(),
        image: container.image_name.clone(),
        running: container.state == State::Running,
        command: service.command.clone().unwrap_or_default(),
        ready: service.command_inside(),
    })
}
