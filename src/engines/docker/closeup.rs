//! Everything that an inspection tells of a container and a diagnosis asks for, and what the engine remembers of its end. Judges nothing.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerInspectResponse, HealthStatusEnum, HostConfig, HostConfigLogConfig, MountPoint,
};
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use futures_util::future::join_all;

use super::{DockerEngine, EngineError, failure};

/// One container, looked at closely.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Closeup {
    /// The engine's id.
    pub id: String,
    /// Exit code of the last run; 0 while it runs.
    pub exit_code: i64,
    /// Whether the kernel killed it for memory.
    pub oom_killed: bool,
    /// How often the engine has started it again.
    pub restarts: i64,
    /// The engine's own error about it.
    pub error: String,
    /// When it was started last, in seconds since 1970.
    pub started: Option<i64>,
    /// Its health, where it has a health check.
    pub health: Option<HealthSeen>,
    /// The test of its health check in Docker's form.
    pub healthcheck: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Driver of its log.
    pub log_driver: String,
    /// Options of that driver.
    pub log_options: BTreeMap<String, String>,
    /// The log's file on the engine's machine, if it is one.
    pub log_path: Option<String>,
    /// Limit of memory in bytes; 0 is none.
    pub memory: i64,
    /// Limit of processors in billionths of one; 0 is none.
    pub nano_cpus: i64,
    /// Limit of processes; 0 and less is none.
    pub pids: i64,
    /// As which user it runs; empty is root.
    pub user: String,
    /// Further groups.
    pub groups: Vec<String>,
    /// What is mounted into it.
    pub mounts: Vec<MountSeen>,
    /// Address inside each of its networks, by the network's name.
    pub addresses: BTreeMap<String, std::net::IpAddr>,
}

/// The health of a container as the engine sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthSeen {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    /// How often it failed in a row.
    pub failing: i64,
    /// Exit code of the last probe.
    pub code: i64,
    /// What the last probe said.
    pub output: String,
}

/// A mount of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MountSeen {
    /// Name of the volume; `None` for anything else.
    pub volume: Option<String>,
    /// Path on the engine's machine of a mounted file or folder; `None` for anything else.
    pub source: Option<String>,
    /// Path in the container.
    pub target: String,
    /// Whether it may be written to.
    pub writable: bool,
}

/// What the engine remembers of a container; it forgets early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The container's id.
    pub container: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Exit code of the run that ended then; `None`: something in it was killed for memory.
    pub code: Option<i64>,
}

impl DockerEngine {
    /// Looks at containers closely, at all of them at once. One that is gone by now is left out.
    pub async fn close_up(&self, containers: impl Iterator<Item = &str>) -> Vec<Closeup> {
        let looks = containers.map(async |container| {
            let inspected = self.docker.inspect_container(container, None).await;
            inspected.ok().map(closeup)
        });
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// Ends and memory kills of a project's containers between two moments, oldest first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn past(
        &self,
        project: &str,
        since: i64,
        until: i64,
    ) -> Result<Vec<Past>, EngineError> {
        let label = format!("com.docker.compose.project={project}");
        let filters = HashMap::from([
            ("type", vec!["container".to_owned()]),
            ("event", vec!["die".to_owned(), "oom".to_owned()]),
            ("label", vec![label]),
        ]);
        let filters: HashMap<String, Vec<String>> = filters
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v))
            .collect();
        let options = EventsOptionsBuilder::default()
            .since(&since.to_string())
            .until(&until.to_string())
            .filters(&filters)
            .build();
        let mut events = std::pin::pin!(self.docker.events(Some(options)));
        let mut past = Vec::new();
        while let Some(event) = events.next().await {
            let event = event.map_err(|cause| failure("read the events of", project, &cause))?;
            let actor = event.actor.unwrap_or_default();
            let code = actor.attributes.unwrap_or_default().remove("exitCode");
            past.push(Past {
                container: actor.id.unwrap_or_default(),
                at: event.time.unwrap_or_default(),
                code: code.and_then(|code| code.parse().ok()),
            });
        }
        Ok(past)
    }
}

fn closeup(inspected: ContainerInspectResponse) -> Closeup {
    let state = inspected.state.unwrap_or_default();
    let config = inspected.config.unwrap_or_default();
    let host = inspected.host_config.unwrap_or_default();
    let settings = inspected.network_settings.unwrap_or_default();
    let networks = settings.networks.unwrap_or_default().into_iter();
    let (log_driver, log_options) = log(host.log_config.clone());
    Closeup {
        id: inspected.id.unwrap_or_default(),
        exit_code: state.exit_code.unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or_default(),
        restarts: inspected.restart_count.unwrap_or_default(),
        error: state.error.unwrap_or_default(),
        started: state.started_at.as_deref().and_then(seconds),
        health: state.health.and_then(health),
        healthcheck: config
            .healthcheck
            .and_then(|check| check.test)
            .unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        log_driver,
        log_options,
        log_path: inspected.log_path.filter(|path| !path.is_empty()),
        memory: host.memory.unwrap_or_default(),
        nano_cpus: cpus(&host),
        pids: host.pids_limit.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        groups: host.group_add.unwrap_or_default(),
        mounts: { inspected.mounts }
            .into_iter()
            .flatten()
            .map(mount)
            .collect(),
        addresses: networks
            .filter_map(|(name, end)| Some((name, end.ip_address?.parse().ok()?)))
            .collect(),
    }
}

fn log(config: Option<HostConfigLogConfig>) -> (String, BTreeMap<String, String>) {
    let config = config.unwrap_or_default();
    let options = config.config.unwrap_or_default();
    (
        config.typ.unwrap_or_default(),
        options.into_iter().collect(),
    )
}

/// Docker keeps `--cpus` in one of two forms.
fn cpus(host: &HostConfig) -> i64 {
    let quota = host.cpu_quota.unwrap_or_default();
    let period = host.cpu_period.filter(|period| *period > 0);
    match host.nano_cpus {
        Some(nanos) if nanos > 0 => nanos,
        _ if quota > 0 => quota.saturating_mul(1_000_000_000) / period.unwrap_or(100_000),
        _ => 0,
    }
}

fn mount(mount: MountPoint) -> MountSeen {
    let kind = mount.typ.unwrap_or_default();
    MountSeen {
        volume: mount.name.filter(|_| kind == "volume"),
        source: mount.source.filter(|_| kind == "bind"),
        target: mount.destination.unwrap_or_default(),
        writable: mount.rw.unwrap_or_default(),
    }
}

fn health(health: bollard::models::Health) -> Option<HealthSeen> {
    let status = health.status?;
    if matches!(status, HealthStatusEnum::EMPTY | HealthStatusEnum::NONE) {
        return None;
    }
    let last = health.log.and_then(|mut log| log.pop());
    let (code, output) = last.map_or((0, None), |last| {
        (last.exit_code.unwrap_or_default(), last.output)
    });
    Some(HealthSeen {
        status: status.to_string(),
        failing: health.failing_streak.unwrap_or_default(),
        code,
        output: output.unwrap_or_default(),
    })
}

/// Seconds since 1970; `None` for the engine's "never".
fn seconds(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.parse().ok()?;
    (at.as_second() > 0).then(|| at.as_second())
}
