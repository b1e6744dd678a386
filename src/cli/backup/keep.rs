//! `atlas backup prune`: the rules that keep backups.

use clap::Args;

use super::At;

/// Rules; a backup stays when any of them wants it.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Keep {
    /// Keep the newest N
    #[arg(long = "keep-last", value_name = "N")]
    pub(crate) last: Option<u32>,
    /// Keep the newest of each of the last N hours that have one
    #[arg(long = "keep-hourly", value_name = "N")]
    pub(crate) hourly: Option<u32>,
    /// … of the last N days
    #[arg(long = "keep-daily", value_name = "N")]
    pub(crate) daily: Option<u32>,
    /// … of the last N weeks; they begin on Monday
    #[arg(long = "keep-weekly", value_name = "N")]
    pub(crate) weekly: Option<u32>,
    /// … of the last N months
    #[arg(long = "keep-monthly", value_name = "N")]
    pub(crate) monthly: Option<u32>,
    /// … of the last N years
    #[arg(long = "keep-yearly", value_name = "N")]
    pub(crate) yearly: Option<u32>,
    /// Keep all that are younger: 14d, 12h, 2w, 3mo, 1y
    #[arg(long = "keep-within", value_name = "SPAN")]
    pub(crate) within: Option<String>,
    /// Keep all with this tag
    #[arg(long = "keep-tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
}

/// `atlas backup prune`
#[derive(Debug, Args)]
#[command(
    after_help = "Rules come from here or from `backup.keep` of atlas.yaml. No rules: nothing is removed. Pinned \
backups, the newest complete one and the newest verified one are never removed; incomplete ones keep nothing alive.

Examples:
  atlas backup prune --dry-run              each with its reason
  atlas backup prune --keep-daily 7 --keep-weekly 5 --keep-monthly 12
  atlas backup prune --yes"
)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) at: At,
    #[command(flatten)]
    pub(crate) keep: Keep,
    /// Show what would be removed and why the rest stays
    #[arg(long)]
    pub(crate) dry_run: bool,
}
