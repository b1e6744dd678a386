//! What every command is handed: the project directory, the environment, who may be asked, how to show things.

use std::collections::BTreeSet;
use std::future::Future;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use crate::cli::{Colour, Command, Global, Selection};
use crate::engines::EngineError;
use crate::engines::docker::{Builtin, DockerEngine, Endpoint};
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::input::{self, Environment, Files, Inputs};
use crate::model::{DataMode, Deployment, Image, ImageRef, ImageSource, ServiceName, Stage};
use crate::plan::Observed;
use crate::prompt::Prompt;
use crate::references;
use crate::report::{Json, Plain, Style, Tty};
use crate::resolve::{self, Request};

/// The surroundings of a command.
#[derive(Clone)]
pub(crate) struct App {
    /// Absolute.
    pub(crate) directory: PathBuf,
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    pub(crate) prompt: Prompt,
    /// For stdout.
    pub(crate) style: Style,
    /// For stderr.
    pub(crate) talk: Style,
    /// The stage is production for this run, whatever atlas.yaml says.
    production: bool,
    live: bool,
    /// Whether Ctrl-C has come since somebody began to listen for the rest of the command.
    interruption: Arc<OnceLock<watch::Receiver<bool>>>,
}

impl App {
    pub(super) fn new(global: Global) -> Result<Self, Error> {
        let environment: Environment = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        let wanted = global
            .project_directory
            .clone()
            .unwrap_or_else(|| ".".into());
        let directory = std::path::absolute(&wanted)
            .and_then(|path| {
                // A folder that is named but missing is made by `init` and `up`.
                if path.exists() {
                    path.canonicalize()
                } else {
                    Ok(path)
                }
            })
            .map_err(|cause| {
                let message = format!(
                    "failed to find the project directory `{}`: {cause}",
                    wanted.display()
                );
                Error::new(Exit::Usage, message)
            })?;
        let no_colour = environment.get("NO_COLOR").is_some_and(|v| !v.is_empty())
            || environment.get("TERM").is_some_and(|term| term == "dumb");
        let colour = |terminal: bool| Style {
            colour: match global.color {
                Colour::Always => true,
                Colour::Never => false,
                Colour::Auto => terminal && !no_colour,
            },
        };
        let (stdin, stdout, stderr) = (
            std::io::stdin().is_terminal(),
            std::io::stdout().is_terminal(),
            std::io::stderr().is_terminal(),
        );
        let prompt = match global.yes {
            true => Prompt::Assume(true),
            false if stdin && stderr => Prompt::Terminal,
            false => Prompt::Assume(false),
        };
        Ok(Self {
            directory,
            prompt,
            style: colour(stdout),
            talk: colour(stderr),
            production: false,
            live: stderr && global.color != Colour::Never && !environment.contains_key("CI"),
            interruption: Arc::default(),
            global,
            environment,
        })
    }

    /// A project directory that is not there is made by `init` and `up`; for anything else it is a slip of the pen.
    pub(super) fn check_directory(&self, command: &Command) -> Result<(), Error> {
        let maker = matches!(command, Command::Init(_) | Command::Up(_));
        let reason = match self.directory.is_dir() {
            true => return Ok(()),
            false if self.directory.exists() => "it is not a directory",
            false if maker => return Ok(()),
            false => "it does not exist",
        };
        let shown = self.directory.display();
        let message = format!("failed to find the project directory `{shown}`: {reason}");
        Err(Error::new(Exit::Usage, message))
    }

    /// Runs the asynchronous part of a command on this thread.
    pub(super) fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| {
                Error::new(
                    Exit::Unexpected,
                    format!("failed to start the runtime: {cause}"),
                )
            })?;
        let outcome = runtime.block_on(work);
        // A read of stdin that nobody answers must not hold the process.
        runtime.shutdown_background();
        outcome
    }

    /// The reporter that fits where the events go.
    pub(crate) fn reporter(&self) -> Box<dyn Report> {
        if self.global.json {
            Box::new(Json)
        } else if self.live {
            Box::new(Tty::new(self.talk))
        } else {
            Box::new(Plain { style: self.talk })
        }
    }

    /// The same surroundings for a command whose stdout is no place for events: those go to stderr.
    pub(crate) fn quiet_stdout(&self) -> Self {
        let mut quiet = self.clone();
        quiet.global.json = false;
        quiet
    }

    /// The same surroundings for a run whose stage is production, whatever atlas.yaml says.
    pub(crate) fn for_production(&self) -> Self {
        let mut production = self.clone();
        production.production = true;
        production
    }

    /// Completes on a Ctrl-C or SIGTERM that came since this was first called: none is lost between two parts of a command.
    pub(crate) async fn interrupted_since(&self) {
        let seen = self.interruption.get_or_init(|| {
            let (tell, seen) = watch::channel(false);
            tokio::spawn(async move {
                signalled().await;
                // The command may have ended.
                let _ = tell.send(true);
            });
            seen
        });
        if seen.clone().wait_for(|seen| *seen).await.is_err() {
            std::future::pending().await
        }
    }

    /// Completes on Ctrl-C or SIGTERM.
    pub(crate) async fn interrupted(&self) {
        signalled().await;
    }

    /// The three sources as written.
    pub(crate) fn inputs(&self) -> Inputs {
        input::read(&self.directory, &Files::default(), &self.environment)
    }

    /// The same with the answers of secret stores, for a command that hands values to services.
    pub(crate) async fn whole_inputs(&self) -> Result<Inputs, Error> {
        let mut inputs = self.inputs();
        references::need(&mut inputs, &self.directory, &self.environment).await?;
        Ok(inputs)
    }

    /// This program by its absolute path.
    pub(crate) fn executable(&self) -> Result<PathBuf, Error> {
        std::env::current_exe()
            .map_err(|cause| Error::failed(format!("failed to find this program: {cause}")))
    }

    /// Whether the shell would find a program.
    pub(crate) fn finds(&self, program: &str) -> bool {
        let path = self.environment.get("PATH").map_or("", String::as_str);
        std::env::split_paths(path).any(|folder| folder.join(program).is_file())
    }

    /// The image of this executable (or of the one that `ATLAS_BUILTIN_EXECUTABLE` names).
    pub(crate) fn builtin(&self) -> Result<Builtin, Error> {
        let named = self
            .environment
            .get("ATLAS_BUILTIN_EXECUTABLE")
            .map(PathBuf::from);
        let executable = match named {
            Some(path) => Ok(path),
            None => std::env::current_exe(),
        };
        let cache = self.cache().map(|folder| folder.join("builtin"));
        executable
            .and_then(|path| Builtin::of(&path, cache.as_deref()))
            .map_err(|cause| {
                Error::failed(format!("failed to describe the built-in image: {cause}")).hint(
                    "set ATLAS_BUILTIN_EXECUTABLE to a Linux build of atlas, or use `--images registry`",
                )
            })
    }

    fn cache(&self) -> Option<PathBuf> {
        let named = self
            .environment
            .get("XDG_CACHE_HOME")
            .filter(|v| !v.is_empty());
        let base = match named {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(self.environment.get("HOME")?).join(".cache"),
        };
        Some(base.join("atlas"))
    }

    /// What the command line asks of `resolve`.
    pub(crate) fn request(
        &self,
        selection: &Selection,
        builtin: &Result<Builtin, Error>,
    ) -> Request {
        let directory = self
            .directory
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let roles = atlas_backend::roles().iter().copied();
        let unknown = || ImageRef::new("atlas-builtin:unknown");
        let reference = builtin
            .as_ref()
            .map_or_else(|_| unknown(), |b| b.reference().clone());
        let mut request = Request::new(directory, reference, roles);
        request.stage = self.production.then_some(Stage::Production);
        request.profile.clone_from(&selection.profile);
        request.services.clone_from(&selection.services);
        request.data = selection.data.as_deref().map(|mode| match mode {
            "external" => DataMode::External,
            "embedded" => DataMode::Embedded,
            _ => DataMode::Containers,
        });
        request.images = selection.images.as_deref().map(|source| match source {
            "registry" => ImageSource::Registry,
            "build" => ImageSource::Build,
            _ => ImageSource::Builtin,
        });
        request.project.clone_from(&self.global.project_name);
        request.environment = self.environment.clone();
        request
    }

    /// The project's whole deployment with the named services in it, and which of them (with what they depend on) are meant.
    /// Naming services limits what is touched; it does not make orphans of the others.
    pub(crate) fn scope(
        &self,
        inputs: &Inputs,
        selection: &Selection,
        builtin: &Result<Builtin, Error>,
        report: &dyn Report,
    ) -> Result<(Deployment, Option<BTreeSet<ServiceName>>), Error> {
        if selection.services.is_empty() || selection.profile.is_some() {
            return Ok((self.deployment(inputs, selection, builtin, report)?, None));
        }
        let whole = Self::whole(inputs, selection);
        let deployment = self.deployment(inputs, &whole, builtin, report)?;
        let only = deployment.closure(&selection.services);
        Ok((deployment, Some(only)))
    }

    /// A selection of what atlas.yaml selects and the named services beside it.
    pub(crate) fn whole(inputs: &Inputs, named: &Selection) -> Selection {
        let project = &inputs.project;
        let mut whole = named.clone();
        match &project.services_to_run {
            Some(services) => {
                let names = services.value.iter().map(|name| name.value.clone());
                whole.services.extend(names);
            }
            None => {
                let profile = project
                    .profile
                    .as_ref()
                    .map(|profile| profile.value.clone());
                whole.profile = profile.or(Some(resolve::DEFAULT_PROFILE.to_owned()));
            }
        }
        whole
    }

    /// What the configuration says of the project as it runs; a wrong configuration hides nothing that runs.
    pub(crate) fn known(&self, inputs: &Inputs, observed: &Observed) -> Option<Deployment> {
        let builtin = self.builtin();
        let present = observed.containers.iter().map(|c| c.service.clone());
        let present = Selection {
            services: present
                .filter(|name| inputs.catalogue.get(name).is_some())
                .collect(),
            ..Selection::default()
        };
        let resolve = |selection: &Selection| {
            let request = self.request(selection, &builtin);
            resolve::resolve(inputs, &request).ok()
        };
        let resolution = resolve(&Self::whole(inputs, &present)).or_else(|| resolve(&present));
        resolution.map(|resolution| resolution.deployment)
    }

    /// The deployment that the sources and the command line describe; warnings are shown.
    pub(crate) fn deployment(
        &self,
        inputs: &Inputs,
        selection: &Selection,
        builtin: &Result<Builtin, Error>,
        report: &dyn Report,
    ) -> Result<Deployment, Error> {
        let request = self.request(selection, builtin);
        let resolution = resolve::resolve(inputs, &request).map_err(Error::configuration)?;
        let services = &resolution.deployment.services;
        let is_builtin = |image: &Image| matches!(image, Image::Builtin(_));
        if let Err(error) = builtin
            && services.values().any(|service| is_builtin(&service.image))
        {
            return Err(error.clone());
        }
        for warning in resolution.warnings {
            report.report(Event::Warning {
                text: warning.text(),
            });
        }
        Ok(resolution.deployment)
    }

    /// The project's name, even where the rest of the configuration is wrong: running things must stay reachable.
    pub(crate) fn project_name(&self, inputs: &Inputs) -> Result<String, Error> {
        let directory = self
            .directory
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let mut request = Request::new(directory, ImageRef::new(""), [""; 0]);
        request.project.clone_from(&self.global.project_name);
        request.environment = self.environment.clone();
        let name = resolve::project_name(inputs, &request);
        name.map(|name| name.to_string())
            .map_err(Error::configuration)
    }

    /// Connects to the engine that Docker's own client would use.
    pub(crate) async fn engine(&self, builtin: Option<Builtin>) -> Result<DockerEngine, Error> {
        let endpoint = Endpoint::find(self.global.host.as_deref(), &self.environment)?;
        Ok(DockerEngine::connect(endpoint, self.directory.clone(), builtin).await?)
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        let exit = match error.unreachable {
            true => Exit::EngineUnreachable,
            false => Exit::Failed,
        };
        Self {
            hint: error.hint.clone(),
            ..Error::new(exit, error.to_string())
        }
    }
}

/// Completes on Ctrl-C or SIGTERM.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
