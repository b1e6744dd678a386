//! The target before the data: what is there already, what is dropped, what is created. Owns the options of `create`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::bson::raw::{RawBsonRef, cstr};
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc, rawdoc};

use super::plan::{Collection, Plan, Sort, without};
use crate::mongo::Connection;
use crate::mongo::failure::{NAMESPACE_NOT_FOUND, code, explain};
use crate::progress::{Event, Progress};
use crate::{Error, Kind};

/// Metadata commands at a time.
const AT_ONCE: usize = 8;
/// `InvalidOptions`, `IncompatibleCollationVersion`, `InvalidIndexSpecificationOption`, an unknown field, `NotImplemented`.
const NOT_UNDERSTOOD: [i32; 6] = [72, 161, 197, 40415, 238, 9];
/// Options of `create` that change how a collection is kept and not what it holds or accepts.
const DISPENSABLE: [&str; 4] = [
    "storageEngine",
    "indexOptionDefaults",
    "changeStreamPreAndPostImages",
    "idIndex",
];
/// What listCollections or old tools tell and `create` does not take.
const NOT_FOR_CREATE: [&str; 5] = [
    "create",
    "temp",
    "flags",
    "autoIndexId",
    "recordIdsReplicated",
];

/// Drops what `drop` allows, refuses what is in the way, and creates the rest; the names of those refused are told all at once, before
/// the first write.
pub(super) async fn prepare(
    connection: &Connection,
    plan: &Plan,
    drop: bool,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let existing = existing(connection, plan).await?;
    let there = |c: &Collection| existing.get(&(c.db.clone(), c.name.clone()));
    let mut made = BTreeSet::new();
    if drop {
        let doomed = plan.collections().filter(|(_, c)| there(c).is_some());
        stream::iter(doomed.map(|(_, c)| remove(connection, c)))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
    } else {
        made = usable(connection, plan, &existing).await?;
    }
    let missing = |sort: fn(&Collection) -> bool| {
        let all = plan.collections();
        let wanted = all.filter(|(number, c)| !made.contains(number) && sort(c));
        wanted.map(|(_, c)| c).collect::<Vec<_>>()
    };
    let plain = missing(|c| c.kind != Sort::View);
    stream::iter(plain.into_iter().map(|c| create(connection, c, progress)))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    for view in in_order(missing(|c| c.kind == Sort::View)) {
        create(connection, view, progress).await?;
    }
    Ok(())
}

type Existing = HashMap<(String, String), (String, RawDocumentBuf)>;

/// Type and options of everything in the databases that are written to.
async fn existing(connection: &Connection, plan: &Plan) -> Result<Existing, Error> {
    let databases: BTreeSet<&str> = plan.collections().map(|(_, c)| c.db.as_str()).collect();
    let mut existing = Existing::new();
    for name in databases {
        let failed = |error: &_| explain("list the collections of", name, error);
        let db = connection.client().database(name);
        let mut cursor = db
            .run_cursor_command(doc! { "listCollections": 1, "cursor": { "batchSize": 10_000 } })
            .await
            .map_err(|error| failed(&error))?;
        while let Some(entry) = cursor.try_next().await.map_err(|error| failed(&error))? {
            let kind = entry.get_str("type").unwrap_or("collection").to_owned();
            let options = entry.get_document("options").cloned().unwrap_or_default();
            let options = RawDocumentBuf::try_from(&options)
                .map_err(|error| Error::failed("read the options in", name, error.to_string()))?;
            if let Ok(collection) = entry.get_str("name") {
                existing.insert((name.to_owned(), collection.to_owned()), (kind, options));
            }
        }
    }
    Ok(existing)
}

/// Those that are there already, empty and of the same form; the others are in the way.
async fn usable(
    connection: &Connection,
    plan: &Plan,
    existing: &Existing,
) -> Result<BTreeSet<usize>, Error> {
    let there = plan.collections().filter_map(|(number, c)| {
        let found = existing.get(&(c.db.clone(), c.name.clone()))?;
        Some((number, c, found))
    });
    let judged: Vec<(usize, String, Option<&'static str>)> = stream::iter(there)
        .map(|(number, c, found)| async move {
            let reason = in_the_way(connection, c, found).await?;
            Ok::<_, Error>((number, c.namespace(), reason))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let refused: BTreeMap<String, &str> = judged
        .iter()
        .filter_map(|(_, name, reason)| reason.map(|reason| (name.clone(), reason)))
        .collect();
    if refused.is_empty() {
        return Ok(judged.into_iter().map(|(number, ..)| number).collect());
    }
    let names: Vec<String> = refused
        .iter()
        .map(|(name, reason)| format!("`{name}` {reason}"))
        .collect();
    Err(Error::new(
        Kind::Usage,
        "restore into",
        connection.address(),
        names.join(", "),
    )
    .hint("choose other names, or let those collections be dropped first"))
}

async fn in_the_way(
    connection: &Connection,
    wanted: &Collection,
    (kind, options): &(String, RawDocumentBuf),
) -> Result<Option<&'static str>, Error> {
    let found = match kind.as_str() {
        "view" => Sort::View,
        "timeseries" => Sort::TimeSeries,
        _ => Sort::Plain,
    };
    let wanted_kind = match wanted.kind {
        Sort::Capped => Sort::Plain,
        other => other,
    };
    let wanted_options = without(&wanted.options, &NOT_FOR_CREATE);
    if found != wanted_kind || without(options, &NOT_FOR_CREATE) != wanted_options {
        return Ok(Some("is there with other options"));
    }
    if found == Sort::View {
        return Ok(None);
    }
    let db = connection.client().database(&wanted.db);
    let first = db
        .collection::<Document>(&wanted.name)
        .find_one(doc! {})
        .await
        .map_err(|error| explain("look into", &wanted.namespace(), &error))?;
    Ok(first.map(|_| "is not empty"))
}

async fn remove(connection: &Connection, collection: &Collection) -> Result<(), Error> {
    let db = connection.client().database(&collection.db);
    match db.run_command(doc! { "drop": &collection.name }).await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some(NAMESPACE_NOT_FOUND) => Ok(()),
        Err(error) => Err(explain("drop", &collection.namespace(), &error)),
    }
}

/// Creates it; what the server does not understand is left out with a warning where nothing stored depends on it.
async fn create(
    connection: &Connection,
    collection: &Collection,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let db = connection.client().database(&collection.db);
    let mut options = without(&collection.options, &NOT_FOR_CREATE);
    if let Some(index) = id_index(collection) {
        options.append(cstr!("idIndex"), index);
    }
    loop {
        let mut command = rawdoc! { "create": collection.name.as_str() };
        for (key, value) in options.iter().flatten() {
            command.append(key, value);
        }
        let error = match db.run_raw_command(command).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let understood = !code(&error).is_some_and(|code| NOT_UNDERSTOOD.contains(&code));
        let text = error.to_string();
        // The one that the server names, else one after another.
        let present = || {
            DISPENSABLE
                .iter()
                .filter(|key| options.get(**key).is_ok_and(|v| v.is_some()))
        };
        let named = present().find(|key| text.contains(**key));
        let Some(left_out) = named.or_else(|| present().next()).filter(|_| !understood) else {
            return Err(explain("create", &collection.namespace(), &error));
        };
        options = without(&options, &[left_out]);
        progress.report(Event::Warning(format!(
            "`{}` is created without its option `{left_out}`: the server does not understand it",
            collection.namespace()
        )));
    }
}

/// The `_id_` index of a plain collection, which comes with `create`; its version is the server's affair.
fn id_index(collection: &Collection) -> Option<RawDocumentBuf> {
    if matches!(collection.kind, Sort::View | Sort::TimeSeries) {
        return None;
    }
    let index = collection.indexes.iter().find(|index| is_id(index))?;
    let clustered = index.get("clustered").is_ok_and(|value| value.is_some());
    (!clustered).then(|| without(index, &["v", "ns", "clustered"]))
}

/// Whether it is the index that every collection has.
pub(super) fn is_id(index: &RawDocument) -> bool {
    let Ok(key) = index.get_document("key") else {
        return false;
    };
    let mut fields = key.iter().flatten();
    let first = fields.next();
    let ascending = match first {
        Some((name, RawBsonRef::Int32(1) | RawBsonRef::Int64(1))) => name.as_str() == "_id",
        Some((name, RawBsonRef::Double(value))) => name.as_str() == "_id" && value == 1.0,
        _ => false,
    };
    ascending && fields.next().is_none()
}

/// Views after the views they stand on.
fn in_order(views: Vec<&Collection>) -> Vec<&Collection> {
    let by_name: HashMap<String, &Collection> =
        views.iter().map(|view| (view.namespace(), *view)).collect();
    let depth = |view: &Collection| {
        let mut at = view;
        // A chain longer than there are views is a ring: the server refuses it with its own words.
        for depth in 0..=by_name.len() {
            let on = at.options.get_str("viewOn").unwrap_or_default();
            match by_name.get(&format!("{}.{on}", at.db)) {
                Some(below) => at = below,
                None => return depth,
            }
        }
        by_name.len()
    };
    let mut views = views;
    views.sort_by_cached_key(|view| depth(view));
    views
}
