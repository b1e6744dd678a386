//! What the indexing thread tells the others: how far it is and what it left out. Never blocks longer than a copy.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::source::{Health, Status};

/// Names given as examples of what was left out, for each reason.
const EXAMPLES: usize = 3;

/// Shared between the thread and the routes.
#[derive(Default)]
pub(super) struct State(Mutex<Seen>);

/// What was seen.
#[derive(Clone, Default)]
pub(super) struct Seen {
    pub(super) documents: i64,
    pub(super) indexing: bool,
    /// The end of the last complete pass.
    pub(super) completed: Option<Timestamp>,
    /// Files looked at in the pass that runs.
    pub(super) looked_at: u64,
    /// By folder: why it is not there.
    pub(super) folders: BTreeMap<String, Option<String>>,
    pub(super) skipped: Skipped,
    /// Why the index is not kept.
    pub(super) problem: Option<String>,
    pub(super) rebuilt: u64,
}

/// What was left out in the last complete pass, by reason.
#[derive(Clone, Default)]
pub(super) struct Skipped(BTreeMap<String, (u64, Vec<String>)>);

impl Skipped {
    pub(super) fn count(&mut self, reason: &str, name: impl FnOnce() -> String) {
        let (count, examples) = self.0.entry(reason.to_owned()).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(name());
        }
    }
}

impl State {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn health(&self) -> Health {
        let seen = self.seen();
        if let Some(problem) = &seen.problem {
            return Health::bad(problem);
        }
        let absent: Vec<String> = seen
            .folders
            .iter()
            .filter_map(|(name, why)| {
                Some(format!("folder `{name}` is not there: {}", why.as_ref()?))
            })
            .collect();
        if !absent.is_empty() {
            let status = if absent.len() == seen.folders.len() {
                Status::Unhealthy
            } else {
                Status::Degraded
            };
            return Health {
                status,
                ..Health::good_because(absent.join("; "))
            };
        }
        match seen.completed {
            None => Health::good_because(format!(
                "the first indexing is under way: {} files so far",
                seen.looked_at
            )),
            Some(_) => Health::good(),
        }
    }

    /// `index` and `folders`, and in detail what was `skipped`.
    pub(super) fn describe(&self, in_detail: bool) -> Map<String, Value> {
        let seen = self.seen().clone();
        let mut index = json!({
            "documents": seen.documents,
            "indexing": seen.indexing,
            "completed": seen.completed.map(|at| at.to_string()),
        });
        let folders: Map<String, Value> = seen
            .folders
            .into_iter()
            .map(|(name, why)| (name, why.unwrap_or_else(|| "present".to_owned()).into()))
            .collect();
        let mut description = Map::new();
        if in_detail {
            index["rebuilt"] = seen.rebuilt.into();
            let skipped: Map<String, Value> = seen
                .skipped
                .0
                .into_iter()
                .map(|(reason, (count, examples))| {
                    (reason, json!({"count": count, "such_as": examples}))
                })
                .collect();
            description.insert("skipped".into(), skipped.into());
        }
        description.insert("index".into(), index);
        description.insert("folders".into(), folders.into());
        description
    }
}
