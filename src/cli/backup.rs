//! `atlas backup`: what can be typed to make, look at, prove, restore and keep backups.

mod create;
mod keep;
mod place;
mod restore;
mod schedule;

use clap::{Args, Subcommand};

use crate::commands::complete;

pub(crate) use create::{Compression, Create, Engine, Part};
pub(crate) use keep::{Keep, Prune};
pub(crate) use place::{At, Unlock};
pub(crate) use restore::Restore;
pub(crate) use schedule::{Check, Entry, Kind, Schedule, Set};

/// `atlas backup`
#[derive(Debug, Args)]
#[command(
    after_help = "Without a command it is `atlas backup create`, and takes its options.

A backup is a folder: the archive of MongoDB (the very format of mongodump), the snapshot of Redis or the copy of \
the embedded store, and a manifest that is written last. What was written is read back and decoded to the last \
document before a backup counts as verified.

Exits 20 when a part is missing from a backup, 21 when another process works in the same place, 22 when key or \
passphrase do not fit, 23 when a backup is not what was written, 24 when there is no such backup.

Examples:
  atlas backup                              everything that the project keeps
  atlas backup --databases shop --tag release
  atlas backup list
  atlas backup verify --all --restore-test
  atlas backup restore latest --dry-run
  atlas backup schedule set --at 03:15      every night, with `prune`"
)]
pub(crate) struct Backup {
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
    #[command(flatten)]
    pub(crate) create: Create,
}

/// What can be done with backups.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a backup, read it back, and say how to restore it
    Create(Create),
    /// Show all backups
    #[command(
        visible_alias = "ls",
        after_help = "Backups that are incomplete, broken or never verified are shown as such.

Examples:
  atlas backup list
  atlas backup list --json | jq -r '.backups[] | select(.complete) | .id'
  atlas backup list --in s3://acme/backups"
    )]
    List(At),
    /// Show everything that a backup says of itself
    #[command(after_help = "Examples:
  atlas backup show                         the newest one
  atlas backup show 20261123T041500Z
  atlas backup show latest --json | jq .manifest.mongodb.namespaces")]
    Show(One),
    /// Prove that backups are what was written
    Verify(Verify),
    /// Put a backup back
    Restore(Restore),
    /// Remove backups that no rule keeps
    Prune(Prune),
    /// Keep a backup whatever the rules say
    #[command(after_help = "Examples:
  atlas backup pin latest                   `prune` never removes it")]
    Pin(One),
    /// Let the rules decide on a backup again
    #[command(after_help = "Examples:
  atlas backup unpin 20261123T041500Z")]
    Unpin(One),
    /// Copy a backup to another place
    Copy(Copy),
    /// Make backups regularly: write, show or remove the entry that does
    Schedule(Schedule),
    /// Exit 7 when the newest good backup is too old
    Check(Check),
    /// Write a backup's MongoDB part as a file of the stock tools
    Export(Export),
    /// Make a backup of an archive of the stock tools
    Import(Import),
    /// Make or show the key that opens encrypted backups
    #[command(
        subcommand,
        after_help = "Examples:
  atlas backup key new                      then `recipients` in atlas.yaml
  atlas backup key show"
    )]
    Key(Key),
}

/// One backup.
#[derive(Debug, Args)]
pub(crate) struct One {
    #[command(flatten)]
    pub(crate) at: At,
    /// Its id, the beginning of it, or `latest`
    #[arg(value_name = "ID", default_value = "latest", add = clap_complete::ArgValueCompleter::new(complete::backups))]
    pub(crate) id: String,
}

/// `atlas backup verify`
#[derive(Debug, Args)]
#[command(
    after_help = "Reads every byte, decodes every document, compares every checksum and count with the manifest, and \
records the verdict beside the backup. --quick compares sizes and hashes only; --restore-test restores into throwaway \
servers on the Docker engine, compares counts and indexes, and removes them.

Exits 23 when a backup is not what was written.

Examples:
  atlas backup verify                       the newest one
  atlas backup verify 20261123T041500Z --quick
  atlas backup verify latest --restore-test
  atlas backup verify --all"
)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) at: At,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
    /// Its id, the beginning of it, or `latest`
    #[arg(value_name = "ID", default_value = "latest", add = clap_complete::ArgValueCompleter::new(complete::backups))]
    pub(crate) id: String,
    /// All backups instead
    #[arg(long)]
    pub(crate) all: bool,
    /// Compare sizes and hashes only; needs no key
    #[arg(long, conflicts_with = "restore_test")]
    pub(crate) quick: bool,
    /// Restore into throwaway servers too, and compare
    #[arg(long)]
    pub(crate) restore_test: bool,
}

/// `atlas backup copy`
#[derive(Debug, Args)]
#[command(
    after_help = "Hashes are compared with the manifest while the bytes flow; the manifest goes last.

Examples:
  atlas backup copy latest --to s3://acme/backups
  atlas backup copy 20261123T041500Z --to sftp://backup@nas/volume1/atlas"
)]
pub(crate) struct Copy {
    #[command(flatten)]
    pub(crate) at: At,
    /// Its id, the beginning of it, or `latest`
    #[arg(value_name = "ID", add = clap_complete::ArgValueCompleter::new(complete::backups))]
    pub(crate) id: String,
    /// Where to: a folder, s3://BUCKET/PREFIX or sftp://USER@HOST/PATH
    #[arg(long, value_name = "LOCATION", value_hint = clap::ValueHint::DirPath)]
    pub(crate) to: String,
}

/// Forms of the stock tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One file, as `mongodump --archive` writes it
    Archive,
    /// One file, as `mongodump --archive --gzip` writes it
    #[value(name = "archive.gz")]
    ArchiveGzip,
    /// One file, compressed by zstd: `zstd -dc FILE | mongorestore --archive`
    #[value(name = "archive.zst")]
    ArchiveZstd,
    /// A folder, as `mongodump --out` writes it
    Directory,
}

/// `atlas backup export`
#[derive(Debug, Args)]
#[command(
    after_help = "What is exported is not encrypted. Every checksum is compared on the way.

Examples:
  atlas backup export latest shop.archive.gz
  atlas backup export latest --format archive - | mongorestore --archive
  mongorestore --gzip --archive=shop.archive.gz     reads the first
  atlas backup export latest --format directory --gzip dump
  mongorestore --gzip dump                          reads the last"
)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) at: At,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
    /// Form of the file
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "archive.gz",
        hide_possible_values = true
    )]
    pub(crate) format: Format,
    /// Compress the files of a directory
    #[arg(long)]
    pub(crate) gzip: bool,
    /// Its id, the beginning of it, or `latest`
    #[arg(value_name = "ID", add = clap_complete::ArgValueCompleter::new(complete::backups))]
    pub(crate) id: String,
    /// The file or new folder to write; `-` is stdout
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: String,
}

/// `atlas backup import`
#[derive(Debug, Args)]
#[command(
    after_help = "Reads what `mongodump --archive` wrote, plain, gzip or zstd, as its bytes tell, and folders of \
`mongodump --out`. It is checked to the \
last document and becomes a backup like any other.

Examples:
  atlas backup import shop.archive.gz
  atlas backup import shop.archive --tag from-mongodump
  atlas backup import dump/"
)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) at: At,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
    /// A word to group backups by
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// The file or folder to read
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) file: std::path::PathBuf,
}

/// `atlas backup key`
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key in .atlas/backup.key (mode 0600) and print what encrypts to it
    #[command(
        after_help = "The key opens backups, the printed recipient makes them. Keep a copy of the key elsewhere: \
without it, nobody opens an encrypted backup.

Examples:
  atlas backup key new"
    )]
    New,
    /// Print what encrypts to the key
    #[command(after_help = "Examples:
  atlas backup key show                     the recipient, which is no secret
  atlas backup key show --secret            the key itself, to keep elsewhere")]
    Show {
        /// Print the key itself
        #[arg(long)]
        secret: bool,
    },
}
