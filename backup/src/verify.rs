//! The proof that a backup is what was written: every file against its manifest, byte by byte. Owns what is compared; decoding
//! belongs to [`crate::archive`], [`crate::rdb`] and [`crate::codec`]. Reads on the thread that calls it.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::archive;
use crate::codec::{self, Identity, Totals};
use crate::manifest::{EmbeddedPart, File, Manifest, MongoPart, RedisPart};
use crate::mongo::Cancel;
use crate::progress::{Event, Progress};
use crate::{Error, Kind, rdb};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// What a proof is given.
pub struct Proof<'a> {
    /// What opens what is encrypted.
    pub identity: &'a Identity,
    /// Threads that decompress.
    pub threads: usize,
    /// Where counts go.
    pub progress: &'a dyn Progress,
    /// Tells it to stop.
    pub cancel: Cancel,
}

/// The files of a manifest, MongoDB's first.
pub fn files(manifest: &Manifest) -> impl Iterator<Item = &File> {
    let mongodb = manifest.mongodb.iter().map(|part| &part.file);
    let redis = manifest.redis.iter().map(|part| &part.file);
    let embedded = manifest.embedded.iter().map(|part| &part.file);
    mongodb.chain(redis).chain(embedded)
}

impl Proof<'_> {
    /// Size and hash of a file; needs no key.
    ///
    /// # Errors
    /// [`Kind::Damaged`] where they differ, and what reading fails with.
    pub fn quick(&self, file: &File, from: Box<dyn Read + Send>) -> Result<String, Error> {
        let mut from = self.stoppable(from);
        let mut piece = vec![0; PIECE];
        let mut hash = Sha256::new();
        let mut size = 0;
        loop {
            let length = from
                .read(&mut piece)
                .map_err(|error| codec::error_of(error, "read", &file.name))?;
            if length == 0 {
                break;
            }
            hash.update(&piece[..length]);
            size += length as u64;
            self.progress.report(Event::Advanced {
                bytes: length as u64,
                documents: 0,
            });
        }
        let sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        let totals = Totals {
            size,
            sha256,
            raw_size: file.raw_size,
        };
        totals_agree(file, &totals)?;
        Ok(format!(
            "{}: {size} bytes, SHA-256 is the recorded one",
            file.name
        ))
    }

    /// The MongoDB archive: every document walked, every CRC, count and length compared.
    ///
    /// # Errors
    /// [`Kind::Damaged`] where anything differs, [`Kind::WrongKey`], and what reading fails with.
    pub fn mongodb(&self, part: &MongoPart, from: Box<dyn Read + Send>) -> Result<String, Error> {
        let mut input = self.input(&part.file, from)?;
        let checked = archive::check(&mut input, self.progress)
            .map_err(|error| named(error, &part.file.name))?;
        let totals = input
            .finish()
            .map_err(|error| named(error, &part.file.name))?;
        totals_agree(&part.file, &totals)?;
        namespaces_agree(part, &checked)?;
        let documents: u64 = part.namespaces.iter().map(|ns| ns.documents).sum();
        Ok(format!(
            "{}: {documents} documents in {} namespaces decoded, every CRC and count is the recorded one",
            part.file.name,
            part.namespaces.len()
        ))
    }

    /// The snapshot of Redis: every key decoded, its checksum and counts compared.
    ///
    /// # Errors
    /// As [`Proof::mongodb`].
    pub fn redis(&self, part: &RedisPart, from: Box<dyn Read + Send>) -> Result<String, Error> {
        let name = &part.file.name;
        let mut input = self.input(&part.file, from)?;
        let found = rdb::check(Counted {
            from: &mut input,
            progress: self.progress,
        })
        .map_err(|error| named(error, name))?;
        let totals = input.finish().map_err(|error| named(error, name))?;
        totals_agree(&part.file, &totals)?;
        differ(name, "keys", part.keys, found.keys)?;
        differ(name, "keys that expire", part.expiring, found.expiring)?;
        let checksum = match found.checksum {
            true => "its checksum is right",
            false => "the server wrote no checksum",
        };
        Ok(format!("{name}: {} keys decoded, {checksum}", found.keys))
    }

    /// The copy of the embedded store; `inspect` counts the entries of its tables.
    ///
    /// # Errors
    /// As [`Proof::mongodb`].
    pub fn embedded(
        &self,
        part: &EmbeddedPart,
        from: Box<dyn Read + Send>,
        inspect: impl FnOnce(&mut dyn Read) -> Result<std::collections::BTreeMap<String, u64>, Error>,
    ) -> Result<String, Error> {
        let name = &part.file.name;
        let mut input = self.input(&part.file, from)?;
        let tables = inspect(&mut Counted {
            from: &mut input,
            progress: self.progress,
        })
        .map_err(|error| named(error, name))?;
        let totals = input.finish().map_err(|error| named(error, name))?;
        totals_agree(&part.file, &totals)?;
        if tables != part.tables {
            let cause = "its tables do not hold the recorded numbers of entries";
            return Err(Error::damaged(name, cause));
        }
        let entries: u64 = tables.values().sum();
        Ok(format!(
            "{name}: {entries} entries in {} tables read, every number is the recorded one",
            tables.len()
        ))
    }

    fn input(&self, file: &File, from: Box<dyn Read + Send>) -> Result<codec::Input, Error> {
        let input = codec::open(self.stoppable(from), self.identity, self.threads)
            .map_err(|error| named(error, &file.name))?;
        // Encryption that was asked for and is not there is worse than a damaged byte.
        if input.encrypted() != file.encryption.is_some() {
            let cause = match input.encrypted() {
                true => "it is encrypted, and its manifest says that it is not",
                false => "it is not encrypted, and its manifest says that it is",
            };
            return Err(Error::damaged(&file.name, cause));
        }
        Ok(input)
    }

    fn stoppable(&self, from: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        Box::new(Stoppable {
            from,
            cancel: self.cancel.clone(),
        })
    }
}

/// Fails as soon as it is told to stop.
struct Stoppable {
    from: Box<dyn Read + Send>,
    cancel: Cancel,
}

impl Read for Stoppable {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if *self.cancel.borrow() {
            let stopped = Error::new(Kind::Interrupted, "read", "backup", "it was interrupted");
            return Err(stopped.into());
        }
        self.from.read(into)
    }
}

/// Tells of the bytes that pass.
struct Counted<'a, R> {
    from: R,
    progress: &'a dyn Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.from.read(into)?;
        self.progress.report(Event::Advanced {
            bytes: length as u64,
            documents: 0,
        });
        Ok(length)
    }
}

/// The file's name in the place of a decoder's `input`.
fn named(error: Error, file: &str) -> Error {
    match error.subject.as_str() {
        "input" | "archive" | "snapshot" => Error {
            subject: file.to_owned(),
            ..error
        },
        _ => error,
    }
}

fn differ(file: &str, what: &str, expected: u64, found: u64) -> Result<(), Error> {
    match expected == found {
        true => Ok(()),
        false => Err(Error::damaged(
            file,
            format!("it has {found} {what} instead of {expected}"),
        )),
    }
}

fn totals_agree(file: &File, totals: &Totals) -> Result<(), Error> {
    differ(&file.name, "bytes", file.size, totals.size)?;
    differ(
        &file.name,
        "bytes before compression",
        file.raw_size,
        totals.raw_size,
    )?;
    match file.sha256 == totals.sha256 {
        true => Ok(()),
        false => Err(Error::damaged(
            &file.name,
            "its SHA-256 is not the recorded one",
        )),
    }
}

fn namespaces_agree(part: &MongoPart, checked: &archive::Checked) -> Result<(), Error> {
    let file = &part.file.name;
    let found: std::collections::BTreeMap<(&str, &str), &archive::Closed> = checked
        .namespaces
        .iter()
        .map(|(of, closed)| ((of.db.as_str(), of.collection.as_str()), closed))
        .collect();
    differ(
        file,
        "namespaces",
        part.namespaces.len() as u64,
        found.len() as u64,
    )?;
    for ns in &part.namespaces {
        let name = format!("{}.{}", ns.db, ns.collection);
        let Some(closed) = found.get(&(ns.db.as_str(), ns.collection.as_str())) else {
            return Err(Error::damaged(file, format!("`{name}` is not in it")));
        };
        let crc = format!("{:016x}", closed.crc);
        if (ns.documents, ns.bytes, ns.crc64.as_str()) != (closed.documents, closed.bytes, &crc) {
            let cause = format!(
                "`{name}` has {} documents, {} bytes and CRC {crc} instead of {}, {} and {}",
                closed.documents, closed.bytes, ns.documents, ns.bytes, ns.crc64
            );
            return Err(Error::damaged(file, cause));
        }
    }
    Ok(())
}
