//! Everything that was looked at, or why it was not. Owns the whole; each area owns its own part.

use crate::diagnostic::Diagnostic;
use crate::input::Inputs;
use crate::model::Deployment;
use crate::plan::{Observed, Plan};

use super::{
    backups, containers, credentials, data, engine, environment, exposure, host, images, network,
    nginx, operations, path, ports, sources, tls,
};

/// A fact, or why it is none.
pub type Known<T> = Result<T, Unknown>;

/// Why something is not known. It never looks healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// The command line did not ask for it: `--online`.
    Unasked(&'static str),
    /// It hangs on what failed in that area: `ENG`.
    Needs(&'static str),
    /// It could not be looked at, and why.
    Unseen(String),
    /// Looking crashed.
    Crashed,
}

/// Begins the reason of what is not known because nothing runs yet.
pub const NOT_UP: &str = "nothing runs yet";

/// Everything that was looked at.
pub struct Facts {
    /// The three sources as written.
    pub inputs: Inputs,
    /// What they mean, or every problem of theirs.
    pub deployment: Result<Deployment, Vec<Diagnostic>>,
    /// Problems that do not stand in the deployment's way.
    pub warnings: Vec<Diagnostic>,
    /// What exists of the project.
    pub observed: Known<Observed>,
    /// What `up` would do.
    pub plan: Known<Plan>,
    /// The machine that atlas runs on and the one of the engine.
    pub host: Known<host::Host>,
    /// The engine itself.
    pub engine: Known<engine::Engine>,
    /// Who uses the ports that shall be published.
    pub ports: Known<ports::Ports>,
    /// The images that the deployment names.
    pub images: Known<images::Images>,
    /// Networks of the engine.
    pub network: Known<network::Network>,
    /// The project's containers, looked at closely.
    pub containers: Known<containers::Containers>,
    /// MongoDB and Redis.
    pub data: Known<data::Data>,
    /// What the vendors said of the credentials.
    pub credentials: Known<credentials::Credentials>,
    /// The way of a search: gateway, orchestrator, services; and what browsers may do.
    pub path: Known<path::Path>,
    /// What can be reached from outside.
    pub exposure: Known<exposure::Exposure>,
    /// nginx on this machine.
    pub nginx: Known<nginx::Nginx>,
    /// Certificates.
    pub tls: Known<tls::Tls>,
    /// Backups and their schedule.
    pub backups: Known<backups::Backups>,
    /// Rate limits, metrics, logs.
    pub operations: Known<operations::Operations>,
    /// Source trees of image source `build`.
    pub sources: Known<sources::Sources>,
    /// Files of the project: rights, git, and what .env holds beside values.
    pub environment: Known<environment::Environment>,
}

impl Facts {
    /// Nothing was looked at yet.
    pub fn unseen(inputs: Inputs, deployment: Result<Deployment, Vec<Diagnostic>>) -> Self {
        fn unseen<T>() -> Known<T> {
            Err(Unknown::Unseen("it was not looked at".to_owned()))
        }
        Self {
            inputs,
            deployment,
            warnings: Vec::new(),
            observed: unseen(),
            plan: unseen(),
            host: unseen(),
            engine: unseen(),
            ports: unseen(),
            images: unseen(),
            network: unseen(),
            containers: unseen(),
            data: unseen(),
            credentials: unseen(),
            path: unseen(),
            exposure: unseen(),
            nginx: unseen(),
            tls: unseen(),
            backups: unseen(),
            operations: unseen(),
            sources: unseen(),
            environment: unseen(),
        }
    }

    /// The deployment; what needs it hangs on the configuration.
    pub fn deployment(&self) -> Known<&Deployment> {
        let deployment = self.deployment.as_ref();
        deployment.map_err(|_| Unknown::Needs("CFG"))
    }
}

/// Borrows a fact: `seen(&facts.host)?`.
pub(super) fn seen<T>(known: &Known<T>) -> Known<&T> {
    known.as_ref().map_err(Clone::clone)
}
