//! The document in front of a block: whose documents follow, or that a namespace is closed.

use mongodb::bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf};
use mongodb::bson::rawdoc;

/// `{db, collection, EOF, CRC}`; mongorestore refuses any other field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlockHeader<'d> {
    pub(super) db: &'d str,
    pub(super) collection: &'d str,
    /// The CRC of all its documents, when this closes it.
    pub(super) end: Option<u64>,
}

impl<'d> BlockHeader<'d> {
    pub(super) fn encode(&self) -> RawDocumentBuf {
        rawdoc! {
            "db": self.db,
            "collection": self.collection,
            "EOF": self.end.is_some(),
            "CRC": self.end.unwrap_or_default().cast_signed(),
        }
    }

    pub(super) fn decode(document: &'d RawDocument) -> Result<Self, String> {
        let (mut db, mut collection, mut end, mut crc) = (None, None, None, None);
        for element in document {
            let (key, value) = element.map_err(|_| "the head of a block cannot be read")?;
            let known = match (key.as_str(), value) {
                ("db", RawBsonRef::String(text)) => db.replace(text).is_none(),
                ("collection", RawBsonRef::String(text)) => collection.replace(text).is_none(),
                ("EOF", RawBsonRef::Boolean(flag)) => end.replace(flag).is_none(),
                ("CRC", RawBsonRef::Int64(number)) => crc.replace(number).is_none(),
                _ => false,
            };
            if !known {
                return Err(format!("the head of a block has a wrong field `{key}`"));
            }
        }
        let (Some(db), Some(collection), Some(end), Some(crc)) = (db, collection, end, crc) else {
            return Err("the head of a block lacks a field".to_owned());
        };
        if !end && crc != 0 {
            return Err("the head of a block has a CRC that belongs to its end".to_owned());
        }
        Ok(Self {
            db,
            collection,
            end: end.then_some(crc.cast_unsigned()),
        })
    }
}
