//! The mongodump archive format: written, read, checked. Owns the grammar, not what lies between it and a file
//! ([`crate::codec`]) nor what is done with the documents ([`crate::mongo`]).
//!
//! ```text
//! archive  := MAGIC header metadata* TERM block*          all integers little-endian
//! block    := {db, collection, EOF: false, CRC: 0} document* TERM
//!           | {db, collection, EOF: true, CRC: crc64 of all documents of the namespace} TERM
//! ```
//!
//! There is no end mark: an archive is whole when every namespace of its prelude was closed.

pub mod document;

mod block;
mod check;
mod prelude;
mod reader;
mod stream;
mod writer;

pub use check::{Checked, check};
pub use reader::{Item, Reader};
pub use writer::Writer;

/// The first four bytes.
pub const MAGIC: [u8; 4] = [0x6d, 0xe2, 0x99, 0x81];

/// Ends the prelude and each block; no document is that long.
const TERM: [u8; 4] = [0xff; 4];

/// The longest document: 16 MiB, and the 16 KiB that the server adds for entries of its oplog.
pub const LONGEST: usize = 16 * 1024 * 1024 + 16 * 1024;

/// What an archive says of the run that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// At least the number of namespaces that are open at one moment: mongorestore takes so many workers, and hangs with fewer.
    pub concurrent_collections: i32,
    /// Version of the format: `0.1`.
    pub version: String,
    /// Version of the server, `7.0.14`: mongorestore decides by it where the buckets of time series are.
    pub server_version: String,
    /// Version of the tool, `100.18.0`; tools of old say `r3.4.3`.
    pub tool_version: String,
}

/// One namespace, as the prelude lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Database; empty for the oplog.
    pub db: String,
    /// Collection; of a time series its logical name.
    pub collection: String,
    /// Options and indexes as canonical Extended JSON, or empty.
    pub metadata: String,
    /// Bytes, for progress bars only; mongodump writes 0.
    pub size: i64,
    /// `collection`, `view`, `timeseries`, or empty (the oplog, and all in archives of old tools).
    pub kind: String,
}

impl Metadata {
    /// `shop.orders`; the oplog is `oplog`.
    pub fn namespace(&self) -> String {
        namespace(&self.db, &self.collection)
    }

    /// Whether it is the oplog, which comes last.
    pub fn is_oplog(&self) -> bool {
        self.db.is_empty() && self.collection == "oplog"
    }

    /// Whether it holds users, roles or their version, which mongorestore keeps aside.
    pub fn is_users_and_roles(&self) -> bool {
        let name = self.collection.strip_prefix("$admin.");
        let name = name.or((self.db == "admin").then_some(self.collection.as_str()));
        matches!(
            name,
            Some("system.users" | "system.roles" | "system.version")
        )
    }
}

/// What a namespace held when it was closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Documents; of a time series buckets.
    pub documents: u64,
    /// Bytes of BSON.
    pub bytes: u64,
    /// CRC-64/XZ of them in archive order.
    pub crc: u64,
}

fn namespace(db: &str, collection: &str) -> String {
    if db.is_empty() {
        collection.to_owned()
    } else {
        format!("{db}.{collection}")
    }
}

/// A running CRC-64/XZ (Go calls its table `crc64.ECMA`).
fn crc() -> crc_fast::Digest {
    crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz)
}
