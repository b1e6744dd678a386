//! A close look at one container: its condition, its last lines, a command's exit code.

use std::net::SocketAddr;
use std::time::Duration;

use bollard::exec::StartExecResults;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, ExecConfig};
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::StreamExt;

use super::{DockerEngine, EngineError, failure};
use crate::engines::Condition;

/// How long the last log lines may take; they only decorate an error.
const TAIL_DEADLINE: Duration = Duration::from_secs(2);

impl DockerEngine {
    pub(super) async fn condition(&self, container: &str) -> Result<Condition, EngineError> {
        let inspected = self.docker.inspect_container(container, None).await;
        let inspected = inspected.map_err(|e| failure("inspect", container, &e))?;
        Ok(condition_of(inspected))
    }

    pub(super) async fn last_lines(&self, container: &str, lines: usize) -> Vec<String> {
        let options = LogsOptionsBuilder::default()
            .stdout(true)
            .stderr(true)
            .tail(&lines.to_string())
            .build();
        let read = async {
            let mut stream = std::pin::pin!(self.docker.logs(container, Some(options)));
            let mut text = String::new();
            while let Some(Ok(chunk)) = stream.next().await {
                text.push_str(&String::from_utf8_lossy(chunk.as_ref()));
            }
            text.lines().map(str::to_owned).collect()
        };
        tokio::time::timeout(TAIL_DEADLINE, read)
            .await
            .unwrap_or_default()
    }

    pub(super) async fn run_command(
        &self,
        container: &str,
        command: &[String],
    ) -> Result<i64, EngineError> {
        let failed = |e| failure("run a command in", container, &e);
        let config = ExecConfig {
            cmd: Some(command.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let exec = self.docker.create_exec(container, config).await;
        let exec = exec.map_err(failed)?.id;
        let started = self.docker.start_exec(&exec, None).await.map_err(failed)?;
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(Ok(_)) = output.next().await {}
        }
        let inspected = self.docker.inspect_exec(&exec).await.map_err(failed)?;
        Ok(inspected.exit_code.unwrap_or(-1))
    }
}

fn condition_of(inspected: ContainerInspectResponse) -> Condition {
    let state = inspected.state.unwrap_or_default();
    let settings = inspected.network_settings.unwrap_or_default();
    let networks = settings.networks.unwrap_or_default();
    let addresses = networks
        .into_values()
        .filter_map(|endpoint| endpoint.ip_address?.parse().ok())
        .collect();
    let mut published = Vec::new();
    for (port, bindings) in settings.ports.unwrap_or_default() {
        let Some(port) = port.strip_suffix("/tcp").and_then(|p| p.parse().ok()) else {
            continue;
        };
        for binding in bindings.unwrap_or_default() {
            let ip = binding.host_ip.and_then(|ip| ip.parse().ok());
            let host_port = binding.host_port.and_then(|p| p.parse().ok());
            if let (Some(ip), Some(host_port)) = (ip, host_port) {
                published.push((port, SocketAddr::new(ip, host_port)));
            }
        }
    }
    let health = state.health.and_then(|health| health.log?.pop());
    Condition {
        running: state.running.unwrap_or_default(),
        restarting: state.restarting.unwrap_or_default(),
        restarts: inspected.restart_count.unwrap_or_default(),
        exit_code: match state.status {
            Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::RESTARTING) => {
                state.exit_code
            }
            _ => None,
        },
        oom_killed: state.oom_killed.unwrap_or_default(),
        error: state.error.unwrap_or_default(),
        addresses,
        published,
        health_output: health.and_then(|entry| entry.output),
    }
}
