//! Indexes, after the data: one command for all of a collection, several collections at a time.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::bson::raw::{RawBsonRef, cstr};
use mongodb::bson::{RawArrayBuf, RawDocument, RawDocumentBuf, rawdoc};

use super::plan::{Plan, Sort, without};
use super::prepare::is_id;
use crate::Error;
use crate::mongo::Connection;
use crate::mongo::failure::{code, explain};
use crate::progress::{Event, Progress};

/// Collections at a time: the build of one has up to 200 MB of the server's memory.
const AT_ONCE: usize = 4;
/// An unknown field, `InvalidOptions`.
const NOT_UNDERSTOOD: [i32; 2] = [40415, 72];

/// The indexes that are to be built, by collection; an oplog changes them before they are.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    collections: BTreeMap<(String, String), Wanted>,
}

/// Those of one collection.
#[derive(Debug, Default)]
struct Wanted {
    /// Whether the collection has a collation of its own.
    collated: bool,
    /// As of listIndexes, without `_id_`.
    indexes: Vec<RawDocumentBuf>,
}

impl Catalog {
    /// Those of the archive.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut catalog = Self::default();
        for (_, collection) in plan.collections() {
            if collection.kind == Sort::View {
                continue;
            }
            catalog.create(&collection.db, &collection.name, &collection.options);
            for index in &collection.indexes {
                catalog.add(&collection.db, &collection.name, index);
            }
        }
        catalog
    }

    /// A collection came into being; one that is known keeps its indexes.
    pub(super) fn create(&mut self, db: &str, collection: &str, options: &RawDocument) {
        self.of(db, collection).collated |= options.get_document("collation").is_ok();
    }

    /// An index came into being, or was there already under its name.
    pub(super) fn add(&mut self, db: &str, collection: &str, index: &RawDocument) {
        let clustered = index.get("clustered").is_ok_and(|value| value.is_some());
        if is_id(index) || clustered {
            return;
        }
        let wanted = self.of(db, collection);
        wanted.indexes.retain(|known| name(known) != name(index));
        wanted.indexes.push(index.to_owned());
    }

    /// An index, or all of them when it is `*`, went.
    pub(super) fn remove(&mut self, db: &str, collection: &str, index: &str) {
        let wanted = self.of(db, collection);
        wanted
            .indexes
            .retain(|known| index != "*" && name(known) != Some(index));
    }

    /// A collection went.
    pub(super) fn forget(&mut self, db: &str, collection: &str) {
        self.collections
            .remove(&(db.to_owned(), collection.to_owned()));
    }

    /// All collections of a database went; their names.
    pub(super) fn forget_all(&mut self, db: &str) -> Vec<String> {
        let gone = self.collections.extract_if(.., |(of, _), _| of == db);
        gone.map(|((_, name), _)| name).collect()
    }

    /// A collection took another name.
    pub(super) fn rename(&mut self, from: (&str, &str), to: (&str, &str)) {
        let owned = |(db, name): (&str, &str)| (db.to_owned(), name.to_owned());
        if let Some(wanted) = self.collections.remove(&owned(from)) {
            self.collections.insert(owned(to), wanted);
        }
    }

    /// Changes fields of an index (`collMod`): its lifetime, whether it is hidden.
    pub(super) fn modify(&mut self, db: &str, collection: &str, change: &RawDocument) {
        let changed = name(change);
        for index in &mut self.of(db, collection).indexes {
            if changed.is_none() || name(index) != changed {
                continue;
            }
            let keys: Vec<&str> = change
                .iter()
                .flatten()
                .map(|(key, _)| key.as_str())
                .collect();
            let keys: Vec<&str> = keys.into_iter().filter(|key| *key != "name").collect();
            let mut new = without(index, &keys);
            for (key, value) in change.iter().flatten() {
                if key.as_str() != "name" {
                    new.append(key, value);
                }
            }
            *index = new;
        }
    }

    fn of(&mut self, db: &str, collection: &str) -> &mut Wanted {
        let key = (db.to_owned(), collection.to_owned());
        self.collections.entry(key).or_default()
    }

    /// Builds them; returns how many were asked for.
    pub(super) async fn build(
        &self,
        connection: &Connection,
        progress: &dyn Progress,
    ) -> Result<u64, Error> {
        let some = self
            .collections
            .iter()
            .filter(|(_, w)| !w.indexes.is_empty());
        stream::iter(some)
            .map(|((db, name), wanted)| create(connection, db, name, wanted, progress))
            .buffer_unordered(AT_ONCE)
            .try_fold(0, |sum, count| async move { Ok(sum + count) })
            .await
    }
}

async fn create(
    connection: &Connection,
    db: &str,
    collection: &str,
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Result<u64, Error> {
    let namespace = format!("{db}.{collection}");
    let specifications: RawArrayBuf = wanted
        .indexes
        .iter()
        .map(|index| specification(index, wanted.collated))
        .collect();
    let db = connection.client().database(db);
    let mut command = rawdoc! { "createIndexes": collection };
    command.append(cstr!("indexes"), specifications);
    let mut lenient = command.clone();
    lenient.append(cstr!("ignoreUnknownIndexOptions"), true);
    let mut outcome = db.run_raw_command(lenient).await;
    if let Err(error) = &outcome
        && code(error).is_some_and(|code| NOT_UNDERSTOOD.contains(&code))
        && error.to_string().contains("ignoreUnknownIndexOptions")
    {
        progress.report(Event::Warning(format!(
            "the indexes of `{namespace}` are built without tolerance for unknown options: the server has none"
        )));
        outcome = db.run_raw_command(command).await;
    }
    outcome.map_err(|error| explain("build the indexes of", &namespace, &error))?;
    Ok(wanted.indexes.len() as u64)
}

/// As listIndexes told it, but for what belongs to an older server. Without a collation of its own an index would take that of its
/// collection, and one that was told without has the simple one.
fn specification(index: &RawDocument, collated: bool) -> RawDocumentBuf {
    let current = matches!(index.get("v"), Ok(Some(RawBsonRef::Int32(2))));
    let dropped: &[&str] = if current { &["ns"] } else { &["ns", "v"] };
    let mut kept = without(index, dropped);
    if collated && index.get("collation").is_ok_and(|value| value.is_none()) {
        kept.append(cstr!("collation"), rawdoc! { "locale": "simple" });
    }
    kept
}

fn name(index: &RawDocument) -> Option<&str> {
    index.get_str("name").ok()
}
