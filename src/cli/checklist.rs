//! `atlas checklist`: what can be typed to walk through the production checklist, and to answer without a terminal.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `atlas checklist`
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Whatever can be probed is probed, and shown with what was seen. What nobody but you can know is asked at a \
terminal, and the answer kept in .atlas/checklist.yaml until it is asked again. Without a terminal, and with --yes, nothing \
is assumed: what is unanswered has not passed.

To see the rate limit work, it asks the gateway until that refuses, as a client that nobody else is.
Your own items go below `checklist` in atlas.yaml; their commands are run in the project's folder.

Exits 7 until every required item passes.

Examples:
  atlas checklist                 walks through it
  atlas checklist --html report.html
  atlas checklist --markdown >> release-notes.md
  atlas checklist --json | jq -r '.items[] | select(.result != \"pass\") | .item'
  atlas checklist answer logs yes --note 'Loki, 30 days'
  atlas checklist forget logs"
)]
pub(crate) struct Checklist {
    #[command(subcommand)]
    pub(crate) command: Option<ChecklistCommand>,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Write one HTML page, which needs nothing else and prints well; `-` is stdout
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
}

/// What can be done with answers.
#[derive(Debug, Subcommand)]
pub(crate) enum ChecklistCommand {
    /// Answer an item that cannot be probed
    #[command(after_help = "Examples:
  atlas checklist answer monitoring yes --note 'Grafana pages the on-call'
  atlas checklist answer logs no")]
    Answer(Answer),
    /// Take an answer back
    #[command(after_help = "Examples:
  atlas checklist forget monitoring")]
    Forget(Forget),
}

/// `atlas checklist answer`
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The item
    #[arg(value_name = "ITEM", add = clap_complete::ArgValueCompleter::new(crate::commands::complete::questions))]
    pub(crate) item: String,
    /// Whether it holds
    #[arg(value_name = "yes|no", value_parser = ["yes", "no"], hide_possible_values = true)]
    pub(crate) answer: String,
    /// What whoever reads it should know
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// After how long it is asked again: 90d, 6mo (default: what the item says)
    #[arg(long, value_name = "SPAN")]
    pub(crate) ask_again: Option<String>,
}

/// `atlas checklist forget`
#[derive(Debug, Args)]
pub(crate) struct Forget {
    /// The item
    #[arg(value_name = "ITEM", add = clap_complete::ArgValueCompleter::new(crate::commands::complete::questions))]
    pub(crate) item: String,
}
