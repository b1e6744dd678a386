//! The three sources exactly as written: catalogue, `atlas.yaml`, `.env`. Owns reading and syntax; decides nothing.
//!
//! [`read`] is the only I/O. It never fails: what cannot be read is a diagnostic in [`Inputs::problems`], and `resolve`
//! reports it together with everything else.

pub mod answers;
pub mod backup;
pub mod catalogue;
pub mod checklist;
pub mod dotenv;
mod fields;
mod folders;
mod form;
pub mod kubernetes;
pub mod nginx;
pub mod project;
mod size;
pub mod span;
mod yaml;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use catalogue::Catalogue;
pub use dotenv::{Dotenv, Setting};
pub use project::Project;
pub(crate) use size::bytes;

use crate::diagnostic::{Diagnostic, Position};
use crate::error::cause;

/// The process environment as a parameter.
pub type Environment = BTreeMap<String, String>;

/// Which files to read; the defaults may be missing, what is named here must exist.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Instead of `atlas.yaml`; relative to the directory unless absolute.
    pub project: Option<PathBuf>,
    /// Instead of `.env` and `COMPOSE_ENV_FILES`; later files override earlier ones.
    pub env_files: Vec<PathBuf>,
}

/// What was written.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Every service there is.
    pub catalogue: Catalogue,
    /// `atlas.yaml`; the default one when there is none.
    pub project: Project,
    /// `.env`.
    pub dotenv: Dotenv,
    /// What could not be read or understood.
    pub problems: Vec<Diagnostic>,
}

/// Reads the sources of a project directory.
pub fn read(directory: &Path, files: &Files, environment: &Environment) -> Inputs {
    let mut inputs = Inputs::default();
    let (catalogue, problems) = Catalogue::embedded();
    inputs.catalogue = catalogue;
    inputs.problems = problems;
    inputs.read_project(directory, files.project.as_deref());
    inputs.read_catalogue(directory);
    inputs.read_addresses(directory);
    inputs.find_folders(directory, environment);
    inputs.read_env(directory, &files.env_files, environment);
    inputs
}

impl Inputs {
    fn read_project(&mut self, directory: &Path, named: Option<&Path>) {
        let path = named.unwrap_or(Path::new("atlas.yaml"));
        let file = path.display().to_string();
        if let Some(bytes) = self.bytes(directory, path, named.is_some()) {
            let (project, problems) = Project::parse(&file, &bytes);
            self.project = project;
            self.problems.extend(problems);
        }
    }

    fn read_catalogue(&mut self, directory: &Path) {
        let Some(folder) = self.project.catalogue.clone() else {
            return;
        };
        let shown = folder.value.display().to_string();
        let path = directory.join(&folder.value);
        let result = self.catalogue.add_folder(&path, &shown, &mut self.problems);
        if let Err(error) = result {
            let problem = Diagnostic::error(format!(
                "failed to read the folder `{shown}`: {}",
                cause(&error)
            ));
            self.problems.push(
                problem
                    .at(self.project.file.clone(), folder.position)
                    .key("catalogue")
                    .hint("the path is relative to the project directory"),
            );
        }
    }

    fn read_env(&mut self, directory: &Path, named: &[PathBuf], environment: &Environment) {
        let listed = environment
            .get("COMPOSE_ENV_FILES")
            .filter(|files| !files.is_empty());
        let disabled = environment.get("COMPOSE_DISABLE_ENV_FILE");
        let (files, must_exist) = match listed {
            _ if !named.is_empty() => (named.to_vec(), true),
            Some(files) => (files.split(',').map(PathBuf::from).collect(), true),
            None if disabled.is_some_and(|value| matches!(value.as_str(), "1" | "true")) => return,
            None => (vec![PathBuf::from(".env")], false),
        };
        for path in &files {
            let known = self.problems.len();
            if let Some(bytes) = self.bytes(directory, path, must_exist) {
                let file = path.display().to_string();
                self.problems
                    .extend(self.dotenv.parse(&file, &bytes, environment));
            } else if self.problems.len() > known {
                self.dotenv.unreadable();
            }
        }
    }

    fn bytes(&mut self, directory: &Path, path: &Path, must_exist: bool) -> Option<Vec<u8>> {
        match std::fs::read(directory.join(path)) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => None,
            Err(error) => {
                let problem =
                    Diagnostic::error(format!("failed to read the file: {}", cause(&error)));
                let file = path.display().to_string();
                self.problems.push(problem.at(file, Position::default()));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
