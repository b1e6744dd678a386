//! Splits a large collection by `_id`. Owns where the bounds are; the index compares them, over all types of `_id`.

use mongodb::bson::raw::{RawBson, RawDocumentBuf, cstr};
use mongodb::bson::{Timestamp, rawdoc};

use super::Connection;
use super::listing::{Source, gather};

/// Documents looked at for each range.
const SAMPLES: usize = 50;

/// Bounds (`{_id: …}`) that divide a collection into about `parts` equal ranges, in the order of the index; fewer, or none,
/// where the server draws no sample, and where a document has the greatest key there is: no range reaches it.
pub(super) async fn bounds(
    connection: &Connection,
    source: &Source,
    at: Option<Timestamp>,
    parts: usize,
) -> Vec<RawDocumentBuf> {
    let mut greatest = rawdoc! {
        "find": source.collection.as_str(),
        "filter": { "_id": { "$eq": RawBson::MaxKey } },
    };
    if let Some(at) = at {
        let concern = rawdoc! { "level": "snapshot", "atClusterTime": at };
        greatest.append(cstr!("readConcern"), concern);
    }
    let beyond = gather(connection, &source.db, greatest).await;
    if !beyond.is_ok_and(|found| found.is_empty()) {
        return Vec::new();
    }
    let size = i32::try_from(parts * SAMPLES).unwrap_or(i32::MAX);
    let sample = rawdoc! {
        "aggregate": source.collection.as_str(),
        "pipeline": [
            { "$sample": { "size": size } },
            { "$project": { "_id": 1 } },
            { "$sort": { "_id": 1 } },
        ],
        "cursor": { "batchSize": size },
    };
    let samples = gather(connection, &source.db, sample)
        .await
        .unwrap_or_default();
    let mut bounds: Vec<RawDocumentBuf> = (1..parts)
        .filter_map(|part| samples.get(part * samples.len() / parts).cloned())
        .collect();
    bounds.dedup();
    bounds
}
