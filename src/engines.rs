//! Engines run containers. Owns the contract that `execute` and the commands see; each child owns one engine.

pub mod docker;

use std::net::{IpAddr, SocketAddr};

use crate::event::Report;
use crate::model::Deployment;
use crate::plan::{Action, Observed};

/// Why an engine call failed: operation, name, cause, and what to do where that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to {operation} `{subject}`: {cause}")]
pub struct EngineError {
    /// `start`, `create`, `pull` …
    pub operation: &'static str,
    /// What it was done to.
    pub subject: String,
    /// The engine's words, in lower case.
    pub cause: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The engine itself could not be reached.
    pub unreachable: bool,
}

/// One container looked at closely, now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition {
    /// Whether it runs.
    pub running: bool,
    /// Whether the engine is about to start it again.
    pub restarting: bool,
    /// How often the engine has started it again.
    pub restarts: i64,
    /// Exit code of the last run.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom_killed: bool,
    /// The engine's own error about it.
    pub error: String,
    /// Addresses inside its networks.
    pub addresses: Vec<IpAddr>,
    /// Published TCP ports: container port, host address.
    pub published: Vec<(u16, SocketAddr)>,
    /// The last output of the engine's own health check.
    pub health_output: Option<String>,
}

/// What a plan needs of an engine.
#[allow(async_fn_in_trait, reason = "used generically, on one thread")]
pub trait Engine {
    /// Takes a snapshot of the project. With a deployment, images are looked up and changed containers are compared.
    async fn observe(
        &self,
        project: &str,
        deployment: Option<&Deployment>,
    ) -> Result<Observed, EngineError>;

    /// Runs one action. Actions that are done already succeed.
    async fn apply(
        &self,
        action: &Action,
        deployment: Option<&Deployment>,
        report: &dyn Report,
    ) -> Result<(), EngineError>;

    /// Looks at one container.
    async fn look(&self, container: &str) -> Result<Condition, EngineError>;

    /// Runs a command in a container and returns its exit code.
    async fn exec_status(&self, container: &str, command: &[String]) -> Result<i64, EngineError>;

    /// The last log lines of a container, oldest first.
    async fn tail(&self, container: &str, lines: usize) -> Vec<String>;

    /// How many calls it takes at once without suffering.
    fn parallel_calls(&self) -> usize;

    /// Whether container addresses can be reached from this process, as far as can be told without trying.
    fn is_local(&self) -> bool;
}
