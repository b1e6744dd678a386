//! What the server itself says of its data: `dbHash` of every database, one line for each collection. Owns no opinion on it.

use std::error::Error;

use mongodb::Client;
use mongodb::bson::doc;

pub(crate) async fn run(uri: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::with_uri_str(uri).await?;
    for db in client.list_database_names().await? {
        if ["admin", "config", "local"].contains(&db.as_str()) {
            continue;
        }
        let answer = client.database(&db).run_command(doc! {"dbHash": 1}).await?;
        for (collection, hash) in answer.get_document("collections")? {
            println!(
                "{db}.{collection} {}",
                hash.as_str().ok_or("a hash that is no text")?
            );
        }
    }
    Ok(())
}
