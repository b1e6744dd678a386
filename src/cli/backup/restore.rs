//! `atlas backup restore`: what to put back, and where.

use std::path::PathBuf;

use clap::Args;

use super::{At, Part, Unlock};
use crate::commands::complete;

/// `atlas backup restore`
#[derive(Debug, Args)]
#[command(
    after_help = "The backup is verified to its last byte before the first write, and what is there now is backed up \
first. Collections that hold documents are not touched without --drop or another name for them; users and roles stay as \
they are without --users. Patterns are DB.COLLECTION, with `*` for anything.

It asks, showing what will be overwritten; --yes answers.

Examples:
  atlas backup restore latest --dry-run
  atlas backup restore latest --drop
  atlas backup restore 20261123T041500Z --ns 'shop.*' --into shop_copy
  atlas backup restore latest --rename 'shop.orders=shop.orders_old'
  atlas backup restore --file dump.archive.gz --until 2026-11-23T04:00:00Z"
)]
pub(crate) struct Restore {
    #[command(flatten)]
    pub(crate) at: At,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
    /// Its id, the beginning of it, or `latest`
    #[arg(
        value_name = "ID",
        required_unless_present = "file",
        conflicts_with = "file",
        add = clap_complete::ArgValueCompleter::new(complete::backups)
    )]
    pub(crate) id: Option<String>,
    /// An archive that mongodump or `atlas backup --output -` wrote, instead of a backup
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// These collections only
    #[arg(long = "ns", value_name = "PATTERN")]
    pub(crate) namespaces: Vec<String>,
    /// All but these collections
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
    /// Under another name
    #[arg(long, value_name = "FROM=TO")]
    pub(crate) rename: Vec<String>,
    /// Into another database
    #[arg(long, value_name = "DB", conflicts_with = "rename")]
    pub(crate) into: Option<String>,
    /// Replace collections that are there
    #[arg(long)]
    pub(crate) drop: bool,
    /// This part only: mongodb, redis or embedded
    #[arg(
        long,
        value_enum,
        value_name = "PART",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(crate) only: Vec<Part>,
    /// Users and roles too
    #[arg(long)]
    pub(crate) users: bool,
    /// Point in time, where the archive has an oplog: RFC 3339, or SECONDS:INCREMENT
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Do not back up first what is there now
    #[arg(long)]
    pub(crate) no_safety_backup: bool,
    /// Show what would be done and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// File of the address of any MongoDB to restore into
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) uri_file: Option<PathBuf>,
}
