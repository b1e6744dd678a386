//! Dump folders, as `mongodump --out` writes and `mongorestore` reads them: to and from archives. Owns the names of the files in
//! them; not compression of archives nor where these are.
//!
//! ```text
//! FOLDER/<db>/<collection>.bson[.gz]  <collection>.metadata.json[.gz]      FOLDER/oplog.bson[.gz]  prelude.json[.gz]
//! ```

mod pack;
mod unpack;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{Error, Kind};

pub use pack::pack;
pub use unpack::{Draft, unpack};

/// Longest name without its ending (mongodump), so that it fits into the 255 bytes of file systems.
const LONGEST: usize = 238;
/// What is kept of a longer one, before `%24` and 27 characters of a hash.
const KEPT: usize = 208;
/// Collections that hold the measurements of time series before 8.3.
const BUCKETS: &str = "system.buckets.";

/// The file of a collection, escaped so that Go's `url.PathUnescape` and `url.QueryUnescape` both read it. mongorestore takes the true name of a shortened one from the
/// metadata, so that any hash does.
fn escaped(collection: &str) -> String {
    let mut name = String::with_capacity(collection.len());
    for byte in collection.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => name.push(byte.into()),
            b'-' | b'_' | b'.' | b'~' | b'$' | b'&' | b':' | b'=' | b'@' => {
                name.push(byte.into());
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST {
        let hash = Sha256::digest(collection.as_bytes());
        name.truncate(KEPT);
        name.push_str("%24");
        name.push_str(&URL_SAFE_NO_PAD.encode(&hash[..20]));
    }
    name
}

/// Whether a name was shortened.
fn shortened(name: &str) -> bool {
    name.len() == LONGEST && name.as_bytes()[KEPT..].starts_with(b"%24")
}

/// The collection of a file, where no metadata tell: tools that wrote none escaped as `url.QueryEscape` does.
fn unescaped(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
        }
    }
    String::from_utf8(bytes).ok()
}

fn interrupted(subject: &str) -> Error {
    Error::new(Kind::Interrupted, "convert", subject, "interrupted")
}
