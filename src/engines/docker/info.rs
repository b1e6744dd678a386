//! What an engine says of itself and of its machine (`GET /info`), asked once for each connection.

use bollard::models::SystemInfo;

use super::{DockerEngine, EngineError, failure};

/// Facts of the engine and its machine. An empty text is one that the engine does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Info {
    /// `20.10.24`.
    pub version: String,
    /// `x86_64`, `aarch64`.
    pub architecture: String,
    /// Where images and volumes are kept.
    pub root: String,
    /// Memory in bytes; 0 if it does not tell.
    pub memory: u64,
    /// Now, in seconds since 1970, by the engine's clock.
    pub now: Option<i64>,
    /// `overlay2`.
    pub storage_driver: String,
    /// Pairs of a name and a value: `Supports d_type`, `true`.
    pub storage_status: Vec<(String, String)>,
    /// `json-file`.
    pub log_driver: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// Whether limits of memory, processors and processes take effect.
    pub limits: Limits,
    /// `name=rootless`, `name=seccomp,profile=default`.
    pub security: Vec<String>,
    /// Pools of subnets: the whole as CIDR, and the length of a network's prefix. Empty if the engine has its own defaults.
    pub pools: Vec<(String, u8)>,
    /// What it warns of.
    pub warnings: Vec<String>,
}

/// Which limits take effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory.
    pub memory: bool,
    /// Processor time.
    pub cpu: bool,
    /// Processes.
    pub pids: bool,
}

impl DockerEngine {
    /// What the engine says of itself.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn info(&self) -> Result<&Info, EngineError> {
        let subject = self.endpoint.to_string();
        let ask = async || {
            let info = self.docker.info().await;
            info.map(Info::of)
                .map_err(|cause| failure("ask for its facts", &subject, &cause))
        };
        self.info.get_or_try_init(ask).await
    }

    /// The API that it speaks.
    pub fn api(&self) -> (u64, u64) {
        self.api
    }
}

impl Info {
    fn of(info: SystemInfo) -> Self {
        let text = |text: Option<String>| text.unwrap_or_default();
        let pairs = info.driver_status.unwrap_or_default().into_iter();
        let pools = info.default_address_pools.unwrap_or_default().into_iter();
        Self {
            version: text(info.server_version),
            architecture: text(info.architecture),
            root: text(info.docker_root_dir),
            memory: info
                .mem_total
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or_default(),
            now: info.system_time.as_deref().and_then(seconds),
            storage_driver: text(info.driver),
            storage_status: pairs
                .filter_map(|pair| <[String; 2]>::try_from(pair).ok())
                .map(|[name, value]| (name, value))
                .collect(),
            log_driver: text(info.logging_driver),
            cgroup_version: info
                .cgroup_version
                .map(|v| v.to_string())
                .unwrap_or_default(),
            limits: Limits {
                memory: info.memory_limit.unwrap_or(true),
                cpu: info.cpu_cfs_quota.unwrap_or(true),
                pids: info.pids_limit.unwrap_or(true),
            },
            security: info.security_options.unwrap_or_default(),
            pools: pools
                .filter_map(|pool| Some((pool.base?, u8::try_from(pool.size?).ok()?)))
                .collect(),
            warnings: info.warnings.unwrap_or_default(),
        }
    }
}

/// Seconds since 1970 of an RFC 3339 time.
fn seconds(text: &str) -> Option<i64> {
    text.parse().ok().map(jiff::Timestamp::as_second)
}
