//! Making images available: from atlas' own executable, from a registry, from a source tree. Owns the progress they show.

use std::collections::HashMap;

use bollard::errors::Error as Cause;
use bollard::models::{ImageManifestSummaryKindEnum, ProgressDetail};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateImageOptionsBuilder, ListImagesOptionsBuilder,
};
use futures_util::{Stream, StreamExt};

use super::builtin::Builtin;
use super::{DockerEngine, EngineError, context, failure, registry};
use crate::event::{Event, Report};
use crate::model::{BuildContext, Deployment, Image, ServiceName};

/// Build output lines kept for an error message.
const KEPT_OUTPUT: usize = 20;

impl DockerEngine {
    /// The engine's id of an image, as compose puts it into its `image` label.
    pub(super) async fn image_id(&self, reference: &str) -> Result<String, EngineError> {
        let name = familiar(reference);
        let found = self.image_identities(vec![name.clone()]).await?;
        let found = found.into_iter().find(|(listed, _)| *listed == name);
        let found = found.map(|(_, identity)| identity);
        found.ok_or_else(|| EngineError {
            operation: "find image",
            subject: reference.to_owned(),
            cause: "the engine does not have it".into(),
            hint: Some("`atlas up` gets it".into()),
            unreachable: false,
        })
    }

    /// What identifies each image, by all its names: the image's id, or with the containerd store (API 1.48) the digest of the
    /// manifest for this platform, as compose has it (docker/compose `pkg/compose/images.go`).
    pub(super) async fn image_identities(
        &self,
        references: Vec<String>,
    ) -> Result<HashMap<String, String>, EngineError> {
        let filters = HashMap::from([("reference".to_owned(), references)]);
        let options = ListImagesOptionsBuilder::default()
            .manifests(self.api >= (1, 48))
            .filters(&filters);
        let list = self.docker.list_images(Some(options.build())).await;
        let subject = self.endpoint.to_string();
        let list = list.map_err(|e| failure("list the images of", &subject, &e))?;
        let mut identities = HashMap::new();
        for image in list {
            let manifests = image.manifests.iter().flatten();
            let manifest = manifests
                .filter(|m| m.kind == Some(ImageManifestSummaryKindEnum::IMAGE))
                .find(|m| m.available);
            let identity = manifest.map_or(&image.id, |manifest| &manifest.id);
            for name in image.repo_tags.iter().chain(&image.repo_digests) {
                identities.insert(name.clone(), identity.clone());
            }
        }
        Ok(identities)
    }

    pub(super) async fn provide_image(
        &self,
        deployment: &Deployment,
        service: &ServiceName,
        report: &dyn Report,
    ) -> Result<(), EngineError> {
        match &deployment.services[service].image {
            Image::Builtin(_) => self.import_builtin(report).await,
            Image::Reference(reference) => self.pull(reference.as_str(), report).await,
            Image::Build(reference, context) => {
                self.build(reference.as_str(), context, report).await
            }
        }
    }

    /// Makes the image of this executable, unless it is there: its name tells its content.
    pub async fn import_builtin(&self, report: &dyn Report) -> Result<(), EngineError> {
        let Some(builtin) = &self.builtin else {
            return Ok(());
        };
        let reference = builtin.reference().as_str();
        let _alone = builtin.alone().await;
        if self.docker.inspect_image(reference).await.is_ok() {
            return Ok(());
        }
        let (repository, tag) = builtin.name();
        let options = CreateImageOptionsBuilder::default()
            .from_src("-")
            .repo(repository)
            .tag(tag)
            .changes(Builtin::changes())
            .build();
        let body = bollard::body_stream(builtin.tar());
        let stream = self.docker.create_image(Some(options), Some(body), None);
        let stream = stream.map(|item| item.map(|info| (info.status, info.progress_detail)));
        follow("make image", reference, stream, report).await
    }

    /// Pulls an image with the credentials that the Docker configuration has for its registry.
    pub async fn pull(&self, reference: &str, report: &dyn Report) -> Result<(), EngineError> {
        let credentials = registry::credentials(self.endpoint.config(), reference).await?;
        let options = CreateImageOptionsBuilder::default()
            // Without a tag, the engine would pull every tag there is.
            .from_image(&familiar(reference))
            .build();
        let stream = self.docker.create_image(Some(options), None, credentials);
        let stream = stream.map(|item| item.map(|info| (info.status, info.progress_detail)));
        follow("pull", reference, stream, report).await
    }

    /// Builds an image from a folder; the folder is sent as a tar archive without what `.dockerignore` names.
    pub async fn build(
        &self,
        reference: &str,
        context: &BuildContext,
        report: &dyn Report,
    ) -> Result<(), EngineError> {
        let folder = self.directory.join(&context.context);
        let archive =
            context::archive(folder, &context.dockerfile).map_err(|cause| EngineError {
                operation: "read the build context of",
                subject: reference.to_owned(),
                cause,
                hint: None,
                unreachable: false,
            })?;
        let options = BuildImageOptionsBuilder::default()
            .dockerfile(&context.dockerfile.to_string_lossy())
            .t(reference)
            .rm(true)
            .forcerm(true)
            .build();
        let body = bollard::body_stream(archive);
        let mut stream = std::pin::pin!(self.docker.build_image(options, None, Some(body)));
        let mut output: Vec<String> = Vec::new();
        while let Some(item) = stream.next().await {
            let info = item.map_err(|cause| build_failure(reference, &cause, &output))?;
            if let Some(detail) = info.error_detail {
                let cause = Cause::DockerStreamError {
                    error: detail.message.unwrap_or_default(),
                };
                return Err(build_failure(reference, &cause, &output));
            }
            for line in info.stream.iter().flat_map(|text| text.lines()) {
                if !line.trim().is_empty() {
                    output.push(line.to_owned());
                    report.report(progress(reference, line.to_owned(), None));
                }
            }
            if output.len() > KEPT_OUTPUT {
                output.drain(..output.len() - KEPT_OUTPUT);
            }
        }
        Ok(())
    }
}

/// Docker's familiar form, under which the engine lists an image: `docker.io/library/` removed, `:latest` added where there
/// is neither tag nor digest, and no tag beside a digest.
pub(super) fn familiar(reference: &str) -> String {
    let short = reference.strip_prefix("docker.io/").unwrap_or(reference);
    let short = short.strip_prefix("library/").unwrap_or(short);
    let (name, digest) = match short.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (short, None),
    };
    let tag = name
        .rfind(':')
        .filter(|colon| !name[*colon..].contains('/'));
    match (digest, tag) {
        (Some(digest), tag) => format!("{}@{digest}", &name[..tag.unwrap_or(name.len())]),
        (None, Some(_)) => name.to_owned(),
        (None, None) => format!("{name}:latest"),
    }
}

fn build_failure(reference: &str, cause: &Cause, output: &[String]) -> EngineError {
    let mut error = failure("build", reference, cause);
    if !output.is_empty() {
        error.cause = format!("{}\n{}", error.cause, output.join("\n"));
    }
    error
}

type Progress = Result<(Option<String>, Option<ProgressDetail>), Cause>;

async fn follow(
    operation: &'static str,
    reference: &str,
    stream: impl Stream<Item = Progress>,
    report: &dyn Report,
) -> Result<(), EngineError> {
    let mut stream = std::pin::pin!(stream);
    while let Some(item) = stream.next().await {
        let (status, detail) = item.map_err(|cause| failure(operation, reference, &cause))?;
        if let Some(text) = status {
            report.report(progress(reference, text, detail));
        }
    }
    Ok(())
}

fn progress(reference: &str, text: String, detail: Option<ProgressDetail>) -> Event {
    let bytes = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
    let detail = detail.unwrap_or_default();
    Event::Progress {
        subject: reference.to_owned(),
        text,
        current: bytes(detail.current),
        total: bytes(detail.total),
    }
}

#[cfg(test)]
mod tests {
    use super::familiar;

    #[test]
    fn references_are_found_under_the_names_the_engine_lists() {
        let same = |reference: &str, listed: &str| assert_eq!(familiar(reference), listed);
        same("redis", "redis:latest");
        same("docker.io/library/redis:7-alpine", "redis:7-alpine");
        same(
            "localhost:5000/atlas-gateway",
            "localhost:5000/atlas-gateway:latest",
        );
        same("ghcr.io/acme/wiki:1.2", "ghcr.io/acme/wiki:1.2");
        same("mongo:7.0@sha256:0a", "mongo@sha256:0a");
    }
}
