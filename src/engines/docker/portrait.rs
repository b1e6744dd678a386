//! What the engine tells of itself and of a container, whole, as JSON: for archives that somebody else shall read. Hides nothing.

use serde_json::Value;

use super::DockerEngine;

impl DockerEngine {
    /// Version and information of the engine; what it does not tell is `null`.
    pub async fn portrait(&self) -> Value {
        let (version, info) = tokio::join!(self.docker.version(), self.docker.info());
        let version = version.ok().and_then(|v| serde_json::to_value(v).ok());
        let info = info.ok().and_then(|i| serde_json::to_value(i).ok());
        serde_json::json!({"version": version, "info": info})
    }

    /// All that the engine knows of a container; `null` when it is gone.
    pub async fn portrait_of(&self, container: &str) -> Value {
        let inspected = self.docker.inspect_container(container, None).await;
        let value = inspected.ok().and_then(|i| serde_json::to_value(i).ok());
        value.unwrap_or_default()
    }
}
