//! What there is to dump. Owns the walk over databases and collections; which of them count is `choice`'s, the JSON `metadata`'s.

mod choice;
mod collection;
mod metadata;

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::{Document, doc, rawdoc};
use mongodb::error::Error as Driver;

use super::Connection;
use super::failure::{NAMESPACE_NOT_FOUND, UNAUTHORIZED, code, explain};
use crate::{Error, Kind, archive};
pub(super) use collection::Collection;

/// Collections that are asked for their indexes and sizes at once.
const AT_ONCE: usize = 8;

/// One namespace of the archive, and where its documents are.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// As the prelude lists it.
    pub(super) metadata: archive::Metadata,
    /// Where its documents are; views have none.
    pub(super) source: Option<Source>,
    /// Indexes, `_id_` included.
    pub(super) indexes: u32,
}

/// The collection that is read for a namespace.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) db: String,
    pub(super) collection: String,
    /// Users and roles of one database only.
    pub(super) filter: Option<RawDocumentBuf>,
    /// Reads the buckets of a time series rather than its measurements (8.3 and newer).
    pub(super) raw_data: bool,
    /// Identifies it beyond its name, where the server tells.
    pub(super) uuid: Option<String>,
    /// Bytes of its documents, an estimate.
    pub(super) size: u64,
    /// Mean bytes of a document; 0 when not known.
    pub(super) average: u64,
    /// Of a fixed size, and kept in the order of insertion.
    pub(super) capped: bool,
    /// Whether `_id` alone orders its documents by their bytes' meaning.
    pub(super) plain: bool,
}

impl Source {
    /// A collection of which nothing but the name is known.
    pub(super) fn of(db: &str, collection: &str) -> Self {
        Self {
            db: db.to_owned(),
            collection: collection.to_owned(),
            filter: None,
            raw_data: false,
            uuid: None,
            size: 0,
            average: 0,
            capped: false,
            plain: false,
        }
    }
}

/// Everything that is to be in the archive, users and roles first.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) namespaces: Vec<Listed>,
    /// What was there and is left out, with the reason.
    pub(super) skipped: BTreeMap<String, String>,
    pub(super) users_and_roles: bool,
}

/// Lists `databases`, or all when none are named.
///
/// # Errors
/// A named database that is not there; a listing that the server refuses.
pub(super) async fn list(
    connection: &Connection,
    databases: &[String],
    users_and_roles: bool,
) -> Result<Listing, Error> {
    let mut listing = Listing::default();
    let names = if databases.is_empty() {
        all_databases(connection).await?
    } else {
        databases.to_vec()
    };
    let whole = databases.is_empty() || databases.iter().any(|name| name == "admin");
    if users_and_roles && !whole {
        listing.add_users_of(connection, databases).await?;
    }
    let mut found = Vec::new();
    for db in &names {
        let collections = listing.collections_of(connection, db, databases).await?;
        for collection in collections {
            match choice::of(db, &collection.name, databases, users_and_roles) {
                choice::Choice::Take => found.push((db.clone(), collection)),
                choice::Choice::Leave => {}
                choice::Choice::Skip(reason) => {
                    listing.skip(db, &collection.name, reason);
                }
            }
        }
    }
    let described: Vec<_> = stream::iter(found)
        .map(|(db, collection)| async move {
            let name = format!("{db}.{}", collection.name);
            let described = collection.describe(connection, &db).await;
            (db, name, described)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    for (db, name, described) in described {
        match described {
            Ok(listed) => listing.add(listed?, connection).await?,
            Err(error) => listing.left_out(&db, &name, &error)?,
        }
    }
    listing.namespaces.sort_by_key(|one| {
        let regular = !one.metadata.is_users_and_roles();
        (
            regular,
            one.metadata.db.clone(),
            one.metadata.collection.clone(),
        )
    });
    Ok(listing)
}

impl Listing {
    /// All collections that are read.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.namespaces.iter().filter_map(|one| one.source.as_ref())
    }

    /// Whether another listing found the very same collections.
    pub(super) fn same_collections(&self, other: &Self) -> bool {
        let collections = |listing: &Self| -> Vec<(String, Option<String>)> {
            let all = listing.namespaces.iter().map(|one| {
                let uuid = one.source.as_ref().and_then(|source| source.uuid.clone());
                (one.metadata.namespace(), uuid)
            });
            all.collect()
        };
        collections(self) == collections(other)
    }

    fn skip(&mut self, db: &str, collection: &str, reason: &str) {
        self.skipped
            .insert(format!("{db}.{collection}"), reason.to_owned());
    }

    async fn collections_of(
        &mut self,
        connection: &Connection,
        db: &str,
        asked: &[String],
    ) -> Result<Vec<Collection>, Error> {
        let found = match Collection::all(connection, db).await {
            Ok(found) => found?,
            Err(error) if code(&error) == Some(UNAUTHORIZED) && choice::is_internal(db) => {
                self.skipped.insert(
                    db.to_owned(),
                    "the user is not allowed to read it".to_owned(),
                );
                return Ok(Vec::new());
            }
            Err(error) => return Err(explain("list", db, &error)),
        };
        if found.is_empty() && asked.iter().any(|name| name == db) {
            return Err(Error::new(
                Kind::Usage,
                "dump",
                db,
                "there is no such database",
            ));
        }
        Ok(found)
    }

    /// Users and roles that cannot be read are named, not dumped as none.
    async fn add(&mut self, listed: Listed, connection: &Connection) -> Result<(), Error> {
        if listed.metadata.is_users_and_roles()
            && let Some(source) = &listed.source
        {
            let first = doc! { "find": &source.collection, "limit": 1, "singleBatch": true };
            let reply = connection
                .client()
                .database(&source.db)
                .run_command(first)
                .await;
            if let Err(error) = reply {
                return self.left_out(&source.db, &listed.metadata.namespace(), &error);
            }
            self.users_and_roles = true;
        }
        self.namespaces.push(listed);
        Ok(())
    }

    /// What was dropped since it was listed is left out, and what nobody but an administrator may read.
    fn left_out(&mut self, db: &str, name: &str, error: &Driver) -> Result<(), Error> {
        let reason = match code(error) {
            Some(NAMESPACE_NOT_FOUND) => "it was dropped before it was read",
            Some(UNAUTHORIZED) if choice::is_internal(db) => "the user is not allowed to read it",
            _ => return Err(explain("list", name, error)),
        };
        self.skipped.insert(name.to_owned(), reason.to_owned());
        Ok(())
    }

    /// As `mongodump --dumpDbUsersAndRoles`: those of the named databases, under names of their own.
    async fn add_users_of(
        &mut self,
        connection: &Connection,
        databases: &[String],
    ) -> Result<(), Error> {
        for db in databases {
            for (name, filter) in [
                ("system.users", Some(rawdoc! { "db": db.as_str() })),
                ("system.roles", Some(rawdoc! { "db": db.as_str() })),
                ("system.version", None),
            ] {
                let mut listed = Listed::plain("admin", name);
                listed.metadata.db.clone_from(db);
                listed.metadata.collection = format!("$admin.{name}");
                if let Some(source) = &mut listed.source {
                    source.filter = filter;
                }
                self.add(listed, connection).await?;
            }
        }
        Ok(())
    }
}

async fn all_databases(connection: &Connection) -> Result<Vec<String>, Error> {
    let reply: Document = connection
        .client()
        .database("admin")
        .run_command(doc! { "listDatabases": 1, "nameOnly": true })
        .await
        .map_err(|error| explain("list the databases of", connection.address(), &error))?;
    let mut names: Vec<String> = reply
        .get_array("databases")
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_document()?.get_str("name").ok())
        .filter(|name| choice::takes_database(name))
        .map(str::to_owned)
        .collect();
    names.sort();
    Ok(names)
}

/// All documents that a command's cursor gives, as raw BSON.
pub(super) async fn gather(
    connection: &Connection,
    db: &str,
    command: RawDocumentBuf,
) -> Result<Vec<RawDocumentBuf>, Driver> {
    let database = connection.client().database(db);
    let cursor = database.run_raw_cursor_command(command).batch().await?;
    let batches: Vec<_> = cursor.try_collect().await?;
    let mut documents = Vec::new();
    for batch in &batches {
        for document in batch.doc_slices()? {
            if let Some(document) = document?.as_document() {
                documents.push(document.to_owned());
            }
        }
    }
    Ok(documents)
}
