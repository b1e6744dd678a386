//! Commands that examine: doctor and explain.

use std::path::PathBuf;

use clap::Args;

/// `atlas doctor`
#[derive(Debug, Args)]
#[command(
    after_help = "Exits 7 when something fails; warnings and what was not checked do not fail.
An id is ATLAS-NET-003 or NET-003; NET stands for all of its area.

Examples:
  atlas doctor                    looks at everything
  atlas doctor --all              shows what is well too, with the evidence
  atlas doctor --only net,con     networks and containers
  atlas doctor --online           tries each credential at its vendor
  atlas doctor --fix              does the safe repairs, each shown first
  atlas doctor --html r.html      one page to print or hand on
  atlas doctor --bundle           an archive for whoever helps you; no secrets
  atlas explain ATLAS-NET-003     what a check is about"
)]
pub(crate) struct Doctor {
    /// Only these checks or areas
    #[arg(long, value_name = "ID", value_delimiter = ',', add = clap_complete::ArgValueCompleter::new(crate::commands::complete::checks))]
    pub(crate) only: Vec<String>,
    /// All but these checks or areas
    #[arg(long, value_name = "ID", value_delimiter = ',', add = clap_complete::ArgValueCompleter::new(crate::commands::complete::checks))]
    pub(crate) skip: Vec<String>,
    /// Ask nothing beyond this machine and its engine
    #[arg(long, conflicts_with = "online")]
    pub(crate) offline: bool,
    /// Try each integration's credentials at its vendor
    #[arg(long)]
    pub(crate) online: bool,
    /// Show what passed too
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Do the repairs that lose nothing, each shown first
    #[arg(long)]
    pub(crate) fix: bool,
    /// Write one HTML page, which needs nothing else and prints well; `-` is stdout
    #[arg(long, value_name = "FILE", conflicts_with = "bundle", value_hint = clap::ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
    /// Write state, logs, versions and configuration into an archive, without secrets
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "atlas-doctor.tar.gz", value_hint = clap::ValueHint::FilePath)]
    pub(crate) bundle: Option<PathBuf>,
}

/// `atlas explain`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  atlas explain                   every check, a line each
  atlas explain ATLAS-NET-003     one, whole
  atlas explain net               an area")]
pub(crate) struct Explain {
    /// A check's id, or an area
    #[arg(value_name = "ID", add = clap_complete::ArgValueCompleter::new(crate::commands::complete::checks))]
    pub(crate) id: Option<String>,
}
