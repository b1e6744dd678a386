//! The Docker engine, through its API. The only room that names bollard.

mod apply;
mod body;
mod builtin;
mod changes;
mod closeup;
mod command;
mod context;
mod endpoint;
mod image;
mod info;
mod inspect;
mod looking;
mod neighbours;
mod networks;
mod observe;
mod pipe;
mod portrait;
mod publisher;
mod registry;
mod session;
mod stats;
mod throwaway;
mod transfer;
mod volumes;

use std::path::PathBuf;

use bollard::Docker;
use bollard::errors::Error as Cause;

use super::{Engine, EngineError};
use crate::event::Report;
use crate::model::Deployment;
use crate::plan::{Action, Observed};

pub use builtin::Builtin;
pub use closeup::{Closeup, HealthSeen, MountSeen, Past};
pub use command::{Command, Ended};
pub use endpoint::{Endpoint, Environment};
pub use info::{Info, Limits};
pub use looking::{ImageFacts, Published};
pub use neighbours::Neighbour;
pub use networks::NetworkFacts;
pub use session::{LogLine, LogRequest};
pub use stats::Usage;
pub use throwaway::Throwaway;
pub use transfer::FileFacts;

/// The oldest API that atlas speaks: Engine 20.10.
const OLDEST_API: (u64, u64) = (1, 41);

/// A connected engine.
pub struct DockerEngine {
    docker: Docker,
    endpoint: Endpoint,
    api: (u64, u64),
    /// Absolute project directory: bind sources and labels are made from it.
    directory: PathBuf,
    /// The image of atlas' own executable, for commands that may have to make it.
    builtin: Option<Builtin>,
    /// Asked when it is needed first.
    info: tokio::sync::OnceCell<Info>,
}

impl DockerEngine {
    /// Connects, asks for the version and refuses engines older than 20.10.
    pub async fn connect(
        endpoint: Endpoint,
        directory: PathBuf,
        builtin: Option<Builtin>,
    ) -> Result<Self, EngineError> {
        let docker = endpoint.open()?;
        let version = docker
            .version()
            .await
            .map_err(|cause| endpoint.unreachable(&cause))?;
        let text = version.api_version.unwrap_or_default();
        let api = parse_api(&text).unwrap_or(OLDEST_API);
        if api < OLDEST_API {
            let engine = version.version.unwrap_or_default();
            return Err(EngineError {
                operation: "use",
                subject: endpoint.to_string(),
                cause: format!("engine {engine} speaks API {text}, atlas needs 1.41"),
                hint: Some("upgrade to Docker Engine 20.10 or later".into()),
                unreachable: true,
            });
        }
        Ok(Self {
            docker,
            endpoint,
            api,
            directory,
            builtin,
            info: tokio::sync::OnceCell::new(),
        })
    }

    /// Whether health checks may have a `start_interval` (API 1.44, Engine 25).
    pub fn knows_start_interval(&self) -> bool {
        self.api >= (1, 44)
    }
}

fn parse_api(text: &str) -> Option<(u64, u64)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

impl Engine for DockerEngine {
    async fn observe(
        &self,
        project: &str,
        deployment: Option<&Deployment>,
    ) -> Result<Observed, EngineError> {
        self.snapshot(project, deployment).await
    }

    async fn apply(
        &self,
        action: &Action,
        deployment: Option<&Deployment>,
        report: &dyn Report,
    ) -> Result<(), EngineError> {
        self.run(action, deployment, report).await
    }

    async fn look(&self, container: &str) -> Result<super::Condition, EngineError> {
        self.condition(container).await
    }

    async fn exec_status(&self, container: &str, command: &[String]) -> Result<i64, EngineError> {
        self.run_command(container, command).await
    }

    async fn tail(&self, container: &str, lines: usize) -> Vec<String> {
        self.last_lines(container, lines).await
    }

    fn parallel_calls(&self) -> usize {
        self.endpoint.parallel_calls()
    }

    fn is_local(&self) -> bool {
        self.endpoint.is_local()
    }
}

/// Turns a bollard error into ours. The engine's message is kept; what it means is added where it is known.
fn failure(operation: &'static str, subject: &str, cause: &Cause) -> EngineError {
    let (text, unreachable) = match cause {
        Cause::DockerResponseServerError { message, .. } => (message.clone(), false),
        Cause::DockerStreamError { error } => (error.clone(), false),
        Cause::RequestTimeoutError => ("the engine did not answer in time".into(), true),
        Cause::HyperLegacyError { .. } | Cause::HyperResponseError { .. } => {
            (format!("the engine went away ({})", innermost(cause)), true)
        }
        other => (other.to_string(), false),
    };
    EngineError {
        operation,
        subject: subject.to_owned(),
        hint: hint_for(&text).map(str::to_owned),
        cause: text.trim().trim_end_matches('.').to_owned(),
        unreachable,
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

/// Known engine messages and what a person does about them.
fn hint_for(message: &str) -> Option<&'static str> {
    let known = [
        (
            "no space left on device",
            "free disk space: `docker system df` shows what uses it",
        ),
        (
            "toomanyrequests",
            "the registry limits anonymous pulls: `docker login`, or wait an hour",
        ),
        (
            "could not find an available, non-overlapping",
            "all address pools are in use: remove unused networks with `docker network prune`",
        ),
        (
            "all predefined address pools have been fully subnetted",
            "all address pools are in use: remove unused networks with `docker network prune`",
        ),
        (
            "port is already allocated",
            "another container publishes this port: `docker ps` shows which",
        ),
        (
            "address already in use",
            "set another `services.<name>.port` in atlas.yaml or stop the process that listens there",
        ),
        (
            "bind source path does not exist",
            "secret files and mounted folders must be on the engine's machine under the same path; run atlas there",
        ),
        (
            "pull access denied",
            "check the image's name, and `docker login` if it is private",
        ),
        (
            "manifest unknown",
            "check the tag: the registry does not have it",
        ),
    ];
    known
        .iter()
        .find(|(part, _)| message.contains(part))
        .map(|(_, hint)| *hint)
}
