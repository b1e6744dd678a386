//! Where the scan of a collection stands, and the command that goes on from there. Owns the three orders of reading.

use mongodb::bson::raw::{RawBsonRef, RawDocument, RawDocumentBuf, cstr};
use mongodb::bson::{RawArrayBuf, Timestamp, rawdoc};

use super::super::listing::Source;
use super::batch::id;

/// In which order documents are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As they lie on disk: the fastest; taken up again by the server's own token.
    Natural,
    /// Along the index of `_id`, between two bounds.
    Range,
    /// Sorted by `_id`: for servers that know neither tokens nor bounds.
    Sorted,
}

/// How far a scan has come. Only what was handed on counts.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub(super) order: Order,
    /// The server's token, in natural order.
    token: Option<RawDocumentBuf>,
    /// `{_id: …}` where it begins, inclusive.
    from: Option<RawDocumentBuf>,
    /// `{_id: …}` where it ends, exclusive.
    to: Option<RawDocumentBuf>,
    /// `{_id: …}` of the last document that was handed on.
    last: Option<RawDocumentBuf>,
    /// Types of `_id` that were met, as `$type` names them: `$gt` compares within one type only.
    types: Vec<i32>,
    /// Documents that were handed on.
    pub(super) read: u64,
}

impl Position {
    pub(super) fn start(order: Order) -> Self {
        Self {
            order,
            token: None,
            from: None,
            to: None,
            last: None,
            types: Vec::new(),
            read: 0,
        }
    }

    /// Between two values of `_id`, open where there is none.
    pub(super) fn range(from: Option<RawDocumentBuf>, to: Option<RawDocumentBuf>) -> Self {
        Self {
            from,
            to,
            ..Self::start(Order::Range)
        }
    }

    /// Takes note of documents that are about to be handed on.
    pub(super) fn advance(&mut self, count: u64, last: &[u8], token: Option<RawDocumentBuf>) {
        self.read += count;
        self.token = token;
        if self.order != Order::Natural {
            self.last = id(last);
            let kind = self
                .last
                .as_ref()
                .and_then(|last| last.iter().next()?.ok())
                .map(|(_, id)| id);
            if let Some(kind) = kind.map(bracket)
                && !self.types.contains(&kind)
            {
                self.types.push(kind);
            }
        }
    }

    /// Whether it can be taken up where it stands. Another server numbers its records otherwise: where one may answer
    /// (`anywhere`), a token has to name the server that gave it, so that others refuse it.
    pub(super) fn resumable(&self, anywhere: bool) -> bool {
        let names_server = |token: &RawDocumentBuf| {
            let id = token.get("$initialSyncId");
            id.is_ok_and(|id| id.is_some())
        };
        let token = self.token.as_ref();
        let token = token.is_some_and(|token| !anywhere || names_server(token));
        self.read == 0 || token || self.last.is_some()
    }

    /// Whether the document is the one that was handed on last: a range begins with it again.
    pub(super) fn repeats(&self, document: &[u8]) -> bool {
        self.order == Order::Range && self.last.is_some() && id(document) == self.last
    }

    /// The command that reads on from here.
    pub(super) fn command(
        &self,
        source: &Source,
        batch: u32,
        at: Option<Timestamp>,
    ) -> RawDocumentBuf {
        let mut command = rawdoc! { "find": source.collection.as_str() };
        match self.order {
            Order::Natural => self.natural(source, &mut command),
            Order::Range => self.bounded(&mut command),
            Order::Sorted => self.sorted(source, &mut command),
        }
        command.append(cstr!("batchSize"), i32::try_from(batch).unwrap_or(i32::MAX));
        if source.raw_data {
            command.append(cstr!("rawData"), true);
        }
        if let Some(at) = at {
            let concern = rawdoc! { "level": "snapshot", "atClusterTime": at };
            command.append(cstr!("readConcern"), concern);
        }
        command
    }

    fn natural(&self, source: &Source, command: &mut RawDocumentBuf) {
        if let Some(filter) = &source.filter {
            command.append(cstr!("filter"), filter.clone());
        }
        command.append(cstr!("hint"), rawdoc! { "$natural": 1 });
        command.append(cstr!("$_requestResumeToken"), true);
        if let Some(token) = &self.token {
            command.append(cstr!("$_resumeAfter"), token.clone());
        }
    }

    /// Bounds are compared as the index does, over all types.
    fn bounded(&self, command: &mut RawDocumentBuf) {
        command.append(cstr!("hint"), rawdoc! { "_id": 1 });
        if let Some(from) = self.last.as_ref().or(self.from.as_ref()) {
            command.append(cstr!("min"), from.clone());
        }
        if let Some(to) = &self.to {
            command.append(cstr!("max"), to.clone());
        }
    }

    fn sorted(&self, source: &Source, command: &mut RawDocumentBuf) {
        let mut all = RawArrayBuf::new();
        if let Some(filter) = &source.filter {
            all.push(filter.clone());
        }
        if let Some(beyond) = self.last.as_deref().and_then(|last| self.beyond(last)) {
            all.push(beyond);
        }
        if !all.is_empty() {
            command.append(cstr!("filter"), rawdoc! { "$and": all });
        }
        command.append(cstr!("sort"), rawdoc! { "_id": 1 });
    }

    /// What comes after `last`: greater ones of its type, and all of the types that were not met.
    fn beyond(&self, last: &RawDocument) -> Option<RawDocumentBuf> {
        let (_, last) = last.iter().next()?.ok()?;
        let mut greater = RawDocumentBuf::new();
        greater.append(cstr!("$gt"), last);
        let mut met = RawArrayBuf::new();
        for kind in &self.types {
            aliases(*kind).iter().for_each(|kind| met.push(*kind));
        }
        let either = [
            rawdoc! { "_id": greater },
            rawdoc! { "_id": { "$not": { "$type": met } } },
        ];
        Some(rawdoc! { "$or": either.into_iter().collect::<RawArrayBuf>() })
    }
}

/// One number for types that are compared with each other: numbers, and texts.
fn bracket(value: RawBsonRef<'_>) -> i32 {
    match value {
        RawBsonRef::Double(_)
        | RawBsonRef::Int32(_)
        | RawBsonRef::Int64(_)
        | RawBsonRef::Decimal128(_) => 1,
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => 2,
        RawBsonRef::MinKey => -1,
        other => i32::from(other.element_type() as u8),
    }
}

fn aliases(kind: i32) -> &'static [i32] {
    match kind {
        1 => &[1, 16, 18, 19],
        2 => &[2, 14],
        3 => &[3],
        5 => &[5],
        7 => &[7],
        8 => &[8],
        9 => &[9],
        10 => &[10],
        12 => &[12],
        13 => &[13],
        15 => &[15],
        17 => &[17],
        127 => &[127],
        _ => &[-1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::Document;

    fn source() -> Source {
        Source {
            plain: true,
            ..Source::of("shop", "orders")
        }
    }

    fn command(position: &Position, at: Option<Timestamp>) -> String {
        let command = position.command(&source(), 5, at);
        Document::try_from(command).unwrap().to_string()
    }

    #[test]
    fn natural_order_goes_on_from_the_servers_token() {
        let mut position = Position::start(Order::Natural);
        let token = rawdoc! { "$recordId": 7_i64 };
        position.advance(3, rawdoc! { "_id": 1 }.as_bytes(), Some(token));
        let at = Timestamp {
            time: 9,
            increment: 2,
        };
        assert_eq!(
            command(&position, Some(at)),
            r#"{ "find": "orders", "hint": { "$natural": 1 }, "$_requestResumeToken": true, "$_resumeAfter": { "$recordId": 7 }, "batchSize": 5, "readConcern": { "level": "snapshot", "atClusterTime": Timestamp(9, 2) } }"#
        );
    }

    #[test]
    fn a_range_begins_again_with_the_document_it_had_last() {
        let (from, to) = (rawdoc! { "_id": 1 }, rawdoc! { "_id": 9 });
        let mut position = Position::range(Some(from), Some(to));
        let last = rawdoc! { "_id": "s", "n": 1 };
        position.advance(1, last.as_bytes(), None);
        assert_eq!(
            command(&position, None),
            r#"{ "find": "orders", "hint": { "_id": 1 }, "min": { "_id": "s" }, "max": { "_id": 9 }, "batchSize": 5 }"#
        );
        assert!(position.repeats(last.as_bytes()));
        assert!(!position.repeats(rawdoc! { "_id": "t" }.as_bytes()));
    }

    #[test]
    fn sorted_by_id_goes_on_over_all_types() {
        let mut position = Position::start(Order::Sorted);
        assert_eq!(
            command(&position, None),
            r#"{ "find": "orders", "sort": { "_id": 1 }, "batchSize": 5 }"#
        );
        position.advance(1, rawdoc! { "_id": 2.5 }.as_bytes(), None);
        position.advance(1, rawdoc! { "_id": "s" }.as_bytes(), None);
        assert_eq!(
            command(&position, None),
            r#"{ "find": "orders", "filter": { "$and": [{ "$or": [{ "_id": { "$gt": "s" } }, { "_id": { "$not": { "$type": [1, 16, 18, 19, 2, 14] } } }] }] }, "sort": { "_id": 1 }, "batchSize": 5 }"#
        );
    }
}
