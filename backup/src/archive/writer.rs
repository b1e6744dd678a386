//! Writes an archive: the prelude, then blocks in any order of namespaces. Owns the CRCs, not what documents are.

use std::io::Write;

use super::block::BlockHeader;
use super::{Closed, Header, MAGIC, Metadata, TERM, crc, namespace};
use crate::codec;
use crate::{Error, Kind};

/// An archive being written.
pub struct Writer<W: Write> {
    out: W,
    namespaces: Vec<Open>,
    /// Namespaces that may be open at once.
    most: usize,
}

struct Open {
    db: String,
    collection: String,
    /// The collection that blocks name, once there was one.
    body: Option<String>,
    /// Whether it counts among those open.
    regular: bool,
    closed: Closed,
    crc: crc_fast::Digest,
    ended: bool,
}

impl<W: Write> Writer<W> {
    /// Writes the prelude.
    ///
    /// # Errors
    /// What `out` refuses.
    pub fn new(out: W, header: &Header, metadata: &[Metadata]) -> Result<Self, Error> {
        let mut this = Self {
            out,
            namespaces: metadata.iter().map(Open::new).collect(),
            most: usize::try_from(header.concurrent_collections).unwrap_or_default(),
        };
        this.write(&MAGIC)?;
        this.write(header.encode().as_bytes())?;
        for one in metadata {
            this.write(one.encode().as_bytes())?;
        }
        this.write(&TERM)?;
        Ok(this)
    }

    /// Writes whole documents of a namespace, given by its place in the metadata. `body_collection` is the collection that
    /// holds them where it is not that of the metadata: `system.buckets.X` of a time series before 8.3.
    ///
    /// # Errors
    /// What `out` refuses; more namespaces open at once than the header promises, on which mongorestore would hang.
    pub fn documents(
        &mut self,
        namespace: usize,
        body_collection: Option<&str>,
        documents: &[u8],
        count: u64,
    ) -> Result<(), Error> {
        let opens = self.namespaces[namespace].body.is_none();
        if opens && self.namespaces[namespace].regular && self.open() >= self.most {
            let cause = format!("more than {} are open at once", self.most);
            return Err(self.misused(namespace, cause));
        }
        let one = &mut self.namespaces[namespace];
        if one.ended {
            return Err(self.misused(namespace, "it was ended before"));
        }
        if opens {
            one.body = Some(body_collection.unwrap_or(&one.collection).to_owned());
        }
        one.closed.documents += count;
        one.closed.bytes += documents.len() as u64;
        one.crc.update(documents);
        self.head(namespace, None)?;
        self.write(documents)?;
        self.write(&TERM)
    }

    /// Closes a namespace; each must be, also an empty one.
    ///
    /// # Errors
    /// What `out` refuses; a namespace that was closed before.
    pub fn end(&mut self, namespace: usize) -> Result<(), Error> {
        let one = &mut self.namespaces[namespace];
        if one.ended {
            return Err(self.misused(namespace, "it was ended before"));
        }
        one.ended = true;
        one.closed.crc = one.crc.finalize();
        let crc = one.closed.crc;
        self.head(namespace, Some(crc))?;
        self.write(&TERM)
    }

    /// What each namespace held, in the order of the metadata, and what was written to.
    ///
    /// # Errors
    /// A namespace that was not closed.
    pub fn finish(self) -> Result<(Vec<Closed>, W), Error> {
        if let Some(open) = self.namespaces.iter().position(|one| !one.ended) {
            return Err(self.misused(open, "it was not ended"));
        }
        let closed = self.namespaces.iter().map(|one| one.closed).collect();
        Ok((closed, self.out))
    }

    fn open(&self) -> usize {
        let open = |one: &&Open| one.regular && one.body.is_some() && !one.ended;
        self.namespaces.iter().filter(open).count()
    }

    fn head(&mut self, namespace: usize, end: Option<u64>) -> Result<(), Error> {
        let one = &self.namespaces[namespace];
        let header = BlockHeader {
            db: &one.db,
            collection: one.body.as_ref().unwrap_or(&one.collection),
            end,
        };
        let header = header.encode();
        self.write(header.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out
            .write_all(bytes)
            .map_err(|error| codec::error_of(error, "write", "archive"))
    }

    fn misused(&self, index: usize, cause: impl Into<String>) -> Error {
        let one = &self.namespaces[index];
        let name = namespace(&one.db, &one.collection);
        Error::new(Kind::Failed, "write", name, cause)
    }
}

impl Open {
    fn new(metadata: &Metadata) -> Self {
        Self {
            db: metadata.db.clone(),
            collection: metadata.collection.clone(),
            body: None,
            regular: !metadata.is_oplog() && !metadata.is_users_and_roles(),
            closed: Closed::default(),
            crc: crc(),
            ended: false,
        }
    }
}
