//! Looks at images, here and in their registry, and at files in containers, without starting anything.

use bollard::errors::Error as Cause;
use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;

use super::{DockerEngine, EngineError, failure, registry};

/// An image that the engine has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// Digests under which registries know it: `mongo@sha256:…`.
    pub digests: Vec<String>,
    /// Folders of its PATH.
    pub path: Vec<String>,
    /// Its own health check in Docker's form; empty if it has none.
    pub healthcheck: Vec<String>,
}

/// An image as its registry has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// `sha256:…`.
    pub digest: String,
    /// Architectures that there are.
    pub architectures: Vec<String>,
}

/// What is taken where an image has no PATH.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl DockerEngine {
    /// An image of the engine's; `None` if it does not have it.
    ///
    /// # Errors
    /// The engine refuses for another reason.
    pub async fn image_facts(&self, reference: &str) -> Result<Option<ImageFacts>, EngineError> {
        let image = match self.docker.inspect_image(reference).await {
            Ok(image) => image,
            Err(Cause::DockerResponseServerError {
                status_code: 404, ..
            }) => return Ok(None),
            Err(cause) => return Err(failure("inspect image", reference, &cause)),
        };
        let config = image.config.unwrap_or_default();
        let environment = config.env.unwrap_or_default();
        let path = environment
            .iter()
            .find_map(|pair| pair.strip_prefix("PATH="));
        let path = path.unwrap_or(PATH).split(':');
        Ok(Some(ImageFacts {
            architecture: image.architecture.unwrap_or_default(),
            digests: image.repo_digests.unwrap_or_default(),
            path: path.map(str::to_owned).collect(),
            healthcheck: config.healthcheck.and_then(|h| h.test).unwrap_or_default(),
        }))
    }

    /// What the registry of a reference has under it.
    ///
    /// # Errors
    /// It cannot be reached, refuses, or has no such image.
    pub async fn published(&self, reference: &str) -> Result<Published, EngineError> {
        let credentials = registry::credentials(self.endpoint.config(), reference).await?;
        let answer = self
            .docker
            .inspect_registry_image(reference, credentials)
            .await;
        let answer = answer.map_err(|e| failure("ask the registry for", reference, &e))?;
        let platforms = answer.platforms.into_iter();
        Ok(Published {
            digest: answer.descriptor.digest.unwrap_or_default(),
            architectures: platforms.filter_map(|p| p.architecture).collect(),
        })
    }

    /// Whether a container, running or not, has a file.
    ///
    /// # Errors
    /// The engine cannot tell.
    pub async fn has_file(&self, container: &str, path: &str) -> Result<bool, EngineError> {
        let options = ContainerArchiveInfoOptionsBuilder::default().path(path);
        let asked = self
            .docker
            .get_container_archive_info(container, Some(options.build()));
        match asked.await {
            Ok(_) => Ok(true),
            Err(Cause::DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(false),
            Err(cause) => Err(failure("look for a file in", container, &cause)),
        }
    }
}
