//! Making images available: from atlas' own executable, from a registry, from a source tree. Owns the progress they show.

use std::path::Path;

use bollard::errors::Error as Cause;
use bollard::models::ProgressDetail;
use bollard::query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::builtin::Builtin;
use super::{DockerEngine, EngineError, failure, registry};
use crate::event::{Event, Report};
use crate::model::{BuildContext, Deployment, Image, ServiceName};

/// Build output lines kept for an error message.
const KEPT_OUTPUT: usize = 20;

impl DockerEngine {
    /// The engine's id of an image, as compose puts it into its `image` label.
    pub(super) async fn image_id(&self, reference: &str) -> Result<String, EngineError> {
        let image = self.docker.inspect_image(reference).await;
        let image = image.map_err(|e| failure("find image", reference, &e))?;
        Ok(image.id.unwrap_or_default())
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
        let credentials = registry::credentials(reference).await?;
        let options = CreateImageOptionsBuilder::default()
            .from_image(reference)
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
        let archive = context_archive(&folder).map_err(|cause| EngineError {
            operation: "read the build context of",
            subject: reference.to_owned(),
            cause: format!("{}: {cause}", folder.display()),
            hint: None,
            unreachable: false,
        })?;
        let options = BuildImageOptionsBuilder::default()
            .dockerfile(&context.dockerfile.to_string_lossy())
            .t(reference)
            .rm(true)
            .forcerm(true)
            .build();
        let body = bollard::body_full(Bytes::from(archive));
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

/// The folder as a tar archive. `.git` is left out always, and what `.dockerignore` names as plain paths.
fn context_archive(folder: &Path) -> std::io::Result<Vec<u8>> {
    let ignored = std::fs::read_to_string(folder.join(".dockerignore")).unwrap_or_default();
    let ignored: Vec<&str> = ignored
        .lines()
        .map(|line| line.trim().trim_start_matches("./").trim_matches('/'))
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '!']))
        .chain([".git"])
        .collect();
    let mut archive = tar::Builder::new(Vec::new());
    archive.follow_symlinks(false);
    append(&mut archive, folder, Path::new(""), &ignored)?;
    archive.into_inner()
}

fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    folder: &Path,
    inside: &Path,
    ignored: &[&str],
) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder.join(inside))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = inside.join(entry.file_name());
        let name = path.to_string_lossy();
        let skip = |pattern: &&str| {
            name == **pattern
                || pattern
                    .strip_prefix("**/")
                    .is_some_and(|p| name.ends_with(p))
        };
        if ignored.iter().any(skip) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            archive.append_dir(&path, entry.path())?;
            append(archive, folder, &path, ignored)?;
        } else {
            archive.append_path_with_name(entry.path(), &path)?;
        }
    }
    Ok(())
}
