//! Catalogue, `atlas.yaml`, `.env` and the command line → [`Deployment`], or every problem at once. Pure. Owns defaults,
//! references between the sources, and the rules that keep a deployment sound; syntax belongs to `input`.

mod assembly;
mod cloudflare;
mod edge;
mod environment;
mod folders;
mod front;
mod image;
mod ports;
mod provided;
mod selection;
mod service;
mod settings;
mod value;
mod wanted;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use cloudflare::networks;
pub use edge::edge;
pub use selection::{DEFAULT_PROFILE, profiles};
pub(crate) use value::fault;
pub use wanted::{Wanted, wanted};

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::input::{Environment, Inputs};
use crate::model::{DataMode, Deployment, ImageRef, ImageSource, ProjectName, Stage};

/// What the command line and the caller's surroundings say; each `Option` overrides `atlas.yaml`.
#[derive(Debug, Clone)]
pub struct Request {
    /// `--profile`.
    pub profile: Option<String>,
    /// Named services; they replace the profile unless one is named too.
    pub services: Vec<String>,
    /// `--production`.
    pub stage: Option<Stage>,
    /// `--data`.
    pub data: Option<DataMode>,
    /// `--images`.
    pub images: Option<ImageSource>,
    /// `--registry`.
    pub registry: Option<String>,
    /// `--tag`.
    pub tag: Option<String>,
    /// `--context`.
    pub context: Option<PathBuf>,
    /// The reference of the image made of this executable.
    pub builtin: ImageRef,
    /// The roles that image can play.
    pub roles: BTreeSet<String>,
    /// The project directory's own name, for the default project name.
    pub directory: String,
    /// `--project-name`.
    pub project: Option<String>,
    /// The process environment; it goes before `.env`.
    pub environment: Environment,
}

impl Request {
    /// A request that overrides nothing.
    pub fn new(
        directory: impl Into<String>,
        builtin: ImageRef,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            profile: None,
            services: Vec::new(),
            stage: None,
            data: None,
            images: None,
            registry: None,
            tag: None,
            context: None,
            builtin,
            roles: roles.into_iter().map(Into::into).collect(),
            directory: directory.into(),
            project: None,
            environment: Environment::new(),
        }
    }
}

/// A valid deployment and what is worth knowing about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// What shall run.
    pub deployment: Deployment,
    /// Problems that do not stand in its way.
    pub warnings: Vec<Diagnostic>,
}

/// Resolves. `Err` holds every problem: errors, then warnings, each sorted by file and position.
pub fn resolve(inputs: &Inputs, request: &Request) -> Result<Resolution, Vec<Diagnostic>> {
    let mut scope = Scope {
        inputs,
        request,
        problems: inputs.problems.clone(),
    };
    // Whatever else could be said would be about defaults that nobody asked for.
    if inputs.project.unreadable {
        return Err(scope.sorted());
    }
    let deployment = scope.deployment();
    let problems = scope.sorted();
    let sound = problems
        .iter()
        .all(|problem| problem.severity == Severity::Warning);
    match deployment {
        Some(deployment) if sound => Ok(Resolution {
            deployment,
            warnings: problems,
        }),
        _ => Err(problems),
    }
}

/// The project's name alone, by the same precedence; it can be told even where the rest is wrong.
pub fn project_name(inputs: &Inputs, request: &Request) -> Result<ProjectName, Vec<Diagnostic>> {
    let mut scope = Scope {
        inputs,
        request,
        problems: Vec::new(),
    };
    scope.project_name().ok_or(scope.problems)
}

/// What every part of the resolution reads, and the problems found so far.
struct Scope<'i> {
    inputs: &'i Inputs,
    request: &'i Request,
    problems: Vec<Diagnostic>,
}

impl<'i> Scope<'i> {
    /// `None` only when problems were found.
    fn deployment(&mut self) -> Option<Deployment> {
        let settings = self.settings();
        let selection = self.selection(&settings);
        self.check_settings_of_services();
        let built = self.build(&settings, &selection);
        let Some(project) = settings.project else {
            self.check_ports(&built.services);
            return None;
        };
        let mut deployment = Deployment {
            project,
            stage: settings.stage,
            start_interval: self
                .inputs
                .project
                .start_interval
                .as_ref()
                .is_none_or(|engine| engine.value),
            public_url: settings.public_url,
            data: settings.data,
            source: settings.source,
            networks: built.networks,
            volumes: built.volumes,
            secrets: built.secrets,
            services: built.services,
            edge: None,
        };
        self.front(&mut deployment);
        self.check_ports(&deployment.services);
        Some(deployment)
    }

    /// The problems: errors first, each once.
    fn sorted(self) -> Vec<Diagnostic> {
        let mut problems = self.problems;
        problems.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.cmp(b)));
        problems.dedup();
        problems
    }

    /// A problem in `atlas.yaml`.
    fn in_project(&mut self, problem: Diagnostic, position: Position) {
        self.problems
            .push(problem.at(self.inputs.project.file.clone(), position));
    }

    /// A variable's value; the process environment goes before `.env`, and what is empty is not set.
    fn variable(&self, name: &str) -> Option<&'i str> {
        let value = match self.request.environment.get(name) {
            Some(value) => value,
            None => &self.inputs.dotenv.get(name)?.value,
        };
        (!value.is_empty()).then_some(value)
    }

    /// Places a problem where a variable was set: in a file, in the environment, or nowhere yet.
    fn in_variable(&mut self, name: &str, problem: Diagnostic) {
        let problem = problem.key(name);
        let environment = self.request.environment.contains_key(name);
        let problem = match self.inputs.dotenv.get(name) {
            _ if environment => problem.at("environment", Position::default()),
            Some(setting) => problem.at(setting.file.clone(), setting.position),
            None => problem.at(".env", Position::default()),
        };
        self.problems.push(problem);
    }
}

#[cfg(test)]
mod tests;
