//! Where backups lie, and what opens them.

use std::path::PathBuf;

use clap::Args;

/// Where the backups lie.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct At {
    /// Where the backups lie (default: `backup.to` of atlas.yaml, else `backups`)
    #[arg(long = "in", value_name = "LOCATION", value_hint = clap::ValueHint::DirPath)]
    pub(crate) place: Option<String>,
}

/// What opens encrypted backups.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct Unlock {
    /// File of age keys (default: .atlas/backup.key)
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) identity: Option<PathBuf>,
    /// File of the passphrase (default: ATLAS_BACKUP_PASSPHRASE)
    #[arg(long, value_name = "FILE", conflicts_with = "identity", value_hint = clap::ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
}
