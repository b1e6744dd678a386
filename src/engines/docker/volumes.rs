//! Volumes: when they were made.

use super::{DockerEngine, EngineError, failure};

impl DockerEngine {
    /// When a volume was made, in seconds since 1970; `None` if the engine does not tell.
    ///
    /// # Errors
    /// There is no such volume, or the engine went away.
    pub async fn volume_made(&self, name: &str) -> Result<Option<i64>, EngineError> {
        let volume = self.docker.inspect_volume(name).await;
        let volume = volume.map_err(|cause| failure("inspect volume", name, &cause))?;
        let made = volume.created_at.map(|at| at.to_string());
        let made = made.and_then(|text| text.parse::<jiff::Timestamp>().ok());
        Ok(made.map(|at| at.as_second()))
    }
}
