//! `atlas backup create`: what to take, how, and where to put it.

use std::path::PathBuf;

use clap::Args;

/// How the MongoDB archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Compression {
    /// Fast, and small; `zstd -dc` in front of mongorestore
    Zstd,
    /// What mongorestore reads by itself
    Gzip,
    /// As it is
    None,
}

/// What reads MongoDB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// This process, over the network
    #[default]
    Native,
    /// The mongodump of MongoDB's own container
    Mongodump,
}

/// What a backup can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Databases, users and roles
    Mongodb,
    /// Keys, as a snapshot
    Redis,
    /// The gateway's own store (`data: embedded`)
    Embedded,
}

/// `atlas backup create`
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(
    after_help = "Without options it takes everything that the project keeps, compresses it by gzip so that stock \
mongorestore reads it, and puts it into `backups`, or where `backup.to` of atlas.yaml says.

It begins only when what is needed is there: space, rights, the key to encrypt to. Ctrl-C leaves nothing behind.

Exits 20 when a part could not be taken: the rest is a backup and is listed as incomplete.

Examples:
  atlas backup create
  atlas backup create --databases shop --compression zstd
  atlas backup create --to s3://acme/backups --recipient age1…
  atlas backup create --uri-file mongo.uri  any MongoDB, no project needed
  atlas backup create --output - | restic backup --stdin"
)]
pub(crate) struct Create {
    /// These databases only
    #[arg(long, value_name = "DB", value_delimiter = ',')]
    pub(crate) databases: Vec<String>,
    /// Leave users and roles out
    #[arg(long)]
    pub(crate) no_users: bool,
    /// This part only: mongodb, redis or embedded
    #[arg(
        long,
        value_enum,
        value_name = "PART",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(crate) only: Vec<Part>,
    /// What reads MongoDB: native (default) or mongodump
    #[arg(long, value_enum, value_name = "ENGINE", hide_possible_values = true)]
    pub(crate) engine: Option<Engine>,
    /// zstd, gzip or none (default: gzip)
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
    pub(crate) compression: Option<Compression>,
    /// Encrypt to an age public key
    #[arg(
        long = "recipient",
        value_name = "AGE1",
        conflicts_with = "passphrase_file"
    )]
    pub(crate) recipients: Vec<String>,
    /// Encrypt with the passphrase in a file (or ATLAS_BACKUP_PASSPHRASE)
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Where to: a folder, s3://BUCKET/PREFIX or sftp://USER@HOST/PATH
    #[arg(long, value_name = "LOCATION", value_hint = clap::ValueHint::DirPath)]
    pub(crate) to: Option<String>,
    /// Write the MongoDB archive alone: `-` is stdout
    #[arg(long, value_name = "-", value_parser = ["-"], conflicts_with_all = ["to", "tags", "prune"])]
    pub(crate) output: Option<String>,
    /// A word to group and keep backups by
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Spare the database: auto (default), off, or bytes a second such as 20MiB
    #[arg(long, value_name = "HOW")]
    pub(crate) throttle: Option<String>,
    /// Threads that compress (default: one per processor)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Do not read back what was written; it stays "never verified"
    #[arg(long)]
    pub(crate) no_verify: bool,
    /// Afterwards remove what the rules of atlas.yaml do not keep
    #[arg(long)]
    pub(crate) prune: bool,
    /// Tell `backup.notify` of atlas.yaml when it fails
    #[arg(long)]
    pub(crate) notify: bool,
    /// File of the address of any MongoDB: mongodb://… or mongodb+srv://…
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) uri_file: Option<PathBuf>,
}
