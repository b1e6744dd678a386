//! The Productivity service: full-text search over folders that are mounted into it, and over the bookmarks of browsers in them.
//!
//! | module | owns |
//! |---|---|
//! | [`folder`] | opening things in a folder, and nothing outside it |
//! | [`kind`] | what a file is, by its name |
//! | [`extract`] | a file → documents; parsers run in a process of their own |
//! | `index` | the index: SQLite's FTS5 |
//! | `scan` | one pass over the folders |
//! | `indexer` | the thread that makes passes |
//! | `state` | what it tells the others |
//! | `words` | queries, words, snippets |
//!
//! It never writes to the folders, and calls nobody.

pub mod extract;
pub mod folder;
mod index;
mod indexer;
pub mod kind;
mod scan;
mod state;
mod words;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::config::ProductivityConfig;
use crate::request_id::RequestId;
use crate::search::{self, Hit, SearchRequest};
use crate::source::{Fault, Health, Source, SourceError};
use index::{Filters, Found, IndexError};
use indexer::Shared;
use words::Query;

/// Its role and the source of its results.
pub const NAME: &str = "productivity";
const NOT_CONFIGURED: &str = "productivity is not configured: set `PRODUCTIVITY_FOLDERS`";

/// The running service; dropping it ends its thread.
pub struct Productivity {
    config: Arc<ProductivityConfig>,
    shared: Arc<Shared>,
}

impl Productivity {
    /// Begins to keep the index. Without folders there is nothing to keep.
    ///
    /// # Errors
    /// A sentence, if the thread cannot be made.
    pub fn start(config: ProductivityConfig) -> Result<Self, String> {
        let config = Arc::new(config);
        let shared = Shared::new(&config);
        if !config.folders.is_empty() {
            let (config, shared) = (config.clone(), shared.clone());
            std::thread::Builder::new()
                .name("indexer".to_owned())
                .spawn(move || indexer::run(&config, &shared))
                .map_err(|error| format!("the indexing thread cannot be started: {error}"))?;
        }
        Ok(Self { config, shared })
    }

    async fn find(&self, request: &SearchRequest) -> Result<Vec<Hit>, SourceError> {
        if self.config.folders.is_empty() {
            return Err(SourceError::new(Fault::NotConfigured, NOT_CONFIGURED));
        }
        let Some(query) = Query::of(&request.query) else {
            return Ok(Vec::new());
        };
        let values = |name: &str| {
            request
                .filter(name)
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        let filters = Filters {
            kinds: values("type"),
            folders: values("folder"),
        };
        let limit = request.limit;
        let unavailable = |error: String| SourceError::new(Fault::Unavailable, error);
        let (reader, interrupt) = self
            .shared
            .readers
            .take()
            .map_err(|error| unavailable(error.to_string()))?;
        let shared = self.shared.clone();
        let searching = tokio::task::spawn_blocking(move || {
            let _first = Searching::begin(&shared);
            let found = shared.readers.search(&reader, &query, &filters, limit);
            if found.is_ok() {
                shared.readers.give_back(reader);
            }
            found
        });
        let found = match tokio::time::timeout(self.config.budget, searching).await {
            Ok(Ok(found)) => found.map_err(|error| {
                if let IndexError::Damaged(_) = error {
                    self.shared.suspect();
                }
                unavailable(error.to_string())
            })?,
            Ok(Err(_)) => return Err(unavailable("searching the index crashed".to_owned())),
            Err(_) => {
                interrupt.interrupt();
                return Err(SourceError::new(
                    Fault::Timeout,
                    "the index did not answer in time",
                ));
            }
        };
        Ok(found
            .into_iter()
            .filter_map(|found| self.hit(found, &request.query))
            .collect())
    }

    /// A result; none for a folder that is not configured any more, until the next pass forgets it.
    fn hit(&self, found: Found, query: &str) -> Option<Hit> {
        let folder = self
            .config
            .folders
            .iter()
            .find(|folder| folder.name == found.folder)?;
        let path = scan::shown(OsStr::from_bytes(&found.path));
        let address = format!("{}/{}", folder.url, encoded(&found.path));
        let mut id = format!("{}/{}", found.folder, encoded(&found.path));
        if !found.key.is_empty() {
            let _ = write!(id, "#{}", found.key);
        }
        let mut metadata = Map::new();
        metadata.insert("folder".into(), found.folder.into());
        metadata.insert("path".into(), path.into());
        metadata.insert("type".into(), found.kind.into());
        metadata.insert("size".into(), found.size.into());
        let updated = Timestamp::from_nanosecond(i128::from(found.modified)).ok();
        let second = updated.and_then(|time| Timestamp::from_second(time.as_second()).ok());
        metadata.extend(second.map(|time| ("updated".to_owned(), Value::from(time.to_string()))));
        Some(Hit {
            id,
            title: found.title,
            content: words::snippet(&found.text, query),
            url: found.url.unwrap_or(address),
            source: NAME.to_owned(),
            score: found.score,
            metadata: metadata.into(),
        })
    }
}

impl Drop for Productivity {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Counts as a search while it lives, so that indexing steps back.
struct Searching<'a>(&'a Shared);

impl<'a> Searching<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.searches.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Searching<'_> {
    fn drop(&mut self) {
        self.0.searches.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Source for Productivity {
    fn name(&self) -> &str {
        NAME
    }

    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        _id: &'a RequestId,
    ) -> BoxFuture<'a, Result<search::Found, SourceError>> {
        async move { Ok(self.find(request).await?.into()) }.boxed()
    }

    fn health<'a>(&'a self, _id: &'a RequestId) -> BoxFuture<'a, Health> {
        std::future::ready(if self.config.folders.is_empty() {
            Health::not_configured(NOT_CONFIGURED)
        } else {
            self.shared.state.health()
        })
        .boxed()
    }

    fn check<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health> {
        self.health(id)
    }

    fn describe(&self, in_detail: bool) -> Map<String, Value> {
        self.shared.state.describe(in_detail)
    }
}

/// A path in an address: everything but unreserved characters and `/` percent-encoded (RFC 3986).
pub(crate) fn encoded(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.iter().copied() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Time between two passes unless configured.
pub const RESCAN: Duration = Duration::from_secs(60);
