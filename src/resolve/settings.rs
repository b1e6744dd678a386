//! The decisions that concern the whole deployment: name, stage, data, images. Owns their order of precedence: command
//! line, environment, `atlas.yaml`, default.

use std::path::PathBuf;

use super::{Scope, selection::MINIMAL};
use crate::diagnostic::Diagnostic;
use crate::model::{DataMode, ImageSource, ProjectName, PublicUrl, Stage};

/// What was decided.
pub(super) struct Settings {
    /// `None` when no valid name was found; the problem is noted.
    pub(super) project: Option<ProjectName>,
    pub(super) stage: Stage,
    pub(super) public_url: Option<PublicUrl>,
    pub(super) data: DataMode,
    pub(super) source: ImageSource,
    pub(super) registry: String,
    pub(super) tag: String,
    pub(super) context: PathBuf,
}

impl Scope<'_> {
    pub(super) fn settings(&mut self) -> Settings {
        let project = self.project_name();
        let inputs = self.inputs;
        let written = &inputs.project;
        let source =
            self.request
                .images
                .or(written.images.source.as_ref().map(|source| source.value));
        let source = source.unwrap_or(ImageSource::Builtin);
        Settings {
            project,
            stage: self
                .request
                .stage
                .or(written.stage.as_ref().map(|stage| stage.value))
                .unwrap_or(Stage::Development),
            public_url: self.public_url(),
            data: self.data(source),
            source,
            registry: self.registry(source),
            tag: self
                .request
                .tag
                .clone()
                .or(written.images.tag.as_ref().map(|tag| tag.value.clone()))
                .unwrap_or_else(|| "latest".to_owned()),
            context: self.context(source),
        }
    }

    fn public_url(&mut self) -> Option<PublicUrl> {
        let written = self.inputs.project.public_url.as_ref()?;
        let stage = self.inputs.project.stage.as_ref().map(|stage| stage.value);
        let production = self.request.stage.or(stage) == Some(Stage::Production);
        if production && !written.value.secure {
            let message = format!("`{}` is not encrypted", written.value);
            let problem = Diagnostic::error(message).key("public-url");
            let problem = problem.hint("production needs an address that begins with https://");
            self.in_project(problem, written.position);
        }
        Some(written.value.clone())
    }

    pub(super) fn project_name(&mut self) -> Option<ProjectName> {
        const VARIABLE: &str = "COMPOSE_PROJECT_NAME";
        if let Some(name) = &self.request.project {
            let parsed = name.parse();
            return parsed
                .map_err(|error| {
                    let problem = Diagnostic::error(format!("{error}")).key("--project-name");
                    self.problems.push(problem);
                })
                .ok();
        }
        if let Some(name) = self.variable(VARIABLE) {
            return match name.parse() {
                Ok(name) => Some(name),
                Err(error) => {
                    self.in_variable(VARIABLE, Diagnostic::error(format!("{error}")));
                    None
                }
            };
        }
        if let Some(name) = &self.inputs.project.name {
            return Some(name.value.clone());
        }
        let directory = &self.request.directory;
        let name = ProjectName::from_directory(directory);
        if name.is_none() {
            let problem = Diagnostic::error(format!(
                "the directory's name `{directory}` makes no project name"
            ));
            self.problems.push(problem.hint("set `name` in atlas.yaml"));
        }
        name
    }

    fn data(&mut self, source: ImageSource) -> DataMode {
        let written = self.inputs.project.data.as_ref();
        let asked = self.request.data.or(written.map(|data| data.value));
        if asked == Some(DataMode::Embedded) && source != ImageSource::Builtin {
            let problem = Diagnostic::error("embedded data needs the builtin images")
                .key("data")
                .hint("use `data: containers`, or `images: builtin`");
            match written {
                Some(data) if self.request.data.is_none() => {
                    self.in_project(problem, data.position)
                }
                _ => self.problems.push(problem),
            }
        }
        let minimal = self
            .profile_in_force()
            .is_some_and(|profile| profile == MINIMAL);
        asked.unwrap_or(if minimal && source == ImageSource::Builtin {
            DataMode::Embedded
        } else {
            DataMode::Containers
        })
    }

    fn registry(&mut self, source: ImageSource) -> String {
        let images = &self.inputs.project.images;
        let asked = self.request.registry.as_ref();
        let registry = asked
            .or(images.registry.as_ref().map(|registry| &registry.value))
            .cloned();
        if registry.is_none() && source == ImageSource::Registry {
            self.incomplete_images(
                "a registry is needed",
                "add `registry: ghcr.io/acme` below `images`",
                "images.registry",
            );
        }
        registry.unwrap_or_default()
    }

    fn context(&mut self, source: ImageSource) -> PathBuf {
        let images = &self.inputs.project.images;
        let asked = self.request.context.as_ref();
        let context = asked
            .or(images.context.as_ref().map(|context| &context.value))
            .cloned();
        if context.is_none() && source == ImageSource::Build {
            self.incomplete_images(
                "the folder to build from is needed",
                "add `context: ../atlas-ai` below `images`: the folder that holds `services/gateway`",
                "images.context",
            );
        }
        context.unwrap_or_default()
    }

    fn incomplete_images(&mut self, message: &str, hint: &str, key: &str) {
        let problem = Diagnostic::error(message).key(key).hint(hint);
        match &self.inputs.project.images.source {
            Some(source) => self.in_project(problem, source.position),
            None => self.problems.push(problem),
        }
    }
}
