//! The end of a restore: what was written is on most members of a replica set. Owns no write of its own that changes anything.

use mongodb::bson::{Document, doc};

use super::plan::{Plan, Sort};
use crate::Error;
use crate::mongo::failure::explain;
use crate::mongo::{Connection, Topology};
use crate::progress::{Event, Progress};

/// Milliseconds that the other members may take to catch up.
const PATIENCE: i64 = 300_000;

/// Waits until most members have it all; batches are acknowledged by one.
pub(super) async fn wait(
    connection: &Connection,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let replicated = matches!(
        connection.server.topology,
        Topology::ReplicaSet | Topology::Sharded
    );
    let real = plan
        .collections()
        .find(|(_, c)| matches!(c.kind, Sort::Plain | Sort::Capped));
    let Some((_, collection)) = real.filter(|_| replicated) else {
        return Ok(());
    };
    // An update that matches nothing still waits for all that was written before it.
    let nothing = doc! { "q": { "_id": { "$in": [] } }, "u": { "$set": { "_": 1 } } };
    let reply: Document = connection
        .client()
        .database(&collection.db)
        .run_command(doc! {
            "update": &collection.name,
            "updates": [nothing],
            "writeConcern": { "w": "majority", "wtimeout": PATIENCE },
        })
        .await
        .map_err(|error| explain("wait for the members of", connection.address(), &error))?;
    if let Ok(error) = reply.get_document("writeConcernError") {
        progress.report(Event::Warning(format!(
            "not all members have the restored data yet: {}",
            error
                .get_str("errmsg")
                .unwrap_or("the server does not say why")
        )));
    }
    Ok(())
}
