//! Commands about .env: check, set, rotate, sync.

use clap::{Args, Subcommand};

/// `atlas env`
#[derive(Debug, Args)]
#[command(
    after_help = "Values are never arguments, which every process of the machine can read.

Examples:
  atlas env check                 what is missing, wrong, weak or left over
  atlas env set SLACK_BOT_TOKEN   asks for it
  atlas env rotate redis          another password, in Redis and in .env
  atlas env sync                  what a new release reads"
)]
pub(crate) struct Env {
    #[command(subcommand)]
    pub(crate) command: EnvCommand,
}

/// What is done to the variables.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// Find what is wrong with the variables of .env
    #[command(
        after_help = "The same checks as `atlas doctor --only env,cfg`; exits 7 when something fails.

Examples:
  atlas env check
  atlas env check --online        tries each credential at its vendor"
    )]
    Check {
        /// Try each integration's credentials at its vendor
        #[arg(long)]
        online: bool,
        /// Show what passed too
        #[arg(short, long)]
        all: bool,
    },
    /// Set variables of .env, and leave the rest of the file as it is
    #[command(
        after_help = "Secrets are asked for without an echo. With `-`, or without a terminal, values are read \
from standard input, a line for each KEY. Instead of a value a reference may be given: op://VAULT/ITEM/FIELD, vault:PATH#FIELD, \
env:NAME, file:/PATH or cmd:PROGRAM.

Examples:
  atlas env set SLACK_BOT_TOKEN
  pass slack | atlas env set SLACK_BOT_TOKEN -"
    )]
    Set {
        /// Variables; `-` at the end reads their values from standard input
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// Replace a generated password or key, in what uses it and in .env
    #[command(
        after_help = "The old value is kept in .atlas/replaced.env. When anything fails on the way, all is put back. \
After a crash the same command goes on where it was.

Examples:
  atlas env rotate mongodb
  atlas env rotate redis
  atlas env rotate api-key        clients need the new key then"
    )]
    Rotate {
        /// mongodb, redis, api-key, or a variable
        #[arg(value_name = "WHAT")]
        target: String,
    },
    /// Add what a new release reads, comment out what no service reads
    #[command(after_help = "Examples:
  atlas env sync                  after an upgrade
  atlas env sync --check          exit 8 if .env is not up to date")]
    Sync {
        /// Change nothing; exit 8 if there is something to change
        #[arg(long)]
        check: bool,
    },
}
