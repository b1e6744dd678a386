//! Who publishes which port on the engine's machine.

use bollard::query_parameters::ListContainersOptionsBuilder;

use super::DockerEngine;

impl DockerEngine {
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
