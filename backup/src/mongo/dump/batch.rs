//! The documents of a server's reply as slices of its bytes. Owns no copy of them, and looks into none.

use mongodb::bson::raw::{RawDocument, RawDocumentBuf, cstr};
use mongodb::raw_batch_cursor::RawBatch;

/// The documents of one array of documents, in order.
pub(super) struct Documents<'a> {
    rest: &'a [u8],
}

/// What a reply holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure<'a> {
    pub(super) count: u64,
    pub(super) bytes: u64,
    pub(super) first: &'a [u8],
    pub(super) last: &'a [u8],
}

/// The documents of a reply.
///
/// # Errors
/// In words, when it holds none.
pub(super) fn documents(batch: &RawBatch) -> Result<Documents<'_>, String> {
    let array = batch
        .doc_slices()
        .map_err(|error| error.to_string())?
        .as_bytes();
    let rest = array.get(4..).unwrap_or_default();
    Ok(Documents { rest })
}

/// Counts the documents of a reply; `None` when there are none.
pub(super) fn measure(batch: &RawBatch) -> Result<Option<Measure<'_>>, String> {
    let mut measure: Option<Measure<'_>> = None;
    for document in documents(batch)? {
        let document = document?;
        let so_far = measure.get_or_insert(Measure {
            count: 0,
            bytes: 0,
            first: document,
            last: document,
        });
        so_far.count += 1;
        so_far.bytes += document.len() as u64;
        so_far.last = document;
    }
    Ok(measure)
}

/// The token from which a scan in natural order can be taken up again, where the server gives one.
pub(super) fn token(batch: &RawBatch) -> Option<RawDocumentBuf> {
    let cursor = batch.as_raw_document().get_document("cursor").ok()?;
    let token = cursor.get_document("postBatchResumeToken").ok()?;
    let record = token.get("$recordId").ok().flatten()?;
    record.as_null().is_none().then(|| token.to_owned())
}

/// `{_id: …}` of a document.
pub(super) fn id(document: &[u8]) -> Option<RawDocumentBuf> {
    let value = RawDocument::from_bytes(document).ok()?.get("_id").ok()??;
    let mut id = RawDocumentBuf::new();
    id.append(cstr!("_id"), value);
    Some(id)
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<&'a [u8], String>;

    /// An element: its type, its number as text, a nul, and the document.
    fn next(&mut self) -> Option<Self::Item> {
        let (kind, rest) = self.rest.split_first()?;
        if *kind == 0 {
            return None;
        }
        let document = rest
            .iter()
            .take(12)
            .position(|byte| *byte == 0)
            .filter(|_| *kind == 3)
            .and_then(|nul| {
                let rest = &rest[nul + 1..];
                let length = i32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
                rest.split_at_checked(usize::try_from(length).ok()?)
            });
        let Some((document, rest)) = document else {
            self.rest = &[];
            return Some(Err(
                "a reply of the server is not made of documents".to_owned()
            ));
        };
        self.rest = rest;
        Some(Ok(document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::{RawArrayBuf, rawdoc};

    fn of(array: &RawArrayBuf) -> Documents<'_> {
        Documents {
            rest: &array.as_bytes()[4..],
        }
    }

    #[test]
    fn documents_come_as_they_are() {
        let mut array = RawArrayBuf::new();
        let documents: Vec<_> = (0..120).map(|n| rawdoc! { "n": n }).collect();
        documents.iter().for_each(|one| array.push(one.clone()));
        let read: Vec<_> = of(&array).map(Result::unwrap).collect();
        assert_eq!(
            read,
            documents
                .iter()
                .map(|one| one.as_bytes())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_no_document_ends_the_reply() {
        let mut array = RawArrayBuf::new();
        array.push(1);
        let mut read = of(&array);
        assert!(read.next().unwrap().is_err());
        assert!(read.next().is_none());
    }
}
