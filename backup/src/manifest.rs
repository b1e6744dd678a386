//! What a backup says of itself. Owns the file `manifest.json`: written last, so that what has one is complete.
//!
//! Nothing secret is in it: no address with a password, no key, no passphrase.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The value of `schema`.
pub const SCHEMA: &str = "atlas-backup/v1";

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// The name of its folder, e.g. `20261123T041500Z`.
    pub id: String,
    /// Compose project it was made of.
    pub project: String,
    /// When it was begun.
    pub started: Timestamp,
    /// When its last byte was written.
    pub finished: Timestamp,
    /// Version of atlas.
    pub atlas: String,
    /// Words to group and keep backups by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// MongoDB, if it is in here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mongodb: Option<MongoPart>,
    /// Redis, if it is in here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisPart>,
    /// The embedded store, if it is in here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedPart>,
    /// What was asked for and is not in here, with the reason; a backup with any is incomplete.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Name in the backup's folder, e.g. `mongodb.archive.gz`.
    pub name: String,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file, 64 lower-case hex digits.
    pub sha256: String,
    /// Bytes before compression and encryption.
    pub raw_size: u64,
    /// `none`, `gzip` or `zstd`.
    pub compression: String,
    /// `age` with recipients (`recipients`) or a passphrase (`passphrase`); absent when not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<String>,
}

/// What holds of the moments at which the documents were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "kebab-case")]
pub enum Consistency {
    /// Each document is whole; documents are of different moments.
    PerDocument,
    /// All documents are of one cluster time.
    Snapshot {
        /// Seconds since 1970 of the cluster time.
        seconds: u32,
        /// Its counter within the second.
        increment: u32,
    },
    /// With the oplog in the archive replayed, all is of one moment.
    Oplog {
        /// Seconds since 1970 of the last entry.
        seconds: u32,
        /// Its counter within the second.
        increment: u32,
    },
}

/// The MongoDB part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MongoPart {
    /// The archive.
    pub file: File,
    /// `native` or `mongodump`.
    pub engine: String,
    /// e.g. `7.0.14`.
    pub server_version: String,
    /// featureCompatibilityVersion, where the server tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_version: Option<String>,
    /// `standalone`, `replica-set`, `sharded` or `unknown`.
    pub topology: String,
    /// What holds of the moments at which documents were read.
    pub consistency: Consistency,
    /// Databases that were chosen; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<String>,
    /// Whether users and roles are in it.
    pub users_and_roles: bool,
    /// Every namespace, sorted by name.
    pub namespaces: Vec<Namespace>,
    /// Namespaces that were there and are not in it, with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<String, String>,
}

/// One namespace of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Database; empty for the oplog.
    pub db: String,
    /// Collection as in the prelude: the logical name of a time series.
    pub collection: String,
    /// `collection`, `view`, `timeseries`, or empty.
    #[serde(rename = "type")]
    pub kind: String,
    /// Documents (of a time series: buckets).
    pub documents: u64,
    /// Bytes of BSON.
    pub bytes: u64,
    /// CRC-64/XZ of the documents in archive order, 16 lower-case hex digits.
    pub crc64: String,
    /// Indexes, `_id_` included.
    pub indexes: u32,
}

/// The Redis part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisPart {
    /// The snapshot.
    pub file: File,
    /// e.g. `7.2.4`.
    pub server_version: String,
    /// RDB format version.
    pub rdb_version: u32,
    /// Keys in the snapshot.
    pub keys: u64,
    /// Keys of it that expire.
    pub expiring: u64,
}

/// The embedded store's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedPart {
    /// The copy.
    pub file: File,
    /// The service that owns it.
    pub service: String,
    /// Entries by table.
    pub tables: BTreeMap<String, u64>,
}

/// The tag of what a restore saved of what it overwrote.
pub const SAFETY: &str = "before-restore";

/// `verified.json`: what was proven of a backup since it was made, newest of each level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Sizes and hashes agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick: Option<Verdict>,
    /// Every byte was decoded and every document walked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Verdict>,
    /// It was restored into a throwaway server, and compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Verdict>,
}

/// The outcome of one verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// When it ended.
    pub at: Timestamp,
    /// Whether all agreed.
    pub passed: bool,
    /// What was seen, one line each: evidence, or what differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Verified {
    /// The strongest level that was tried (`restored`, `full`, `quick`), and its verdict. A failure at any level goes before what
    /// passed earlier.
    pub fn verdict(&self) -> Option<(&'static str, &Verdict)> {
        let levels = [
            ("restored", self.restored.as_ref()),
            ("full", self.full.as_ref()),
            ("quick", self.quick.as_ref()),
        ];
        let mut tried = levels
            .into_iter()
            .filter_map(|(level, verdict)| Some((level, verdict?)));
        let newest_failure = tried
            .clone()
            .filter(|(_, verdict)| !verdict.passed)
            .max_by_key(|(_, verdict)| verdict.at);
        let mended = |failure: Timestamp| {
            tried
                .clone()
                .any(|(level, verdict)| verdict.passed && level != "quick" && verdict.at > failure)
        };
        match newest_failure {
            Some((level, verdict)) if !mended(verdict.at) => Some((level, verdict)),
            _ => tried.find(|(_, verdict)| verdict.passed),
        }
    }
}
