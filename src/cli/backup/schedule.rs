//! `atlas backup schedule` and the check for missed backups.

use clap::{Args, Subcommand};

use super::At;

/// `atlas backup schedule`
#[derive(Debug, Args)]
#[command(
    after_help = "The entry runs `atlas backup create --prune --notify --yes` for this folder, and beside it `atlas \
backup check`, which tells `backup.notify` of atlas.yaml when a backup was missed.

Examples:
  atlas backup schedule set --at 03:15
  atlas backup schedule show
  atlas backup schedule remove"
)]
pub(crate) struct Schedule {
    #[command(subcommand)]
    pub(crate) entry: Entry,
}

/// What to do with the entry.
#[derive(Debug, Subcommand)]
pub(crate) enum Entry {
    /// Write the entry, or change it
    Set(Set),
    /// Show the entry, its next run, and whether it is installed
    #[command(after_help = "Examples:
  atlas backup schedule show")]
    Show,
    /// Remove the entry
    #[command(after_help = "Examples:
  atlas backup schedule remove")]
    Remove,
}

/// What runs entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A timer of systemd: the user's, or root's
    Systemd,
    /// A line in the user's crontab
    Cron,
    /// An agent of launchd (macOS)
    Launchd,
}

/// `atlas backup schedule set`
#[derive(Debug, Args)]
#[command(
    after_help = "Times are those of this machine. Which of systemd, cron and launchd there is, is found by looking. \
Lines of a crontab that are not ours stay as they are.

Examples:
  atlas backup schedule set --at 03:15
  atlas backup schedule set --every 6h
  atlas backup schedule set --cron '15 3 * * 1-5' --kind cron"
)]
#[command(group(clap::ArgGroup::new("when").required(true).args(["at", "every", "cron"])))]
pub(crate) struct Set {
    /// Every day at this time
    #[arg(long, value_name = "HH:MM")]
    pub(crate) at: Option<String>,
    /// Every so often: 15m, 6h, 1d
    #[arg(long, value_name = "SPAN")]
    pub(crate) every: Option<String>,
    /// By five fields of a crontab
    #[arg(long, value_name = "FIELDS")]
    pub(crate) cron: Option<String>,
    /// systemd, cron or launchd (default: found by looking)
    #[arg(long, value_enum, value_name = "KIND", hide_possible_values = true)]
    pub(crate) kind: Option<Kind>,
}

/// `atlas backup check`
#[derive(Debug, Args)]
#[command(
    after_help = "Looks for the newest backup that is complete and fully verified. Exits 7 when there is none, or it is \
older than --max-age.

Examples:
  atlas backup check --max-age 26h
  atlas backup check --max-age 7d --notify"
)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) at: At,
    /// How old it may be: 26h, 7d
    #[arg(long, value_name = "SPAN", default_value = "26h")]
    pub(crate) max_age: String,
    /// Tell `backup.notify` of atlas.yaml when it is too old
    #[arg(long)]
    pub(crate) notify: bool,
}
