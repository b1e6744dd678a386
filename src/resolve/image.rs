//! Which image a service runs. Owns the choice and what is missing for it; references were checked by `input`.

use std::path::PathBuf;

use super::{Scope, settings::Settings};
use crate::diagnostic::{Diagnostic, enumerate};
use crate::input::catalogue::{Entry, ImageSpec};
use crate::model::{BuildContext, Image, ImageRef, ImageSource};

/// A service's image and how it runs from it.
pub(super) struct Chosen {
    pub(super) image: Image,
    pub(super) spec: ImageSpec,
}

impl Scope<'_> {
    /// `None` when there is none; the services that the builtin image lacks are gathered for one message.
    pub(super) fn image(
        &mut self,
        settings: &Settings,
        entry: &Entry,
        lacking: &mut Vec<String>,
    ) -> Option<Chosen> {
        let overrides = self.inputs.project.services.get(entry.name.as_str());
        if let Some(image) = overrides.and_then(|overrides| overrides.value.image.as_ref()) {
            let spec = entry
                .images
                .of(ImageSource::Registry)
                .map(|(spec, _)| spec.clone());
            return Some(Chosen {
                image: Image::Reference(image.value.clone()),
                spec: spec.unwrap_or_default(),
            });
        }
        let Some((spec, any)) = entry.images.of(settings.source) else {
            self.no_image(settings, entry, lacking);
            return None;
        };
        let image = match settings.source {
            ImageSource::Builtin if !any => {
                if !self.request.roles.contains(entry.name.as_str()) {
                    lacking.push(entry.name.to_string());
                    return None;
                }
                Image::Builtin(self.request.builtin.clone())
            }
            ImageSource::Build if !any => Image::Build(
                ImageRef::new(format!(
                    "{}-{}",
                    settings
                        .project
                        .as_ref()
                        .map_or("atlas", |project| project.as_str()),
                    entry.name
                )),
                BuildContext {
                    context: settings
                        .context
                        .join(spec.context.clone().unwrap_or_default()),
                    dockerfile: spec
                        .dockerfile
                        .clone()
                        .unwrap_or_else(|| PathBuf::from("Dockerfile")),
                },
            ),
            _ => Image::Reference(ImageRef::new(
                spec.image
                    .as_deref()
                    .unwrap_or_default()
                    .replace("{registry}", &settings.registry)
                    .replace("{tag}", &settings.tag),
            )),
        };
        Some(Chosen {
            image,
            spec: spec.clone(),
        })
    }

    fn no_image(&mut self, settings: &Settings, entry: &Entry, lacking: &mut Vec<String>) {
        let source = match settings.source {
            ImageSource::Builtin => return lacking.push(entry.name.to_string()),
            ImageSource::Registry => "registry",
            ImageSource::Build => "build",
        };
        let problem = Diagnostic::error(format!(
            "`{}` has no image from the source `{source}`",
            entry.name
        ))
        .key(format!("services.{}.image", entry.name))
        .hint(format!("set `services.{}.image` in atlas.yaml", entry.name));
        self.problems.push(problem);
    }

    /// One message for every service that the builtin image lacks.
    pub(super) fn report_lacking(&mut self, lacking: &[String]) {
        if lacking.is_empty() {
            return;
        }
        let problem = Diagnostic::error(format!("the builtin image has no {}", enumerate(lacking)))
            .key("images")
            .hint("use `images: {source: registry, …}` or `{source: build, …}`, or leave them out");
        match &self.inputs.project.images.source {
            Some(source) if self.request.images.is_none() => {
                self.in_project(problem, source.position)
            }
            _ => self.problems.push(problem),
        }
    }
}
