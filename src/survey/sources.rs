//! Looks for the facts of `checks::sources`.

use std::path::{Path, PathBuf};

use super::Scene;
use crate::checks::sources::{Bind, Dockerfile, Sources, Tree};
use crate::checks::{Known, Unknown};
use crate::model::{BuildContext, Image, Mount, Service};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Sources> {
    let mut sources = Sources::default();
    for service in scene.deployment()?.services.values() {
        if let Image::Build(_, build) = &service.image {
            sources.trees.push(tree(scene.directory, service, build));
        }
        let binds = service.mounts.iter().filter_map(|mount| match mount {
            Mount::Bind { source, target, .. } => {
                let source = scene.directory.join(source);
                let folder = source.metadata().ok().map(|meta| meta.is_dir());
                Some(Bind {
                    service: service.name.to_string(),
                    source: source.display().to_string(),
                    target: target.clone(),
                    folder,
                })
            }
            Mount::Volume { .. } => None,
        });
        sources.binds.extend(binds);
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
