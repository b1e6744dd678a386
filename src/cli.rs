//! What can be typed. Owns words, help texts and examples; what was meant is decided by the commands.

pub(crate) mod backup;
mod checklist;
mod deploy;
mod env;
mod examine;
mod files;
mod inside;
mod operate;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::exit::Exit;

pub(crate) use backup::Backup;
pub(crate) use checklist::{Answer, Checklist, ChecklistCommand, Forget};
pub(crate) use deploy::{Build, Plan, Pull, Scale, Up};
pub(crate) use env::{Env, EnvCommand};
pub(crate) use examine::{Doctor, Explain};
pub(crate) use files::{Completions, Init, Kubernetes, Render, RenderNginx, RenderTarget, Target};
pub(crate) use inside::{Inside, Lean};
pub(crate) use operate::{Down, Exec, Logs, Services, Status};

/// Ends `atlas -h`.
const BRIEF: &str = "Examples:
  atlas up --profile atlassian    gateway, orchestrator, Confluence, Jira
  atlas up --profile minimal      the gateway alone
  atlas status                    what runs, and how it is
  atlas plan                      what `up` would do, and why

`atlas help COMMAND` reads like a manual; `atlas --help` has exit codes and environment variables.";

/// Ends `atlas --help`, before and after the exit codes. Lines fit into a manual page of 80 columns.
const EXAMPLES: &str = "Examples:
  atlas init                      asks what to run, and writes files
  atlas up --profile atlassian    gateway, orchestrator, Confluence, Jira
  atlas up --profile minimal      the gateway alone
  atlas up --data embedded        no MongoDB, no Redis: data in a volume
  atlas status                    what runs, and how it is
  atlas plan                      what `up` would do, and why
  atlas logs -f gateway           follow the gateway's log
  atlas backup                    back up all data, and prove it
  atlas down                      stop and remove it all; volumes stay";
const SURROUNDINGS: &str = "Environment variables:
  DOCKER_HOST               engine to use: unix://, tcp:// or ssh://
  DOCKER_TLS_VERIFY         speak TLS to a tcp:// engine
  DOCKER_CERT_PATH          folder of ca.pem, cert.pem and key.pem
  DOCKER_CONTEXT            context to use, if no DOCKER_HOST is set
  DOCKER_CONFIG             folder of the Docker configuration
  COMPOSE_PROJECT_NAME      project name, if -p does not give one
  COMPOSE_ENV_FILES         files to read instead of .env
  COMPOSE_DISABLE_ENV_FILE  1: read no .env
  ATLAS_BUILTIN_EXECUTABLE  Linux build of atlas for the built-in image
  ATLAS_CLOUDFLARE_URL      another place of the lists of Cloudflare's networks
  ATLAS_BACKUP_PASSPHRASE   passphrase of encrypted backups
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
  AWS_REGION, AWS_ENDPOINT_URL
                            backups in S3-compatible stores
  SMTP_URL, SMTP_FROM       mail about backups: smtps://USER:PASSWORD@HOST
  XDG_CACHE_HOME            folder of caches (default: ~/.cache)
  NO_COLOR, TERM=dumb       no colours
  CI                        plain lines instead of live ones
  COMPLETE                  set by the scripts of `atlas completions`

A service's variable that is set here goes before the same one in .env, as with Docker Compose. Those of backups can \
stand in .env too.

Files, in the project directory:
  atlas.yaml                what to run; see `atlas schema`
  .env                      credentials, read by Docker Compose's rules
  compose.yaml              generated; `docker compose` reads it
  .atlas/                   secret files, the lock, the key of backups,
                            answers of the checklist
  backups/                  backups, unless `backup.to` says otherwise";

/// The manual's end. Its exit codes are those of [`Exit`].
fn manual() -> String {
    let codes: String = Exit::TABLE
        .iter()
        .map(|(exit, meaning)| format!("{:>5}  {meaning}\n", exit.code()))
        .collect();
    format!("{EXAMPLES}\n\nExit codes:\n{codes}\n{SURROUNDINGS}")
}

/// From nothing to a verified Atlas AI backend with one binary.
#[derive(Debug, Parser)]
#[command(
    name = "atlas",
    version,
    max_term_width = 100,
    after_help = BRIEF,
    after_long_help = manual()
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
    /// Write atlas.yaml, .env and the files of targets, asking what to run
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
    #[command(
        after_help = "Containers stay; `atlas start` goes on where they were, `atlas down` removes them.

Examples:
  atlas stop                      everything
  atlas stop confluence jira      these two"
    )]
    Stop(Services),
    /// Start stopped services, dependencies first
    #[command(
        after_help = "Starts what exists and waits until it answers. `atlas up` makes what does not.

Examples:
  atlas start                     everything
  atlas start gateway             one service"
    )]
    Start(Services),
    /// Stop and start services
    #[command(
        after_help = "The configuration stays as it is: `atlas up` brings a change of it into effect.

Examples:
  atlas restart                   everything
  atlas restart gateway           one service"
    )]
    Restart(Services),
    /// Run a command in a service's container
    Exec(Exec),
    /// Set how many containers a service has
    Scale(Scale),
    /// Build images: the built-in one, and those with a source tree
    Build(Build),
    /// Pull images from their registries
    Pull(Pull),
    /// Find what is wrong, and what mends it
    Doctor(Doctor),
    /// Walk through what must hold before real users come
    Checklist(Checklist),
    /// Explain a check of `doctor`
    Explain(Explain),
    /// Check, set and change the variables of .env
    Env(Env),
    /// Make, prove, restore and keep backups of everything that is stored
    Backup(Box<Backup>),
    /// Write, print or check the files of a target
    Render(Render),
    /// Print the JSON Schema of atlas.yaml
    #[command(after_help = "Examples:
  atlas schema > atlas.schema.json

Editors read it when atlas.yaml names it:
  # yaml-language-server: $schema=./atlas.schema.json")]
    Schema,
    /// Print a completion script for a shell
    #[command(after_help = "Examples:
  atlas completions bash > ~/.local/share/bash-completion/completions/atlas
  atlas completions zsh > ~/.zfunc/_atlas    a folder of your $fpath
  atlas completions fish > ~/.config/fish/completions/atlas.fish
  atlas completions --write completions      all of them, and man pages

The scripts ask atlas for candidates, so profiles and services are those of the project at hand.")]
    Completions(Completions),
    #[command(flatten)]
    Inside(Inside),
}
