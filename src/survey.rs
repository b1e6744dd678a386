//! Looks: at the host, the engine, containers, stores, files, certificates. Owns the asking, its deadlines and that all of it
//! happens at once; what the answers mean is decided by `checks`, whose facts this fills.
//!
//! One file for each area of `checks`, each with one function that looks. Nothing here changes anything.
//!
//! Facts of this machine (`/proc`, `/sys`, `/etc`, the folders of Docker) are read below the folder that the environment
//! variable `ATLAS_DOCTOR_ROOT` names, `/` if it is not set: a test plants there what it cannot do to a machine, and an
//! atlas in a container sees its host.

mod backups;
mod containers;
pub(crate) mod count;
mod credentials;
mod data;
mod engine;
mod environment;
mod exposure;
mod host;
mod http;
mod images;
mod network;
pub(crate) mod nginx;
mod operations;
pub(crate) mod own;
mod path;
mod ports;
mod sources;
mod tls;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;

use crate::checks::{Facts, Known, Unknown};
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::input::{Environment, Inputs};
use crate::model::Deployment;
use crate::plan::Observed;

/// How long one area may take; a busy engine takes seconds for what it does at once otherwise.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long vendors may take.
const ONLINE_DEADLINE: Duration = Duration::from_secs(20);

/// Where to look, and how far.
pub(crate) struct Scene<'a> {
    /// The project directory.
    pub(crate) directory: &'a Path,
    /// The process environment.
    pub(crate) environment: &'a Environment,
    /// The three sources as written.
    pub(crate) inputs: &'a Inputs,
    /// What they mean, where they mean something.
    pub(crate) deployment: Option<&'a Deployment>,
    /// The engine, or why it cannot be reached.
    pub(crate) engine: Result<&'a DockerEngine, &'a Error>,
    /// What exists of the project.
    pub(crate) observed: Option<&'a Observed>,
    /// What became of each reference to a secret store; `inputs` holds the answers.
    pub(crate) references: &'a BTreeMap<String, Option<String>>,
    /// Nothing beyond this machine and its engine is asked.
    pub(crate) offline: bool,
    /// Vendors are asked about credentials.
    pub(crate) online: bool,
    /// Requests are counted until the gateway refuses.
    pub(crate) counting: bool,
}

impl<'a> Scene<'a> {
    /// Below it this machine's facts are read.
    fn root(&self) -> PathBuf {
        let named = self.environment.get("ATLAS_DOCTOR_ROOT");
        let named = named.filter(|root| !root.is_empty());
        named.map_or_else(|| "/".into(), PathBuf::from)
    }

    /// The engine; what needs it hangs on it.
    fn engine(&self) -> Known<&'a DockerEngine> {
        self.engine.map_err(|_| Unknown::Needs("ENG"))
    }

    /// The deployment; what needs it hangs on the configuration.
    fn deployment(&self) -> Known<&'a Deployment> {
        self.deployment.ok_or(Unknown::Needs("CFG"))
    }

    /// What exists of the project.
    fn observed(&self) -> Known<&'a Observed> {
        self.observed.ok_or(Unknown::Needs("ENG"))
    }
}

/// Looks at everything at once.
pub(crate) async fn everything(scene: &Scene<'_>, facts: &mut Facts) {
    let (
        images,
        network,
        containers,
        data,
        path,
        exposure,
        nginx,
        tls,
        backups,
        operations,
        credentials,
        (),
    ) = tokio::join!(
        within(DEADLINE, images::look(scene)),
        within(DEADLINE, network::look(scene)),
        within(DEADLINE, containers::look(scene)),
        within(DEADLINE, data::look(scene)),
        within(DEADLINE, path::look(scene)),
        within(DEADLINE, exposure::look(scene)),
        within(DEADLINE, nginx::look(scene)),
        within(DEADLINE, tls::look(scene)),
        within(DEADLINE, backups::look(scene)),
        within(DEADLINE, operations::look(scene)),
        within(ONLINE_DEADLINE, credentials::look(scene)),
        cheap(scene, facts),
    );
    facts.images = images;
    facts.network = network;
    facts.containers = containers;
    facts.data = data;
    facts.path = path;
    facts.exposure = exposure;
    facts.nginx = nginx;
    facts.tls = tls;
    facts.backups = backups;
    facts.operations = operations;
    facts.credentials = credentials;
}

/// Looks at what costs next to nothing: what `up` asks before it starts anything.
pub(crate) async fn cheap(scene: &Scene<'_>, facts: &mut Facts) {
    let (host, engine, ports, sources, environment) = tokio::join!(
        within(DEADLINE, host::look(scene)),
        within(DEADLINE, engine::look(scene)),
        within(DEADLINE, ports::look(scene)),
        within(DEADLINE, sources::look(scene)),
        within(DEADLINE, environment::look(scene)),
    );
    facts.host = host;
    facts.engine = engine;
    facts.ports = ports;
    facts.sources = sources;
    facts.environment = environment;
}

/// Looks at files of the project only, which needs no engine.
pub(crate) async fn sources(scene: &Scene<'_>, facts: &mut Facts) {
    facts.sources = within(DEADLINE, sources::look(scene)).await;
}

/// Looks, but not for ever; a crash is a fact too.
async fn within<T>(deadline: Duration, looking: impl Future<Output = Known<T>>) -> Known<T> {
    let looking = AssertUnwindSafe(looking).catch_unwind();
    match tokio::time::timeout(deadline, looking).await {
        Ok(Ok(known)) => known,
        Ok(Err(_)) => Err(Unknown::Crashed),
        Err(_) => {
            let reason = format!("there was no answer within {} s", deadline.as_secs());
            Err(Unknown::Unseen(reason))
        }
    }
}
