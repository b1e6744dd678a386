//! CPU and memory of containers, one sample each. Owns the arithmetic (docker/cli `container/stats_helpers.go`).

use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;

use super::DockerEngine;

/// What a container uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU time used in all, in nanoseconds; two samples make a rate.
    pub cpu_total: u64,
    /// The engine's clock for the sample, in nanoseconds of all cores together.
    pub system_total: u64,
    /// Cores.
    pub cores: u32,
    /// Bytes in memory without the page cache that can be dropped.
    pub memory: u64,
    /// Limit in bytes.
    pub limit: u64,
}

impl Usage {
    /// CPU since an earlier sample, in percent of one core.
    pub fn cpu_percent(&self, earlier: &Usage) -> Option<f64> {
        let system = self.system_total.checked_sub(earlier.system_total)?;
        let used = self.cpu_total.checked_sub(earlier.cpu_total)?;
        (system > 0).then(|| used as f64 / system as f64 * f64::from(self.cores) * 100.0)
    }
}

impl DockerEngine {
    /// One sample, without the engine's own second of waiting (`one-shot`); `None` for what does not run.
    pub async fn usage(&self, container: &str) -> Option<Usage> {
        let options = StatsOptionsBuilder::default()
            .stream(false)
            .one_shot(true)
            .build();
        let mut stream = std::pin::pin!(self.docker.stats(container, Some(options)));
        stream.next().await?.ok().map(usage_of)
    }
}

fn usage_of(stats: ContainerStatsResponse) -> Usage {
    let cpu = stats.cpu_stats.unwrap_or_default();
    let memory = stats.memory_stats.unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    // cgroup v1 says total_inactive_file, v2 inactive_file.
    let cache = ["total_inactive_file", "inactive_file"]
        .iter()
        .find_map(|name| detail.get(*name))
        .copied()
        .unwrap_or_default();
    Usage {
        cpu_total: cpu.cpu_usage.and_then(|usage| usage.total_usage).unwrap_or_default(),
        system_total: cpu.system_cpu_usage.unwrap_or_default(),
        cores: cpu.online_cpus.unwrap_or(1),
        memory: memory.usage.unwrap_or_default().saturating_sub(cache),
        limit: memory.limit.unwrap_or_default(),
    }
}
