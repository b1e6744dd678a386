//! Reads an archive and believes nothing: every document is walked, every CRC compared, every namespace closed once.

use std::collections::HashMap;
use std::io::Read;

use mongodb::bson::raw::RawDocument;

use super::block::BlockHeader;
use super::stream::Stream;
use super::{Closed, Header, LONGEST, MAGIC, Metadata, TERM, crc, document, namespace};
use crate::Error;

/// Documents are handed out when so many bytes of them are gathered.
const BATCH: usize = 1024 * 1024;

/// What comes next in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Documents of a namespace, given by its place in the metadata.
    Documents {
        /// Index into [`Reader::metadata`].
        namespace: usize,
        /// Whole documents, one after the other: about 1 MiB, or one that is longer.
        documents: Vec<u8>,
        /// How many there are.
        count: u64,
    },
    /// A namespace is closed; its CRC agreed.
    End {
        /// Index into [`Reader::metadata`].
        namespace: usize,
        /// Its documents.
        documents: u64,
        /// Their bytes.
        bytes: u64,
        /// Their CRC-64/XZ.
        crc: u64,
    },
}

/// An archive being read.
pub struct Reader<R: Read> {
    stream: Stream<R>,
    header: Header,
    metadata: Vec<Metadata>,
    places: HashMap<(String, String), usize>,
    states: Vec<State>,
    /// The namespace whose block is open.
    current: Option<usize>,
    /// Whether the oplog began, after which nothing else may come.
    oplog: bool,
}

#[derive(Clone)]
struct State {
    closed: Closed,
    crc: crc_fast::Digest,
    ended: bool,
}

/// What [`Reader::step`] found; the documents lie at the front of the stream's buffer.
pub(super) enum Step {
    Documents {
        namespace: usize,
        length: usize,
        count: u64,
    },
    End {
        namespace: usize,
        closed: Closed,
    },
}

impl<R: Read> Reader<R> {
    /// Reads the prelude.
    ///
    /// # Errors
    /// [`Kind::Damaged`](crate::Kind::Damaged) for what is no archive, or none that mongorestore would read.
    pub fn new(from: R) -> Result<Self, Error> {
        let mut stream = Stream::new(from);
        let magic = stream.peek(MAGIC.len())?;
        if !magic.is_empty() && !magic.starts_with(&MAGIC[..magic.len().min(4)]) {
            return Err(Error::damaged("archive", "it is not a mongodump archive"));
        }
        stream.need(MAGIC.len())?;
        stream.consume(MAGIC.len());
        let Some(header) = parse(&mut stream, Header::decode)? else {
            return Err(wrong(&stream, "it has no header"));
        };
        let mut metadata: Vec<Metadata> = Vec::new();
        let mut places = HashMap::new();
        while let Some(one) = parse(&mut stream, Metadata::decode)? {
            let place = (one.db.clone(), one.collection.clone());
            if places.insert(place, metadata.len()).is_some() {
                let cause = format!("`{}` is listed twice", one.namespace());
                return Err(wrong(&stream, cause));
            }
            metadata.push(one);
        }
        let state = State {
            closed: Closed::default(),
            crc: crc(),
            ended: false,
        };
        Ok(Self {
            stream,
            header,
            states: vec![state; metadata.len()],
            metadata,
            places,
            current: None,
            oplog: false,
        })
    }

    /// Of the run that made it.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The namespaces, in the order of the prelude.
    pub fn metadata(&self) -> &[Metadata] {
        &self.metadata
    }

    /// What comes next; `None` when the archive ended well: every namespace was closed.
    ///
    /// # Errors
    /// [`Kind::Damaged`](crate::Kind::Damaged) for all that is wrong, with the namespace and the byte of the archive.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item>, Error> {
        Ok(self.step()?.map(|step| match step {
            Step::Documents {
                namespace,
                length,
                count,
            } => Item::Documents {
                namespace,
                documents: self.stream.take(length),
                count,
            },
            Step::End { namespace, closed } => Item::End {
                namespace,
                documents: closed.documents,
                bytes: closed.bytes,
                crc: closed.crc,
            },
        }))
    }

    /// As [`next`](Self::next), but documents stay in the buffer until [`Self::consume`].
    pub(super) fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            match self.current {
                Some(namespace) => {
                    let (length, count) = self.gather(namespace)?;
                    if length == 0 {
                        self.stream.consume(TERM.len());
                        self.current = None;
                        continue;
                    }
                    return Ok(Some(Step::Documents {
                        namespace,
                        length,
                        count,
                    }));
                }
                None if self.stream.peek(1)?.is_empty() => return self.whole().map(|()| None),
                None => {
                    if let Some(step) = self.block()? {
                        return Ok(Some(step));
                    }
                }
            }
        }
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.stream.consume(length);
    }

    /// Walks documents that follow each other; none when the block ends here.
    fn gather(&mut self, namespace: usize) -> Result<(usize, u64), Error> {
        let (mut length, mut count) = (0, 0);
        while length < BATCH {
            // Waiting for more would keep back what is here, and grow the buffer.
            if count > 0 && self.stream.ready().len() < length + 4 {
                break;
            }
            let ready = self.stream.peek(length + 4)?;
            let Some(word) = ready[length.min(ready.len())..].first_chunk::<4>() else {
                return Err(self.within(namespace, self.stream.cut()));
            };
            if *word == TERM {
                break;
            }
            let (word, have) = (*word, ready.len());
            let next = size(word).map_err(|cause| self.damaged(namespace, length, cause))?;
            if count > 0 && have < length + next {
                break;
            }
            let ready = self.stream.peek(length + next)?;
            let Some(bytes) = ready.get(length..length + next) else {
                return Err(self.within(namespace, self.stream.cut()));
            };
            document::walk(bytes).map_err(|cause| {
                self.damaged(namespace, length, format!("a document is damaged: {cause}"))
            })?;
            length += next;
            count += 1;
        }
        let state = &mut self.states[namespace];
        state.crc.update(&self.stream.ready()[..length]);
        state.closed.documents += count;
        state.closed.bytes += length as u64;
        Ok((length, count))
    }

    /// The head of a block; a step when it closes a namespace.
    fn block(&mut self) -> Result<Option<Step>, Error> {
        let begin = self.stream.offset;
        let head = parse(&mut self.stream, |document| {
            let head = BlockHeader::decode(document)?;
            Ok((head.db.to_owned(), head.collection.to_owned(), head.end))
        })?;
        let Some((db, collection, end)) = head else {
            return Err(wrong(&self.stream, "a block has no head"));
        };
        let wrong = |cause: &str| {
            let name = namespace(&db, &collection);
            Error::damaged(name, format!("{cause}, at byte {begin}"))
        };
        let Some(place) = self.place(&db, &collection) else {
            return Err(wrong("it is not listed in the prelude"));
        };
        if self.states[place].ended {
            return Err(wrong("it goes on after its end"));
        }
        if self.metadata[place].is_oplog() {
            self.oplog = true;
            if let Some(open) = self.unfinished().find(|open| *open != place) {
                let name = self.metadata[open].namespace();
                return Err(wrong(&format!("it begins before the end of `{name}`")));
            }
        }
        let Some(crc) = end else {
            self.current = Some(place);
            return Ok(None);
        };
        if self
            .stream
            .peek(4)?
            .get(..4)
            .is_some_and(|word| word != TERM)
        {
            return Err(wrong("documents follow its end"));
        }
        self.stream.need(TERM.len())?;
        self.stream.consume(TERM.len());
        let state = &mut self.states[place];
        state.ended = true;
        state.closed.crc = state.crc.finalize();
        if state.closed.crc != crc {
            let computed = state.closed.crc;
            return Err(wrong(&format!(
                "its CRC is {computed:016x} and should be {crc:016x}"
            )));
        }
        Ok(Some(Step::End {
            namespace: place,
            closed: state.closed,
        }))
    }

    /// The buckets of a time series lie under its own name since 8.3, before in `system.buckets.X`.
    fn place(&self, db: &str, collection: &str) -> Option<usize> {
        let find = |name: &str| self.places.get(&(db.to_owned(), name.to_owned())).copied();
        find(collection).or_else(|| {
            let place = find(collection.strip_prefix("system.buckets.")?)?;
            (self.metadata[place].kind == "timeseries").then_some(place)
        })
    }

    fn unfinished(&self) -> impl Iterator<Item = usize> {
        (0..self.states.len()).filter(|place| !self.states[*place].ended)
    }

    /// That the end of the stream is the end of the archive.
    fn whole(&self) -> Result<(), Error> {
        let Some(first) = self.unfinished().next() else {
            return Ok(());
        };
        let name = self.metadata[first].namespace();
        let cause = match self.unfinished().count() {
            1 => "the archive ends before its end".to_owned(),
            more => format!(
                "the archive ends before its end and that of {} more",
                more - 1
            ),
        };
        Err(self.within(first, Error::damaged(name, cause)))
    }

    fn damaged(&self, namespace: usize, length: usize, cause: impl std::fmt::Display) -> Error {
        let at = self.stream.offset + length as u64;
        let name = self.metadata[namespace].namespace();
        Error::damaged(name, format!("{cause}, at byte {at}"))
    }

    fn within(&self, namespace: usize, mut error: Error) -> Error {
        error.subject = self.metadata[namespace].namespace();
        error
    }
}

/// The length of a document, from its first four bytes.
fn size(word: [u8; 4]) -> Result<usize, String> {
    let length = i32::from_le_bytes(word);
    match usize::try_from(length) {
        Ok(length) if (5..=LONGEST).contains(&length) => Ok(length),
        _ => Err(format!("a document cannot be {length} bytes long")),
    }
}

/// Reads one document of the archive's own; none where a terminator stands.
fn parse<R: Read, T>(
    stream: &mut Stream<R>,
    decode: impl FnOnce(&RawDocument) -> Result<T, String>,
) -> Result<Option<T>, Error> {
    let begin = stream.offset;
    let at = |cause: String| Error::damaged("archive", format!("{cause}, at byte {begin}"));
    let Some(word) = stream.peek(4)?.first_chunk::<4>().copied() else {
        return Err(stream.cut());
    };
    if word == TERM {
        stream.consume(4);
        return Ok(None);
    }
    let length = size(word).map_err(at)?;
    stream.need(length)?;
    let bytes = &stream.ready()[..length];
    document::walk(bytes).map_err(|cause| at(format!("a document is damaged: {cause}")))?;
    let document = RawDocument::from_bytes(bytes).map_err(|error| at(error.to_string()))?;
    let decoded = decode(document).map_err(at)?;
    stream.consume(length);
    Ok(Some(decoded))
}

fn wrong<R: Read>(stream: &Stream<R>, cause: impl std::fmt::Display) -> Error {
    Error::damaged("archive", format!("{cause}, before byte {}", stream.offset))
}
