//! What stock mongodump writes of a real server is read: plain and gzip, odd names, time series, views.

use std::io::Cursor;
use std::process::{Command, Stdio};

use atlas_backup::archive::check;
use atlas_backup::codec::{self, Identity};
use atlas_backup::progress::Silent;
use mongodb::bson::{Document, doc};

use crate::real::{Server, binary};

const NAMES: [&str; 6] = ["orders", "with space", "Ünïcödé", "a.b", "%24x", "a:b"];

/// What a real server holds.
async fn fill(port: u16) {
    let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let client = mongodb::Client::with_uri_str(&uri).await.unwrap();
    let shop = client.database("shop");
    for (index, name) in NAMES.iter().enumerate() {
        let documents = (0..=index as i32).map(|number| doc! { "_id": number, "name": *name });
        let collection = shop.collection::<Document>(name);
        collection.insert_many(documents).await.unwrap();
    }
    shop.create_collection("empty").await.unwrap();
    let view = doc! { "create": "view", "viewOn": "orders", "pipeline": [] };
    shop.run_command(view).await.unwrap();
    let series = doc! { "create": "series", "timeseries": { "timeField": "at" } };
    shop.run_command(series).await.unwrap();
    let point = doc! { "at": mongodb::bson::DateTime::from_millis(0), "value": 1 };
    shop.collection::<Document>("series")
        .insert_one(point)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stock_mongodump_writes_is_read() {
    let (Some(mongod), Some(mongodump)) = (
        binary("ATLAS_TEST_MONGOD", "mongod"),
        binary("ATLAS_TEST_MONGODUMP", "mongodump"),
    ) else {
        return;
    };
    let server = Server::start(&mongod, |port, folder| {
        let port = port.to_string();
        [
            "--port",
            &port,
            "--dbpath",
            folder,
            "--bind_ip",
            "127.0.0.1",
        ]
        .map(str::to_owned)
        .to_vec()
    });
    fill(server.port).await;
    for gzip in [&[][..], &["--gzip"]] {
        let output = Command::new(&mongodump)
            .args(["--archive", "--db", "shop", "--host", "127.0.0.1", "--port"])
            .arg(server.port.to_string())
            .args(gzip)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let input = codec::open(Box::new(Cursor::new(output.stdout)), &Identity::None, 2).unwrap();
        assert_eq!(
            input.compression(),
            if gzip.is_empty() { "none" } else { "gzip" }
        );
        let checked = check(input, &Silent).unwrap();
        let mut found: Vec<(String, u64)> = checked
            .namespaces
            .iter()
            .map(|(one, closed)| (one.namespace(), closed.documents))
            .collect();
        found.sort();
        let mut expected: Vec<(String, u64)> = NAMES
            .iter()
            .zip(1..)
            .map(|(name, count)| (format!("shop.{name}"), count))
            .collect();
        expected.extend(
            [("empty", 0), ("view", 0), ("series", 1)]
                .map(|(name, count)| (format!("shop.{name}"), count)),
        );
        expected.sort();
        assert_eq!(found, expected);
    }
}
