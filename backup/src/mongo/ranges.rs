//! Splits a large collection by `_id`. Owns where the bounds are; the index compares them, over all types of `_id`.

use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::rawdoc;

use super::Connection;
use super::listing::{Source, gather};

/// Documents looked at for each range.
const SAMPLES: usize = 50;

/// Bounds (`{_id: …}`) that divide a collection into about `parts` equal ranges, in the order of the index; fewer, or none,
/// where the server draws no sample.
pub(super) async fn bounds(
    connection: &Connection,
    source: &Source,
    parts: usize,
) -> Vec<RawDocumentBuf> {
    let size = i32::try_from(parts * SAMPLES).unwrap_or(i32::MAX);
    let command = rawdoc! {
        "aggregate": source.collection.as_str(),
        "pipeline": [
            { "$sample": { "size": size } },
            { "$project": { "_id": 1 } },
            { "$sort": { "_id": 1 } },
        ],
        "cursor": { "batchSize": size },
    };
    let samples = gather(connection, &source.db, command)
        .await
        .unwrap_or_default();
    let mut bounds: Vec<RawDocumentBuf> = (1..parts)
        .filter_map(|part| samples.get(part * samples.len() / parts).cloned())
        .collect();
    bounds.dedup();
    bounds
}
