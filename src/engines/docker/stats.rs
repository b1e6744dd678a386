//! CPU and memory of containers, one sample each. From the kernel's own files where the engine is on this machine: the
//! engine answers only once a second (measured on 20.10, with `one-shot` too). Else from the engine.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use super::DockerEngine;
use crate::engines::Engine;

/// What a container uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// CPU time used since it was started.
    pub cpu: Duration,
    /// Bytes in memory without the page cache that can be dropped.
    pub memory: u64,
    /// Limit in bytes.
    pub limit: u64,
    /// When this was read.
    pub read: Instant,
}

impl Usage {
    /// CPU since an earlier sample, in percent of one core.
    pub fn cpu_percent(&self, earlier: &Usage) -> f64 {
        let used = self.cpu.saturating_sub(earlier.cpu);
        let passed = self.read.saturating_duration_since(earlier.read);
        percent(used, passed)
    }

    /// CPU over a lifetime, in percent of one core.
    pub fn average_percent(&self, lifetime: Duration) -> f64 {
        percent(self.cpu, lifetime)
    }
}

fn percent(used: Duration, passed: Duration) -> f64 {
    match passed.is_zero() {
        true => 0.0,
        false => used.as_secs_f64() / passed.as_secs_f64() * 100.0,
    }
}

impl DockerEngine {
    /// One sample; `None` for what does not run.
    pub async fn usage(&self, container: &str) -> Option<Usage> {
        if self.is_local()
            && let Some(usage) = version_2(container).or_else(|| version_1(container))
        {
            return Some(usage);
        }
        let options = StatsOptionsBuilder::default()
            .stream(false)
            .one_shot(true)
            .build();
        let mut stream = std::pin::pin!(self.docker.stats(container, Some(options)));
        stream.next().await?.ok().map(usage_of)
    }
}

/// cgroup v2 (kernel `Documentation/admin-guide/cgroup-v2.rst`); the folder depends on the engine's cgroup driver.
fn version_2(id: &str) -> Option<Usage> {
    let folders = [
        format!("/sys/fs/cgroup/system.slice/docker-{id}.scope"),
        format!("/sys/fs/cgroup/docker/{id}"),
    ];
    let folder = folders
        .iter()
        .map(PathBuf::from)
        .find(|f| f.join("cpu.stat").is_file())?;
    let cpu = field(
        &fs::read_to_string(folder.join("cpu.stat")).ok()?,
        "usage_usec",
    )?;
    let current = number(&folder.join("memory.current"))?;
    let stat = fs::read_to_string(folder.join("memory.stat")).ok()?;
    Some(Usage {
        cpu: Duration::from_micros(cpu),
        memory: current.saturating_sub(field(&stat, "inactive_file").unwrap_or_default()),
        limit: number(&folder.join("memory.max")).unwrap_or_default(),
        read: Instant::now(),
    })
}

/// cgroup v1 (kernel `Documentation/admin-guide/cgroup-v1/memory.rst`).
fn version_1(id: &str) -> Option<Usage> {
    let memory = PathBuf::from(format!("/sys/fs/cgroup/memory/docker/{id}"));
    let cpu = PathBuf::from(format!("/sys/fs/cgroup/cpuacct/docker/{id}"));
    let current = number(&memory.join("memory.usage_in_bytes"))?;
    let stat = fs::read_to_string(memory.join("memory.stat")).ok()?;
    Some(Usage {
        cpu: Duration::from_nanos(number(&cpu.join("cpuacct.usage"))?),
        memory: current.saturating_sub(field(&stat, "total_inactive_file").unwrap_or_default()),
        limit: number(&memory.join("memory.limit_in_bytes")).unwrap_or_default(),
        read: Instant::now(),
    })
}

fn number(path: &std::path::Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(key, _)| *key == name)?.1.trim().parse().ok()
}

fn usage_of(stats: ContainerStatsResponse) -> Usage {
    let cpu = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage?.total_usage);
    let memory = stats.memory_stats.unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    let cache = ["total_inactive_file", "inactive_file"]
        .iter()
        .find_map(|name| detail.get(*name))
        .copied()
        .unwrap_or_default();
    Usage {
        cpu: Duration::from_nanos(cpu.unwrap_or_default()),
        memory: memory.usage.unwrap_or_default().saturating_sub(cache),
        limit: memory.limit.unwrap_or_default(),
        read: Instant::now(),
    }
}
