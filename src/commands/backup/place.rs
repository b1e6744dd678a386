//! Where backups lie, what encrypts and opens them, and who is told: the command line before atlas.yaml, the environment
//! before .env. Owns no connection.

use std::path::{Path, PathBuf};

use atlas_backup::Kind as Sort;
use atlas_backup::notify::{Kind, Mailer, Notice, Target};
use atlas_backup::repository::{Entry, Listed, Location, Repository};

use crate::app::App;
use crate::backup::place;
use crate::cli::backup::At;
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::{Error, cause};
use crate::event::Event;
use crate::exit::Exit;
use crate::input::Inputs;
use crate::input::backup::Backup;
use crate::references;

/// What a command over backups knows of its project.
pub(super) struct Place<'a> {
    app: &'a App,
    pub(super) inputs: Inputs,
    pub(super) project: String,
}

impl<'a> Place<'a> {
    /// Reads the project. Problems elsewhere in atlas.yaml do not keep anybody from their backups.
    pub(super) fn of(app: &'a App) -> Result<Self, Error> {
        let inputs = app.inputs();
        let concerns = |problem: &&Diagnostic| {
            let key = problem.key.as_deref();
            problem.severity == Severity::Error
                && problem.file.as_deref() == Some("atlas.yaml")
                && key.is_none_or(|key| key == "backup" || key.starts_with("backup."))
        };
        let problems: Vec<Diagnostic> = inputs.problems.iter().filter(concerns).cloned().collect();
        if !problems.is_empty() {
            return Err(Error::configuration(problems));
        }
        let project = app.project_name(&inputs)?;
        Ok(Self {
            app,
            inputs,
            project,
        })
    }

    /// The same with the answers of secret stores: passwords of stores and of backups. Credentials of integrations are of no use here.
    pub(super) async fn whole(app: &'a App) -> Result<Self, Error> {
        let mut place = Self::of(app)?;
        let is_needed = |inputs: &Inputs, name: &str| {
            let mut readers = inputs.catalogue.entries();
            !readers.any(|e| {
                e.kind == crate::model::Kind::Integration && e.environment.contains_key(name)
            })
        };
        let (directory, environment) = (&app.directory, &app.environment);
        references::need_of(&mut place.inputs, directory, environment, is_needed).await?;
        Ok(place)
    }

    /// `backup` of atlas.yaml.
    pub(super) fn settings(&self) -> &Backup {
        &self.inputs.project.backup
    }

    /// A variable of the environment, else of .env; what is empty is not set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let dotenv = || self.inputs.dotenv.get(name).map(|setting| &setting.value);
        let value = self.app.environment.get(name).or_else(dotenv)?;
        (!value.is_empty()).then_some(value)
    }

    /// A path as it was typed, from the folder where it was typed.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.app.directory.join(path)
    }

    /// A folder of the project's own for what is looked at on its way; made when it is not there.
    pub(super) fn scratch(&self) -> Result<PathBuf, Error> {
        use std::os::unix::fs::DirBuilderExt;
        let folder = self.app.directory.join(".atlas");
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| {
            let shown = folder.display();
            Error::failed(format!("failed to make `{shown}`: {}", cause(&error)))
        })?;
        Ok(folder)
    }

    /// The place that was named, else that of atlas.yaml, else the folder `backups` of the project.
    pub(super) fn location(&self, named: Option<&str>) -> Result<Location, Error> {
        let variable = |name: &str| self.variable(name).map(str::to_owned);
        let written = self.settings().to.as_ref().map(|to| to.value.as_str());
        let directory = &self.app.directory;
        match named {
            // What was typed is relative to where it was typed, what was written to the project.
            Some(path) if !path.contains("://") => {
                let path = std::path::absolute(path).map_err(|error| {
                    Error::failed(format!("failed to find `{path}`: {}", cause(&error)))
                })?;
                Ok(Location::Folder(path))
            }
            named => Ok(place::location(directory, named.or(written), variable)?),
        }
    }

    /// Opens the place.
    pub(super) async fn open(&self, at: &At) -> Result<Repository, Error> {
        let location = self.location(at.place.as_deref())?;
        Ok(Repository::open(&location).await?)
    }

    /// The backup that is meant. `latest` is the newest complete one of the project; what a restore saved of what it overwrote is
    /// meant by its id alone.
    pub(super) async fn find(&self, repository: &Repository, id: &str) -> Result<Entry, Error> {
        if id != "latest" {
            return Ok(repository.find(id).await?);
        }
        let is_meant = |entry: &Entry| entry.is_complete_of(&self.project);
        let listed = repository.list().await?;
        let mut whole = listed.into_iter().filter_map(|one| match one {
            Listed::Whole(entry) => Some(*entry),
            Listed::Broken { .. } => None,
        });
        whole.rfind(is_meant).ok_or_else(|| {
            let cause = format!("there is no complete backup in {}", repository.location());
            atlas_backup::Error::new(Sort::NotFound, "find", id, cause).into()
        })
    }

    /// Tells `backup.notify`. That somebody could not be told is a warning: how the command ends is not changed by it.
    pub(super) async fn notify(&self, kind: Kind, id: Option<&str>, message: &str, exit: Exit) {
        let targets: Vec<Target> = self
            .settings()
            .notify
            .iter()
            .map(|target| target.value.clone())
            .collect();
        let report = self.app.reporter();
        let warn = |text: String| report.report(Event::Warning { text });
        if targets.is_empty() {
            warn("nobody was told: `backup.notify` of atlas.yaml is empty".to_owned());
            return;
        }
        let mailer = self.variable("SMTP_URL").map(|url| Mailer {
            url: url.to_owned(),
            from: self.sender(),
        });
        let notice = Notice {
            schema: "atlas/v1",
            project: self.project.clone(),
            kind,
            id: id.map(str::to_owned),
            message: message.to_owned(),
            exit: exit.code(),
            at: jiff::Timestamp::now(),
        };
        let errors = atlas_backup::notify::tell(&targets, mailer.as_ref(), &notice).await;
        for error in errors {
            warn(error.to_string());
        }
    }

    fn sender(&self) -> String {
        match self.variable("SMTP_FROM") {
            Some(from) => from.to_owned(),
            None => format!(
                "atlas@{}",
                rustix::system::uname().nodename().to_string_lossy()
            ),
        }
    }
}
