//! Documents gathered into write commands, as bytes. Owns the limits of a command and the one kind of document that an `insert` would change.

use mongodb::bson::raw::RawElement;
use mongodb::bson::spec::ElementType;
use mongodb::bson::{RawDocument, RawDocumentBuf};

use crate::buffer;

/// Bytes after which a command is sent: large enough that round trips do not count, small enough for several at once.
pub(super) const FULL: usize = 1 << 20;
/// Documents after which a command is sent; servers take 100,000.
const MANY: u32 = 20_000;

/// What a command does with its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    Insert,
    /// An `insert` replaces a `Timestamp(0, 0)` at the top of a document by the time of day, on every server before 8.0; an
    /// update by a pipeline keeps it.
    Upsert,
}

/// The documents of one command, in the form of the BSON array that the command carries.
#[derive(Debug)]
pub(super) struct Batch {
    /// Place in the prelude.
    pub(super) namespace: usize,
    pub(super) statement: Statement,
    pub(super) count: u32,
    /// Bytes of the documents themselves.
    pub(super) bytes: u64,
    array: Vec<u8>,
}

impl Batch {
    fn new(namespace: usize, statement: Statement) -> Self {
        let mut array = buffer::with_room(FULL);
        array.resize(4, 0);
        Self {
            namespace,
            statement,
            count: 0,
            bytes: 0,
            array,
        }
    }

    /// One document that fills a command alone, without a second copy of it.
    fn alone(namespace: usize, document: Vec<u8>) -> Self {
        let bytes = document.len() as u64;
        let mut array = document;
        // The length of the array, the type of its element, and the key `0`.
        array.splice(
            0..0,
            [0, 0, 0, 0, ElementType::EmbeddedDocument as u8, b'0', 0],
        );
        Self {
            namespace,
            statement: Statement::Insert,
            count: 1,
            bytes,
            array,
        }
    }

    /// Adds a document under the next number, which is its key in the array.
    fn push(&mut self, document: &[u8]) {
        self.array.push(ElementType::EmbeddedDocument as u8);
        let mut digits = [0; 10];
        self.array
            .extend_from_slice(number(self.count, &mut digits));
        self.array.push(0);
        match self.statement {
            Statement::Insert => self.array.extend_from_slice(document),
            Statement::Upsert => self.array.extend_from_slice(&upsert(document)),
        }
        self.count += 1;
        self.bytes += document.len() as u64;
    }

    fn is_full(&self) -> bool {
        self.array.len() >= FULL || self.count >= MANY
    }

    /// Bytes held.
    pub(super) fn weight(&self) -> usize {
        self.array.len()
    }

    /// The command: `head`, then the documents.
    pub(super) fn command(&self, head: RawDocumentBuf) -> Vec<u8> {
        let field: &[u8] = match self.statement {
            Statement::Insert => b"documents\0",
            Statement::Upsert => b"updates\0",
        };
        let head = head.into_bytes();
        let mut bytes = buffer::with_room(head.len() + field.len() + self.array.len() + 2);
        bytes.extend_from_slice(&head[..head.len() - 1]);
        bytes.push(ElementType::Array as u8);
        bytes.extend_from_slice(field);
        bytes.extend_from_slice(&self.array);
        bytes.push(0);
        close(&mut bytes);
        bytes
    }

    /// The same batch with some of its documents only, by their numbers.
    pub(super) fn only(&self, numbers: &[usize]) -> Self {
        let mut kept = Self::new(self.namespace, Statement::Insert);
        let mut at = 4;
        for number in 0..self.count as usize {
            at += 2 + decimal_digits(number);
            let length = length_at(&self.array, at);
            if numbers.contains(&number) {
                kept.push(&self.array[at..at + length]);
            }
            at += length;
        }
        kept.statement = self.statement;
        kept.seal();
        kept
    }

    fn seal(&mut self) {
        self.array.push(0);
        close(&mut self.array);
    }
}

/// Makes batches of the documents of an archive; one is open at a time.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    open: Option<Batch>,
}

impl Gatherer {
    /// Adds documents of one namespace and hands over each batch that is complete.
    ///
    /// # Errors
    /// Those of `send`.
    pub(super) fn add<E>(
        &mut self,
        namespace: usize,
        documents: Vec<u8>,
        mut send: impl FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        if documents.len() >= FULL
            && length_at(&documents, 0) == documents.len()
            && !has_zero_time(&documents)
        {
            self.flush(&mut send)?;
            self.open = Some(Batch::alone(namespace, documents));
            return self.flush(&mut send);
        }
        let mut rest = documents.as_slice();
        while !rest.is_empty() {
            let (document, after) = rest.split_at(length_at(rest, 0));
            rest = after;
            let statement = if has_zero_time(document) {
                Statement::Upsert
            } else {
                Statement::Insert
            };
            let fits = self.open.as_ref().is_some_and(|open| {
                open.namespace == namespace
                    && open.statement == statement
                    && open.weight() + document.len() <= FULL * 2
            });
            if !fits {
                self.flush(&mut send)?;
            }
            let open = self
                .open
                .get_or_insert_with(|| Batch::new(namespace, statement));
            open.push(document);
            if open.is_full() {
                self.flush(&mut send)?;
            }
        }
        Ok(())
    }

    /// Hands over what is gathered.
    pub(super) fn flush<E>(
        &mut self,
        mut send: impl FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.open.take() {
            Some(mut batch) => {
                batch.seal();
                send(batch)
            }
            None => Ok(()),
        }
    }
}

/// `{q: {_id: {$eq: …}}, u: [{$replaceWith: {$literal: document}}], upsert: true}`; a document without `_id` matches nothing.
fn upsert(document: &[u8]) -> Vec<u8> {
    use mongodb::bson::raw::cstr;
    let mut query = RawDocumentBuf::new();
    let raw = RawDocument::from_bytes(document).ok();
    if let Some(id) = raw.and_then(|document| document.get("_id").ok().flatten()) {
        let mut equal = RawDocumentBuf::new();
        equal.append(cstr!("$eq"), id);
        query.append(cstr!("_id"), equal);
    }
    let mut stage = Vec::with_capacity(document.len() + 64);
    stage.extend_from_slice(&[0; 4]);
    stage.push(ElementType::EmbeddedDocument as u8);
    stage.extend_from_slice(b"$replaceWith\0");
    let literal = (document.len() as u32) + 4 + 10 + 1;
    stage.extend_from_slice(&literal.to_le_bytes());
    stage.push(ElementType::EmbeddedDocument as u8);
    stage.extend_from_slice(b"$literal\0");
    stage.extend_from_slice(document);
    stage.extend_from_slice(&[0, 0]);
    close(&mut stage);

    let mut bytes = vec![0; 4];
    bytes.push(ElementType::EmbeddedDocument as u8);
    bytes.extend_from_slice(b"q\0");
    bytes.extend_from_slice(query.as_bytes());
    bytes.push(ElementType::Array as u8);
    bytes.extend_from_slice(b"u\0");
    let pipeline = stage.len() as u32 + 4 + 3 + 1;
    bytes.extend_from_slice(&pipeline.to_le_bytes());
    bytes.push(ElementType::EmbeddedDocument as u8);
    bytes.extend_from_slice(b"0\0");
    bytes.extend_from_slice(&stage);
    bytes.push(0);
    bytes.push(ElementType::Boolean as u8);
    bytes.extend_from_slice(b"upsert\0\x01\0");
    close(&mut bytes);
    bytes
}

/// Whether a field at the top of it, other than `_id`, is `Timestamp(0, 0)`.
fn has_zero_time(document: &[u8]) -> bool {
    let zero = |element: &RawElement<'_>| {
        element.element_type() == ElementType::Timestamp
            && element.key().as_str() != "_id"
            && element.value().is_ok_and(|value| {
                value
                    .as_timestamp()
                    .is_some_and(|time| time.time == 0 && time.increment == 0)
            })
    };
    RawDocument::from_bytes(document)
        .is_ok_and(|document| document.iter_elements().flatten().any(|e| zero(&e)))
}

fn length_at(bytes: &[u8], at: usize) -> usize {
    let Some(length) = bytes.get(at..at + 4) else {
        return bytes.len() - at.min(bytes.len());
    };
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
    length.clamp(1, bytes.len() - at)
}

fn close(bytes: &mut [u8]) {
    let length = (bytes.len() as u32).to_le_bytes();
    bytes[..4].copy_from_slice(&length);
}

fn decimal_digits(number: usize) -> usize {
    number
        .checked_ilog10()
        .map_or(1, |digits| digits as usize + 1)
}

fn number(mut value: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}
