//! What becomes of each namespace of an archive: pure, from its prelude and what was asked. Owns no server.

use std::collections::{BTreeMap, HashMap};

use mongodb::bson::raw::RawBsonRef;
use mongodb::bson::{RawDocument, RawDocumentBuf};

use super::RestoreOptions;
use crate::archive::Metadata;
use crate::{Error, Kind, extjson};

/// One fate for each entry of the prelude, in its order.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) parts: Vec<Part>,
}

/// What becomes of one namespace.
#[derive(Debug)]
pub(super) enum Part {
    /// Its blocks are checked and left out, for this reason.
    Skip(&'static str),
    /// It becomes a collection, view or time series.
    Collection(Box<Collection>),
    /// `system.users`, of all databases or of one.
    Users(String),
    /// `system.roles`, likewise.
    Roles(String),
    /// `system.version`: says how users are stored.
    Version,
    /// Replayed after the data.
    Oplog,
}

/// What is made on the server.
#[derive(Debug)]
pub(super) struct Collection {
    /// Name in the archive.
    pub(super) source: String,
    pub(super) db: String,
    pub(super) name: String,
    pub(super) kind: Sort,
    /// As of listCollections.
    pub(super) options: RawDocumentBuf,
    /// As of listIndexes, `_id_` included.
    pub(super) indexes: Vec<RawDocumentBuf>,
}

/// How a collection holds its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Plain,
    /// Documents keep their order.
    Capped,
    /// The archive has its buckets.
    TimeSeries,
    View,
}

impl Collection {
    pub(super) fn namespace(&self) -> String {
        format!("{}.{}", self.db, self.name)
    }
}

impl Plan {
    /// Decides; every problem of names is found here, before anything is written.
    pub(super) fn new(metadata: &[Metadata], options: &RestoreOptions) -> Result<Self, Error> {
        let mut parts = Vec::with_capacity(metadata.len());
        for entry in metadata {
            parts.push(part(entry, options)?);
        }
        let mut plan = Self { parts };
        if options.until.is_some() {
            plan.replayable(options)?;
        }
        plan.distinct()?;
        plan.move_views();
        Ok(plan)
    }

    /// Every collection, with its place in the prelude.
    pub(super) fn collections(&self) -> impl Iterator<Item = (usize, &Collection)> {
        let numbered = self.parts.iter().enumerate();
        numbered.filter_map(|(number, part)| match part {
            Part::Collection(collection) => Some((number, collection.as_ref())),
            _ => None,
        })
    }

    fn replayable(&self, options: &RestoreOptions) -> Result<(), Error> {
        let cause = if options.moves() {
            "an oplog can be replayed under the same names only"
        } else if !self.parts.iter().any(|part| matches!(part, Part::Oplog)) {
            "the archive has no oplog, so it holds one moment only"
        } else {
            return Ok(());
        };
        Err(Error::new(
            Kind::Usage,
            "restore",
            "to a point in time",
            cause,
        ))
    }

    fn distinct(&self) -> Result<(), Error> {
        let mut seen = HashMap::new();
        for (_, collection) in self.collections() {
            let target = collection.namespace();
            if let Some(other) = seen.insert(target.clone(), &collection.source) {
                let cause = format!("both `{other}` and `{}` would become it", collection.source);
                return Err(Error::new(Kind::Usage, "restore", target, cause));
            }
        }
        Ok(())
    }

    /// A view whose source is renamed within its database stands on the new name.
    fn move_views(&mut self) {
        let moved: BTreeMap<String, (String, String)> = self
            .collections()
            .map(|(_, c)| (c.source.clone(), (c.db.clone(), c.name.clone())))
            .collect();
        for part in &mut self.parts {
            let Part::Collection(view) = part else {
                continue;
            };
            let Ok(on) = view.options.get_str("viewOn") else {
                continue;
            };
            let db = view.source.split('.').next().unwrap_or_default();
            if let Some((to, name)) = moved.get(&format!("{db}.{on}"))
                && *to == view.db
                && name != on
            {
                view.options = with_text(&view.options, "viewOn", name);
            }
        }
    }
}

impl RestoreOptions {
    /// Whether names change on the way.
    pub(super) fn moves(&self) -> bool {
        self.into.is_some() || !self.rename.is_empty()
    }

    /// Whether a namespace of the archive or of its oplog is asked for.
    pub(super) fn selects(&self, namespace: &str) -> bool {
        let any = |patterns: &[super::Pattern]| patterns.iter().any(|p| p.matches(namespace));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Where a namespace goes: the first renaming that fits, then the database.
    fn target(&self, db: &str, collection: &str) -> Result<(String, String), Error> {
        let namespace = format!("{db}.{collection}");
        let renamed = self
            .rename
            .iter()
            .find_map(|rename| rename.apply(&namespace));
        let renamed = renamed.unwrap_or(namespace);
        let (db, name) = renamed
            .split_once('.')
            .filter(|(db, name)| !db.is_empty() && !name.is_empty())
            .ok_or_else(|| {
                let cause = "the new name is not `database.collection`";
                Error::new(Kind::Usage, "restore", renamed.as_str(), cause)
            })?;
        let db = self.into.as_deref().unwrap_or(db);
        Ok((db.to_owned(), name.to_owned()))
    }
}

fn part(entry: &Metadata, options: &RestoreOptions) -> Result<Part, Error> {
    let Metadata { db, collection, .. } = entry;
    if db.is_empty() && collection == "oplog" {
        return Ok(if options.moves() {
            Part::Skip("an oplog can be replayed under the same names only")
        } else {
            Part::Oplog
        });
    }
    if let Some(part) = accounts(db, collection) {
        return Ok(if options.users_and_roles {
            part
        } else {
            Part::Skip("users and roles were not asked for")
        });
    }
    let source = format!("{db}.{collection}");
    if let Some(reason) = reserved(db, collection) {
        return Ok(Part::Skip(reason));
    }
    if !options.selects(&source) {
        return Ok(Part::Skip("it was not asked for"));
    }
    let (db, name) = options.target(db, collection)?;
    read(entry, source, db, name).map(|collection| Part::Collection(Box::new(collection)))
}

/// The namespaces that hold users and roles: of a full dump, and of one database (`mongodump --dumpDbUsersAndRoles`).
fn accounts(db: &str, collection: &str) -> Option<Part> {
    let (of, name) = match collection.strip_prefix("$admin.") {
        Some(name) => (db, name),
        None if db == "admin" => ("", collection),
        None => return None,
    };
    match name {
        "system.users" => Some(Part::Users(of.to_owned())),
        "system.roles" => Some(Part::Roles(of.to_owned())),
        "system.version" => Some(Part::Version),
        _ => None,
    }
}

/// Why a namespace is the server's own and never written by a restore.
pub(crate) fn reserved(db: &str, collection: &str) -> Option<&'static str> {
    match (db, collection) {
        ("config", _) => Some("it describes the cluster that the archive was made of"),
        ("local", _) => Some("it belongs to one server"),
        ("admin", name) if name.starts_with("system.") && name != "system.js" => {
            Some("the server keeps it itself")
        }
        (_, "system.profile" | "system.views" | "system.indexes" | "system.namespaces") => {
            Some("the server keeps it itself")
        }
        _ => None,
    }
}

/// The collection as the metadata describes it; empty metadata is a plain collection without indexes of its own.
fn read(entry: &Metadata, source: String, db: String, name: String) -> Result<Collection, Error> {
    let broken = |cause: String| Error::damaged(source.as_str(), format!("its metadata {cause}"));
    let mut options = RawDocumentBuf::new();
    let mut indexes = Vec::new();
    if !entry.metadata.is_empty() {
        let metadata = extjson::parse(&entry.metadata)
            .map_err(|error| broken(format!("cannot be read: {}", error.cause)))?;
        if let Ok(given) = metadata.get_document("options") {
            options = given.to_owned();
        }
        if let Ok(given) = metadata.get_array("indexes") {
            for index in given {
                match index {
                    Ok(RawBsonRef::Document(index)) => indexes.push(index.to_owned()),
                    _ => return Err(broken("has an index that is no document".to_owned())),
                }
            }
        }
    }
    let kind = sort(&entry.kind, &options);
    Ok(Collection {
        source,
        db,
        name,
        kind,
        options,
        indexes,
    })
}

/// Archives of old tools do not say the type; the options do.
fn sort(kind: &str, options: &RawDocument) -> Sort {
    if kind == "view" || options.get_str("viewOn").is_ok() {
        Sort::View
    } else if kind == "timeseries" || options.get_document("timeseries").is_ok() {
        Sort::TimeSeries
    } else if truth(options, "capped") {
        Sort::Capped
    } else {
        Sort::Plain
    }
}

/// Whether a field is true as the server understands it.
pub(super) fn truth(document: &RawDocument, key: &str) -> bool {
    match document.get(key) {
        Ok(Some(RawBsonRef::Boolean(value))) => value,
        Ok(Some(RawBsonRef::Int32(value))) => value != 0,
        Ok(Some(RawBsonRef::Int64(value))) => value != 0,
        Ok(Some(RawBsonRef::Double(value))) => value != 0.0,
        _ => false,
    }
}

/// The document without some of its fields, in their order.
pub(super) fn without(document: &RawDocument, keys: &[&str]) -> RawDocumentBuf {
    let mut kept = RawDocumentBuf::new();
    for (key, value) in document.iter().flatten() {
        if !keys.contains(&key.as_str()) {
            kept.append(key, value);
        }
    }
    kept
}

fn with_text(document: &RawDocument, changed: &str, text: &str) -> RawDocumentBuf {
    let mut kept = RawDocumentBuf::new();
    for (key, value) in document.iter().flatten() {
        if key.as_str() == changed {
            kept.append(key, text);
        } else {
            kept.append(key, value);
        }
    }
    kept
}
