//! The check of a Redis snapshot (RDB): every opcode, value and encoding decoded up to its end, and its checksum. Owns no copy of the data.
//!
//! Format versions 1 to 12 (Redis up to 8.0). `rdb.h` and `rdb.c` of Redis are the specification.

mod lzf;
mod packed;
mod source;
mod value;

#[cfg(test)]
mod tests;

use std::io::Read;

use crate::Error;
use source::{Fault, Source};

/// The newest format version that is decoded.
const NEWEST: u32 = 12;
/// What errors are about.
const SUBJECT: &str = "redis.rdb";

/// What a snapshot holds, after every byte of it was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rdb {
    /// Format version, e.g. 11 of Redis 7.2.
    pub version: u32,
    /// Keys in all databases.
    pub keys: u64,
    /// Keys of these that expire.
    pub expiring: u64,
    /// Whether it carries a checksum; it agreed. Redis writes none with `rdbchecksum no`: then only the structure is proven.
    pub checksum: bool,
    /// Bytes of the snapshot.
    pub bytes: u64,
}

/// Decodes a snapshot up to the end of the stream.
///
/// # Errors
/// [`crate::Kind::Damaged`] with the position where it stops making sense: cut, changed, followed by anything, of an unknown version. An error
/// of ours that the reader wraps is handed on as it is.
pub fn check(reader: impl Read) -> Result<Rdb, Error> {
    let mut source = Source::new(reader);
    decode(&mut source).map_err(|fault| match fault {
        Fault::Read(cause) => crate::codec::error_of(cause, "read", SUBJECT),
        Fault::Cut => Error::damaged(
            SUBJECT,
            format!("it is cut off after {} bytes", source.position()),
        ),
        Fault::Wrong(what) => {
            Error::damaged(SUBJECT, format!("{what} (at byte {})", source.position()))
        }
    })
}

fn decode<R: Read>(source: &mut Source<R>) -> Result<Rdb, Fault> {
    let mut found = Rdb {
        version: head(source)?,
        keys: 0,
        expiring: 0,
        checksum: false,
        bytes: 0,
    };
    // An expiry, a frequency or an idle time stands in front of the key it belongs to.
    let mut expires = false;
    let mut attributes = false;
    loop {
        let opcode = source.byte()?;
        match opcode {
            0xFF if expires || attributes => return Err(wrong("an attribute without its key")),
            0xFF => break,
            0xFD => {
                source.skip(4)?;
                expires = true;
            }
            0xFC => {
                source.skip(8)?;
                expires = true;
            }
            0xF9 => {
                source.skip(1)?;
                attributes = true;
            }
            0xF8 => {
                source.length()?;
                attributes = true;
            }
            0xF5..=0xFE => value::between_keys(source, opcode)?,
            0xF4 => (0..3).try_for_each(|_| source.length().map(drop))?,
            kind => {
                source.string()?;
                value::skip(source, kind)?;
                found.keys += 1;
                found.expiring += u64::from(expires);
                (expires, attributes) = (false, false);
            }
        }
    }
    found.checksum = found.version >= 5 && checksum(source)?;
    source.end()?;
    found.bytes = source.position();
    Ok(found)
}

fn head<R: Read>(source: &mut Source<R>) -> Result<u32, Fault> {
    if source.bytes::<5>()? != *b"REDIS" {
        return Err(wrong(
            "it is not a Redis snapshot: it does not begin with `REDIS`",
        ));
    }
    let digits = source.bytes::<4>()?;
    let version = std::str::from_utf8(&digits)
        .ok()
        .filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    match version {
        Some(version @ 1..=NEWEST) => Ok(version),
        Some(version) => Err(wrong(format!(
            "format version {version} is not known; versions 1 to {NEWEST} are"
        ))),
        None => Err(wrong("the format version is not a number")),
    }
}

/// Whether there is a checksum; one that differs is a fault.
fn checksum<R: Read>(source: &mut Source<R>) -> Result<bool, Fault> {
    let computed = source.checksum();
    let stored = u64::from_le_bytes(source.bytes()?);
    match stored {
        0 => Ok(false),
        _ if stored == computed => Ok(true),
        _ => Err(wrong(format!(
            "the checksum is {stored:016x} and should be {computed:016x}"
        ))),
    }
}

fn wrong(what: impl Into<String>) -> Fault {
    Fault::Wrong(what.into())
}
