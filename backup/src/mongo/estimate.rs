//! How much there is, before anything is read, and what stands where a restore would write. Estimates by the server's own counts.

use mongodb::bson::{Bson, Document, doc};

use super::Connection;
use super::failure::explain;
use crate::Error;

/// Bytes of some databases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// BSON.
    pub data: u64,
    /// On the server's disk, as it compresses.
    pub stored: u64,
}

/// How much the named databases hold; all that a dump would take when none is named. Servers that do not tell count as 0.
///
/// # Errors
/// If the databases cannot be listed.
pub async fn size(connection: &Connection, databases: &[String]) -> Result<Size, Error> {
    let mut names = databases.to_vec();
    if names.is_empty() {
        names = connection
            .client()
            .list_database_names()
            .await
            .map_err(|error| explain("list the databases of", connection.address(), &error))?;
        names.retain(|name| !matches!(name.as_str(), "local" | "config"));
    }
    let mut size = Size::default();
    for name in names {
        let database = connection.client().database(&name);
        let stats = database.run_command(doc! {"dbStats": 1}).await;
        if let Ok(stats) = stats {
            size.data += number(&stats, "dataSize");
            size.stored += number(&stats, "storageSize");
        }
    }
    Ok(size)
}

/// Documents of a collection by the server's count; `None` when there is no such collection.
///
/// # Errors
/// If the server refuses to tell.
pub async fn documents(
    connection: &Connection,
    db: &str,
    collection: &str,
) -> Result<Option<u64>, Error> {
    let subject = format!("{db}.{collection}");
    let failed = |error| explain("look at", &subject, &error);
    let database = connection.client().database(db);
    let named = database
        .list_collection_names()
        .filter(doc! {"name": collection})
        .await
        .map_err(failed)?;
    if named.is_empty() {
        return Ok(None);
    }
    let all = database.collection::<Document>(collection);
    all.estimated_document_count()
        .await
        .map(Some)
        .map_err(failed)
}

fn number(document: &Document, key: &str) -> u64 {
    match document.get(key) {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap_or_default(),
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap_or_default(),
        Some(Bson::Double(number)) if *number > 0.0 => *number as u64,
        _ => 0,
    }
}
