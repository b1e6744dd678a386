//! The machine the engine runs on, and who publishes which port there.

use bollard::query_parameters::ListContainersOptionsBuilder;

use super::DockerEngine;

/// Facts of the engine's machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Where the engine keeps images and volumes.
    pub root: String,
    /// Memory in bytes.
    pub memory: u64,
}

impl DockerEngine {
    /// `None` when the engine does not tell.
    pub async fn host(&self) -> Option<Host> {
        let info = self.docker.info().await.ok()?;
        Some(Host {
            root: info.docker_root_dir?,
            memory: info
                .mem_total
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or_default(),
        })
    }

    /// Name and project of the running container that publishes a TCP port.
    pub async fn publisher(&self, port: u16) -> Option<(String, Option<String>)> {
        let options = ListContainersOptionsBuilder::default().build();
        let list = self.docker.list_containers(Some(options)).await.ok()?;
        let found = list.into_iter().find(|container| {
            let ports = container.ports.iter().flatten();
            ports.into_iter().any(|p| p.public_port == Some(port))
        })?;
        let name = found.names?.first()?.trim_start_matches('/').to_owned();
        let labels = found.labels.unwrap_or_default();
        Some((name, labels.get("com.docker.compose.project").cloned()))
    }
}
