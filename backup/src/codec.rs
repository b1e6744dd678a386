//! What lies between an archive and a file: gzip, zstd, age, SHA-256. Owns threads for it, and knows nothing of what is inside.
//!
//! What is written is cut into pieces of 1 MiB. Each is a gzip member or a zstd frame of its own that says how long it is, so
//! that pieces are compressed, and later decompressed, on all cores; stock tools read the pieces as one stream. A last,
//! empty piece ends the stream: without it, a file cut between two pieces would look whole.

mod fault;
mod feed;
mod gzip;
mod input;
mod key;
mod output;
mod pool;
mod tally;
mod zstd;

use std::io::Read;

use crate::lookahead::Lookahead;

pub use fault::error_of;
pub use input::{Input, Totals, open};
pub use key::{Encryption, Identity, Passphrase};
pub use output::{Output, Written};

/// A file that is read, or what was encrypted in it.
type Source = Lookahead<Box<dyn Read + Send>>;

/// How much of a file is read at once.
const CHUNK: usize = PIECE / 4;

/// How many bytes are compressed by themselves. Smaller pieces cost ratio, larger ones memory.
const PIECE: usize = 1024 * 1024;

/// Pieces of others are taken at their word up to this size, packed or not; longer ones are streamed.
const LARGEST: usize = 4 * PIECE;

/// How bytes are made fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// What stock mongorestore reads with `--gzip`.
    Gzip {
        /// 1 (fast) to 12 (small), as libdeflate counts.
        level: u32,
    },
    /// Faster than gzip in both directions, and smaller.
    Zstd {
        /// 1 (fast) to 19 (small); below 1 faster still.
        level: i32,
    },
}

impl Compression {
    /// Gzip at the level that suits backups.
    pub const GZIP: Self = Self::Gzip { level: 3 };
    /// Zstandard at the level that suits backups.
    pub const ZSTD: Self = Self::Zstd { level: 3 };

    /// What a file's name ends with: nothing, `.gz`, `.zst`.
    pub fn ending(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip { .. } => ".gz",
            Self::Zstd { .. } => ".zst",
        }
    }

    /// As manifests say it: `none`, `gzip`, `zstd`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip { .. } => "gzip",
            Self::Zstd { .. } => "zstd",
        }
    }
}
