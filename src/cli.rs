//! What can be typed. Owns words, help texts and examples; what was meant is decided by the commands.

mod deploy;
mod files;
mod operate;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use deploy::{Build, Plan, Pull, Scale, Up};
pub(crate) use files::{Completions, Init, Render, RenderTarget};
pub(crate) use operate::{Down, Exec, Logs, Services, Status};

/// From nothing to a verified Atlas AI backend with one binary.
#[derive(Debug, Parser)]
#[command(
    name = "atlas",
    version,
    max_term_width = 100,
    after_help = "Examples:
  atlas up --profile atlassian        bring up gateway, orchestrator, Confluence, Jira, MongoDB and Redis
  atlas up --profile minimal          the gateway alone, without MongoDB and Redis
  atlas status                        what runs, and how it is
  atlas plan                          what `up` would do, and why

`atlas help COMMAND` reads like a manual; `atlas --help` also lists exit codes and environment variables.",
    after_long_help = concat!(
        "Examples:
  atlas init                          asks what to run, writes atlas.yaml, .env and compose.yaml
  atlas up --profile atlassian        bring up gateway, orchestrator, Confluence, Jira, MongoDB and Redis
  atlas up --profile minimal          the gateway alone, without MongoDB and Redis
  atlas status                        what runs, and how it is
  atlas plan                          what `up` would do, and why
  atlas logs -f gateway               follow the gateway's log
  atlas down                          stop and remove it all; volumes stay

Exit codes:
    0  done, or nothing to do
    1  unexpected error (a bug in atlas)
    2  the command line could not be understood
    3  atlas.yaml, .env or the catalogue is wrong
    4  the container engine cannot be reached
    5  an operation failed
    6  a service did not become healthy in time
    7  checks did not pass
    8  differences found (--check, plan --exit-code)
  130  interrupted

Environment variables:
  DOCKER_HOST            engine to use: unix://, tcp://, ssh:// (DOCKER_TLS_VERIFY and DOCKER_CERT_PATH too)
  DOCKER_CONTEXT         Docker context to use, when DOCKER_HOST is not set
  DOCKER_CONFIG          folder of the Docker configuration (contexts, registry credentials)
  COMPOSE_PROJECT_NAME   project name, when neither -p nor atlas.yaml gives one
  NO_COLOR               no colours
  ATLAS_BUILTIN_EXECUTABLE  Linux build of atlas to make the built-in image of, when this one is none

Files:
  atlas.yaml             what to run (`atlas schema` prints its JSON Schema)
  .env                   credentials, read by Docker Compose's rules
  compose.yaml           generated; `docker compose` reads it
  .atlas/                secret files and the lock"
    )
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Global {
    /// Folder of atlas.yaml and .env (default: the current one)
    #[arg(short = 'C', long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) project_directory: Option<PathBuf>,
    /// Project name; prefixes containers, networks and volumes
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) project_name: Option<String>,
    /// Engine to use: unix://, tcp:// or ssh://
    #[arg(short = 'H', long, global = true, value_name = "URL")]
    pub(crate) host: Option<String>,
    /// JSON on stdout, one versioned object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Answer every confirmation with yes
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Colours and live lines
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = false
    )]
    pub(crate) color: Colour,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to run, where it can be chosen.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Selection {
    /// Profile: minimal, atlassian, all, or one of atlas.yaml
    #[arg(long, value_name = "NAME", add = clap_complete::ArgValueCompleter::new(crate::commands::complete::profiles))]
    pub(crate) profile: Option<String>,
    /// Where data is kept: containers, external or embedded
    #[arg(long, value_name = "MODE", value_parser = ["containers", "external", "embedded"])]
    pub(crate) data: Option<String>,
    /// Where images come from: builtin, registry or build
    #[arg(long, value_name = "SOURCE", value_parser = ["builtin", "registry", "build"])]
    pub(crate) images: Option<String>,
    /// Services to run, instead of a profile; what they depend on comes with them
    #[arg(value_name = "SERVICE", add = clap_complete::ArgValueCompleter::new(crate::commands::complete::services))]
    pub(crate) services: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write atlas.yaml, .env and compose.yaml, asking what to run
    Init(Init),
    /// Bring everything up and wait until it answers
    Up(Up),
    /// Show what `up` would do, and why
    Plan(Plan),
    /// Show what runs, and how it is
    #[command(visible_alias = "ps")]
    Status(Status),
    /// Show logs of services, in time order
    Logs(Logs),
    /// Stop and remove everything; volumes only if asked for
    Down(Down),
    /// Stop services, dependents first
    Stop(Services),
    /// Start stopped services, dependencies first
    Start(Services),
    /// Stop and start services
    Restart(Services),
    /// Run a command in a service's container
    Exec(Exec),
    /// Set how many containers a service has
    Scale(Scale),
    /// Build images: the built-in one, and those with a source tree
    Build(Build),
    /// Pull images from their registries
    Pull(Pull),
    /// Write, print or check the files of a target
    Render(Render),
    /// Print the JSON Schema of atlas.yaml
    #[command(after_help = "Examples:
  atlas schema > atlas.schema.json
  # first line of atlas.yaml, for editors that read it:
  # yaml-language-server: $schema=./atlas.schema.json")]
    Schema,
    /// Print a completion script for a shell
    #[command(after_help = "Examples:
  atlas completions bash > /etc/bash_completion.d/atlas
  atlas completions zsh > ~/.zfunc/_atlas
  atlas completions --write completions    (what the repository holds)")]
    Completions(Completions),
    /// Run one of the backend's services in this process
    #[command(hide = true)]
    Serve {
        /// The service's name
        role: String,
    },
    /// Ask a URL once; exit 0 if it answers with success
    #[command(hide = true)]
    Probe {
        /// `http://127.0.0.1:PORT/path`
        url: String,
    },
}
