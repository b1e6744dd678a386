//! From a vendor's answers to one list: pages followed, parts merged, ranks turned into scores. Knows no vendor.

use super::{Hit, score_of_rank};
use crate::log::{Level, Line};
use crate::request_id::RequestId;
use crate::source::SourceError;

/// One page and the cursor of the next, if there is one.
pub type Page<C> = Result<(Vec<Hit>, Option<C>), SourceError>;

/// Asks `page` (with the cursor and how many results are still wanted) until `limit` results are there or no more come.
///
/// # Errors
/// Those of the first page; of later ones, the pages that came before are better than none.
pub async fn pages<C, F: Future<Output = Page<C>>>(
    limit: usize,
    mut page: impl FnMut(Option<C>, usize) -> F,
) -> Result<Vec<Hit>, SourceError> {
    let mut hits = Vec::new();
    let mut cursor = None;
    while hits.len() < limit {
        let (found, next) = match page(cursor, limit - hits.len()).await {
            Err(_) if !hits.is_empty() => break,
            page => page?,
        };
        let is_last = found.is_empty() || next.is_none();
        hits.extend(found);
        if is_last {
            break;
        }
        cursor = next;
    }
    Ok(ranked(hits, limit))
}

/// The first `limit`, scored by their order.
pub fn ranked(mut hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    hits.truncate(limit);
    for (rank, hit) in hits.iter_mut().enumerate() {
        hit.score = score_of_rank(rank);
    }
    hits
}

/// The lists of the parts that answered, and why the first of the others did not. A part that failed costs no more than its
/// own results, and a line in the log.
pub fn survivors<T>(
    parts: Vec<Result<Vec<T>, SourceError>>,
    id: &RequestId,
) -> (Vec<Vec<T>>, Option<SourceError>) {
    let mut lists = Vec::new();
    let mut failed = None;
    for part in parts {
        match part {
            Ok(list) => lists.push(list),
            Err(error) => {
                Line::new(Level::Warn, "part of a search failed")
                    .about(id)
                    .with("code", error.fault.code())
                    .with("message", &error.message)
                    .write();
                failed = failed.or(Some(error));
            }
        }
    }
    (lists, failed)
}

/// What several parts of one vendor found (each best first), the best of each first.
///
/// # Errors
/// The first part's that failed, if nothing was found at all.
pub fn merged(
    parts: Vec<Result<Vec<Hit>, SourceError>>,
    limit: usize,
    id: &RequestId,
) -> Result<Vec<Hit>, SourceError> {
    let (lists, failed) = survivors(parts, id);
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut hits = Vec::new();
    loop {
        let before = hits.len();
        hits.extend(lists.iter_mut().filter_map(Iterator::next));
        if hits.len() == before || hits.len() >= limit {
            break;
        }
    }
    match failed {
        Some(error) if hits.is_empty() => Err(error),
        _ => Ok(ranked(hits, limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Fault;

    fn hits(ids: &[&str]) -> Vec<Hit> {
        let hit = |id: &&str| Hit {
            id: (*id).to_owned(),
            title: String::new(),
            content: String::new(),
            url: String::new(),
            source: String::new(),
            score: 0.0,
            metadata: Default::default(),
        };
        ids.iter().map(hit).collect()
    }

    fn dead() -> Result<Vec<Hit>, SourceError> {
        Err(SourceError::new(
            Fault::Unavailable,
            "npm cannot be reached",
        ))
    }

    #[test]
    fn parts_take_turns_and_a_dead_one_costs_only_its_own_results() {
        let id = RequestId::generate();
        let parts = vec![Ok(hits(&["a1", "a2", "a3"])), dead(), Ok(hits(&["b1"]))];
        let merged = merged(parts, 3, &id).unwrap();
        let ids: Vec<&str> = merged.iter().map(|hit| hit.id.as_str()).collect();
        assert_eq!(ids, ["a1", "b1", "a2"]);
        assert_eq!((merged[0].score, merged[2].score), (1.0, 10.0 / 12.0));
    }

    #[test]
    fn nothing_found_and_a_part_dead_is_not_the_same_as_nothing_there() {
        let id = RequestId::generate();
        assert!(merged(vec![Ok(vec![]), dead()], 3, &id).is_err());
        assert!(merged(vec![Ok(vec![]), Ok(vec![])], 3, &id).is_ok_and(|hits| hits.is_empty()));
    }
}
