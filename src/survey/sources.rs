//! Looks for the facts of `checks::sources`.

use std::path::{Path, PathBuf};

use super::Scene;
use crate::checks::sources::{Dockerfile, Sources, Tree};
use crate::checks::{Known, Unknown};
use crate::model::{BuildContext, Image, Service};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Sources> {
    let mut sources = Sources::default();
    for service in scene.deployment()?.services.values() {
        if let Image::Build(_, build) = &service.image {
            sources.trees.push(tree(scene.directory, service, build));
        }
    }
    Ok(sources)
}

fn tree(directory: &Path, service: &Service, build: &BuildContext) -> Tree {
    // `./source` reads as `source`.
    let folder: PathBuf = directory.join(&build.context).components().collect();
    let file = folder.join(&build.dockerfile);
    let dockerfile = file.is_file().then(|| {
        let text = std::fs::read_to_string(&file);
        text.map(|text| Dockerfile::parse(&text))
            .map_err(|cause| Unknown::Unseen(format!("{}: {cause}", file.display())))
    });
    Tree {
        service: service.name.to_string(),
        is_there: folder.is_dir(),
        folder: folder.display().to_string(),
        file: file.display().to_string(),
        dockerfile,
    }
}
