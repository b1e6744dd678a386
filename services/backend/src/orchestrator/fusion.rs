//! Reciprocal rank fusion: one order out of many whose scores cannot be compared.
//!
//! Cormack, Clarke, Büttcher: <https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf>; k = 60 as there.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::search::{Hit, Hits, Seen};

const K: f64 = 60.0;

/// Merges lists (each best first) into the `limit` best. What several sources found counts once, with more weight.
/// The new score is the fused one, scaled so that first place in one list is 1; it never exceeds 1.
pub fn fuse(lists: &[Hits], limit: usize) -> Vec<Hit> {
    let mut merged: Vec<(f64, Seen<'_>)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for list in lists {
        for (rank, hit) in list.each().enumerate() {
            let share = (K + 1.0) / (K + 1.0 + rank as f64);
            let identity = match hit.url {
                "" => (hit.source, hit.id),
                url => ("", url),
            };
            match places.entry(identity) {
                Entry::Occupied(place) => merged[*place.get()].0 += share,
                Entry::Vacant(place) => {
                    place.insert(merged.len());
                    merged.push((share, hit));
                }
            }
        }
    }
    // Equal ranks: the source's own confidence, then names, so that the same answers always give the same order.
    merged.sort_by(|(a, left), (b, right)| {
        let scores = b.total_cmp(a).then(right.score.total_cmp(&left.score));
        scores
            .then_with(|| left.source.cmp(right.source))
            .then_with(|| left.id.cmp(right.id))
    });
    let rescored = merged.iter().take(limit).map(|(score, hit)| Hit {
        score: clamp(*score),
        ..hit.to_owned()
    });
    rescored.collect()
}

fn clamp(score: f64) -> f64 {
    if score.partial_cmp(&1.0) == Some(Ordering::Greater) {
        1.0
    } else {
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(source: &str, id: &str, url: &str) -> Hit {
        Hit {
            id: id.into(),
            title: String::new(),
            content: String::new(),
            url: url.into(),
            source: source.into(),
            score: 0.5,
            metadata: Default::default(),
        }
    }

    fn order(hits: &[Hit]) -> Vec<&str> {
        hits.iter().map(|hit| hit.id.as_str()).collect()
    }

    #[test]
    fn interleaves_by_rank() {
        let lists = vec![
            Hits::Made(vec![hit("jira", "j1", "x/j1"), hit("jira", "j2", "x/j2")]),
            Hits::Made(vec![hit("confluence", "c1", "x/c1")]),
        ];
        let fused = fuse(&lists, 10);
        assert_eq!(order(&fused), ["c1", "j1", "j2"]);
        assert_eq!(fused[0].score, 1.0);
        assert!(fused[2].score < 1.0 && fused[2].score > 0.9);
    }

    #[test]
    fn what_two_sources_found_comes_first_and_once() {
        let lists = vec![
            Hits::Made(vec![hit("a", "a1", "u1"), hit("a", "both", "u2")]),
            Hits::Made(vec![hit("b", "b1", "u3"), hit("b", "other", "u2")]),
        ];
        let fused = fuse(&lists, 3);
        assert_eq!(order(&fused), ["both", "a1", "b1"]);
        assert_eq!(fused[0].score, 1.0);
    }
}
