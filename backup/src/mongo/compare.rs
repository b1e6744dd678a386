//! A live server against a manifest: documents, bytes and indexes of every namespace, and the server's own check of its data.

use futures_util::{StreamExt, TryStreamExt, stream};
use mongodb::bson::{Bson, Document, doc};

use super::failure::{NAMESPACE_NOT_FOUND, code, explain};
use super::restore::{reserved, stopped};
use super::{Cancel, Connection};
use crate::manifest::Namespace;
use crate::{Error, Kind};

/// Namespaces at a time.
const AT_ONCE: usize = 4;

/// Compares what a restore wrote with what the manifest says, reading every document; one line for each difference, none when all agree.
///
/// Users, roles and the oplog are not compared: they are not written as documents.
///
/// # Errors
/// [`Kind::Interrupted`] after `cancel`; else what the server refused.
pub async fn compare(
    connection: &Connection,
    expected: &[Namespace],
    mut cancel: Cancel,
) -> Result<Vec<String>, Error> {
    let written = expected
        .iter()
        .filter(|n| !n.db.is_empty() && reserved(&n.db, &n.collection).is_none())
        .filter(|n| !n.collection.starts_with("$admin."));
    let all = stream::iter(written)
        .map(|namespace| differences(connection, namespace))
        .buffered(AT_ONCE)
        .try_concat();
    tokio::select! {
        differences = all => differences,
        () = stopped(&mut cancel) => {
            Err(Error::new(Kind::Interrupted, "compare", connection.address(), "it was stopped"))
        }
    }
}

async fn differences(connection: &Connection, expected: &Namespace) -> Result<Vec<String>, Error> {
    let Namespace { db, collection, .. } = expected;
    let name = format!("{db}.{collection}");
    if !exists(connection, db, collection).await? {
        return Ok(vec![format!("`{name}` is missing")]);
    }
    if expected.kind == "view" {
        return Ok(Vec::new());
    }
    let buckets = format!("system.buckets.{collection}");
    let series = expected.kind == "timeseries";
    let apart = series && exists(connection, db, &buckets).await?;
    let stored = if apart { &buckets } else { collection };
    let mut lines = Vec::new();
    // Where buckets cannot be read as they are, their number is the server's own affair.
    if !series || apart {
        let (documents, bytes) = measure(connection, db, stored).await?;
        if documents != expected.documents {
            let wanted = expected.documents;
            lines.push(format!(
                "`{name}` has {documents} documents instead of {wanted}"
            ));
        } else if let Some(bytes) = bytes.filter(|bytes| *bytes != expected.bytes) {
            let wanted = expected.bytes;
            lines.push(format!(
                "`{name}` has {bytes} bytes of documents instead of {wanted}"
            ));
        }
    }
    let indexes = indexes(connection, db, collection).await?;
    if indexes < expected.indexes {
        let wanted = expected.indexes;
        lines.push(format!(
            "`{name}` has {indexes} indexes instead of {wanted}"
        ));
    }
    lines.extend(
        invalid(connection, db, stored)
            .await?
            .map(|cause| format!("the server finds `{name}` invalid: {cause}")),
    );
    Ok(lines)
}

async fn exists(connection: &Connection, db: &str, collection: &str) -> Result<bool, Error> {
    let list = doc! { "listCollections": 1, "filter": { "name": collection }, "nameOnly": true };
    let reply = connection.client().database(db).run_command(list).await;
    let reply = reply.map_err(|error| explain("list the collections of", db, &error))?;
    let first = reply
        .get_document("cursor")
        .and_then(|c| c.get_array("firstBatch"));
    Ok(first.is_ok_and(|batch| !batch.is_empty()))
}

/// Documents, counted one by one, and their bytes where the server can tell (from 4.4 on).
async fn measure(
    connection: &Connection,
    db: &str,
    collection: &str,
) -> Result<(u64, Option<u64>), Error> {
    let sum = |value: Bson| doc! { "$group": { "_id": null, "n": { "$sum": 1 }, "b": { "$sum": value } } };
    let target = connection
        .client()
        .database(db)
        .collection::<Document>(collection);
    let size = doc! { "$bsonSize": "$$ROOT" };
    let (cursor, sized) = match target.aggregate([sum(Bson::Document(size))]).await {
        Ok(cursor) => (Ok(cursor), true),
        Err(_) => (target.aggregate([sum(Bson::Int32(0))]).await, false),
    };
    let name = format!("{db}.{collection}");
    let failed = |error: &_| explain("count the documents of", &name, error);
    let mut cursor = cursor.map_err(|error| failed(&error))?;
    let Some(row) = cursor.try_next().await.map_err(|error| failed(&error))? else {
        return Ok((0, sized.then_some(0)));
    };
    Ok((whole(row.get("n")), sized.then(|| whole(row.get("b")))))
}

async fn indexes(connection: &Connection, db: &str, collection: &str) -> Result<u32, Error> {
    let list = doc! { "listIndexes": collection, "cursor": { "batchSize": 1000 } };
    match connection.client().database(db).run_command(list).await {
        Ok(reply) => {
            let first = reply
                .get_document("cursor")
                .and_then(|c| c.get_array("firstBatch"));
            Ok(first.map_or(0, |batch| batch.len() as u32))
        }
        Err(error) if code(&error) == Some(NAMESPACE_NOT_FOUND) => Ok(0),
        Err(error) => {
            let name = format!("{db}.{collection}");
            Err(explain("list the indexes of", &name, &error))
        }
    }
}

/// What `validate` finds; a server or user without that command has nothing to say.
async fn invalid(
    connection: &Connection,
    db: &str,
    collection: &str,
) -> Result<Option<String>, Error> {
    let reply = match connection
        .client()
        .database(db)
        .run_command(doc! { "validate": collection })
        .await
    {
        Ok(reply) => reply,
        Err(error) if code(&error).is_some() => return Ok(None),
        Err(error) => return Err(explain("validate", &format!("{db}.{collection}"), &error)),
    };
    if reply.get_bool("valid").unwrap_or(true) {
        return Ok(None);
    }
    let errors = reply.get_array("errors").map(Vec::as_slice);
    let mut errors = errors.unwrap_or_default().iter().filter_map(Bson::as_str);
    // Documents that are older than their validator are as they were.
    match errors.find(|error| !error.contains("not compliant with the collection's schema")) {
        Some(error) => Ok(Some(error.to_owned())),
        None if reply.get_array("errors").is_ok_and(|all| !all.is_empty()) => Ok(None),
        None => Ok(Some("it does not say why".to_owned())),
    }
}

fn whole(value: Option<&Bson>) -> u64 {
    match value {
        Some(Bson::Int32(value)) => u64::try_from(*value).unwrap_or(0),
        Some(Bson::Int64(value)) => u64::try_from(*value).unwrap_or(0),
        _ => 0,
    }
}
