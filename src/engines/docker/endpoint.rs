//! Which engine to talk to: `--host`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context, the default socket,
//! in that order (docker/cli `cli/command/cli.go`). Owns the lookup and the words for an engine that is not there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use bollard::{API_DEFAULT_VERSION, Docker};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engines::EngineError;

/// Seconds before a call without an answer counts as failed; pulls and builds stream and are not affected.
const TIMEOUT: u64 = 120;
const DEFAULT_SOCKET: &str = "unix:///var/run/docker.sock";

/// The process environment, handed in.
pub type Environment = BTreeMap<String, String>;

/// An engine's address and why it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    /// Folder with `ca.pem`, `cert.pem`, `key.pem`, for TLS.
    certificates: Option<PathBuf>,
    chosen_by: String,
    /// Folder of the Docker configuration: contexts, and credentials for registries.
    config: Option<PathBuf>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

impl Endpoint {
    /// Follows Docker's order of precedence. `host` is the `--host` option.
    pub fn find(host: Option<&str>, environment: &Environment) -> Result<Self, EngineError> {
        let variable = |name: &str| {
            let value = environment.get(name).map(String::as_str);
            value.filter(|v| !v.is_empty())
        };
        let config = variable("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| Path::new(home).join(".docker")));
        let found = Self::choose(host, &config, variable)?;
        Ok(Self { config, ..found })
    }

    fn choose<'e>(
        host: Option<&str>,
        config: &Option<PathBuf>,
        variable: impl Fn(&str) -> Option<&'e str>,
    ) -> Result<Self, EngineError> {
        let tls_folder = || {
            let verify = variable("DOCKER_TLS_VERIFY").is_some();
            let folder = variable("DOCKER_CERT_PATH").map(PathBuf::from);
            verify.then(|| folder.or_else(|| config.clone())).flatten()
        };
        if let Some(host) = host {
            return Ok(Self::new(host, tls_folder(), "--host"));
        }
        if let Some(host) = variable("DOCKER_HOST") {
            return Ok(Self::new(host, tls_folder(), "DOCKER_HOST"));
        }
        let named = variable("DOCKER_CONTEXT").map(|name| (name.to_owned(), "DOCKER_CONTEXT"));
        let current = || {
            let text = std::fs::read_to_string(config.as_ref()?.join("config.json")).ok()?;
            let json: Value = serde_json::from_str(&text).ok()?;
            let name = json.get("currentContext")?.as_str()?;
            Some((name.to_owned(), "the current context"))
        };
        match named.or_else(current) {
            Some((name, by)) if name != "default" => Self::of_context(&name, by, config.as_deref()),
            _ => Ok(Self::new(DEFAULT_SOCKET, None, "default")),
        }
    }

    fn new(host: &str, certificates: Option<PathBuf>, chosen_by: &str) -> Self {
        Self {
            host: host.to_owned(),
            certificates,
            chosen_by: chosen_by.to_owned(),
            config: None,
        }
    }

    /// Folder of the Docker configuration, if there is one.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Contexts live in `contexts/meta/<sha256 of the name>/meta.json` (docker/cli `cli/context/store`).
    fn of_context(name: &str, by: &str, config: Option<&Path>) -> Result<Self, EngineError> {
        let unknown = |cause: String| EngineError {
            operation: "read the Docker context",
            subject: name.to_owned(),
            cause,
            hint: Some(format!(
                "it was chosen by {by}; `docker context ls` shows which exist"
            )),
            unreachable: true,
        };
        let config = config.ok_or_else(|| unknown("no home directory".into()))?;
        let digest = hex(&Sha256::digest(name.as_bytes()));
        let meta = config.join("contexts/meta").join(&digest).join("meta.json");
        let text = std::fs::read_to_string(&meta)
            .map_err(|cause| unknown(format!("{}: {cause}", meta.display())))?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|cause| unknown(format!("{}: {cause}", meta.display())))?;
        let host = json
            .pointer("/Endpoints/docker/Host")
            .and_then(Value::as_str)
            .ok_or_else(|| unknown(format!("{}: no docker endpoint", meta.display())))?;
        let tls = config.join("contexts/tls").join(&digest).join("docker");
        let by = format!("context `{name}` ({by})");
        Ok(Self::new(host, tls.is_dir().then_some(tls), &by))
    }

    /// A client for it; nothing is sent yet.
    pub(super) fn open(&self) -> Result<Docker, EngineError> {
        let host = self.host.as_str();
        let opened = if host.starts_with("ssh://") {
            Docker::connect_with_ssh(host, TIMEOUT, API_DEFAULT_VERSION, None)
        } else if let (Some(folder), false) = (&self.certificates, host.starts_with("unix://")) {
            Docker::connect_with_ssl(
                host,
                &folder.join("key.pem"),
                &folder.join("cert.pem"),
                &folder.join("ca.pem"),
                TIMEOUT,
                API_DEFAULT_VERSION,
            )
        } else if host.starts_with("unix://") {
            Docker::connect_with_unix(host, TIMEOUT, API_DEFAULT_VERSION)
        } else {
            Docker::connect_with_host(host)
        };
        opened.map_err(|cause| self.unreachable(&cause))
    }

    /// Whether the engine shares this machine's network: a socket on Linux. (Docker Desktop has a socket too, but there
    /// container addresses do not answer; readiness then falls back by itself.)
    pub fn is_local(&self) -> bool {
        self.host.starts_with("unix://") && cfg!(target_os = "linux")
    }

    /// Over ssh every call is a login of its own, and sshd drops logins beyond ten at once (sshd_config `MaxStartups`);
    /// four calls at once were seen to reach that.
    pub(super) fn parallel_calls(&self) -> usize {
        if self.host.starts_with("ssh://") {
            1
        } else {
            64
        }
    }

    /// The error for an engine that does not answer, with what to do.
    pub(super) fn unreachable(&self, cause: &bollard::errors::Error) -> EngineError {
        let text = super::innermost(cause);
        let path = self.host.strip_prefix("unix://").map(Path::new);
        let (cause, hint) = match path {
            Some(path) if !path.exists() => (
                format!("there is no socket {}", path.display()),
                "start Docker (`sudo systemctl start docker`, or Docker Desktop), or install it: https://docs.docker.com/engine/install/".to_owned(),
            ),
            Some(path) if text.contains("ermission denied") => (
                format!("no permission to use {}", path.display()),
                "add yourself to the docker group (`sudo usermod -aG docker $USER`, then log in again), or use sudo".to_owned(),
            ),
            Some(_) if text.contains("refused") => (
                "nothing listens on the socket".to_owned(),
                "start Docker: `sudo systemctl start docker`".to_owned(),
            ),
            _ => (
                text,
                format!("this engine was chosen by {}; check that it runs and can be reached", self.chosen_by),
            ),
        };
        EngineError {
            operation: "reach the Docker engine at",
            subject: self.host.clone(),
            cause,
            hint: Some(hint),
            unreachable: true,
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
