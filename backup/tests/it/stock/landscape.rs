//! A server with what stock tools of version 100.3.1 know: kinds of collections, indexes, names, users and roles.
//! Not time series and clustered collections, which are younger than that version.

use mongodb::bson::{Binary, DateTime, Document, doc, spec::BinarySubtype};

use crate::source::Source;

pub(super) const DATABASES: [&str; 2] = ["shop", "odd"];

/// A user of `shop` and its password, as in an address.
pub(super) const LOGIN: &str = "clerk:counter";

/// Documents that the view upon a view shows.
pub(super) const DEAR: u64 = 999;

/// The longest document that a server takes.
const MOST: usize = 16 * 1024 * 1024;

pub(super) async fn server() -> Option<Source> {
    let source = Source::standalone(&[]).await?;
    for command in commands() {
        source.db("shop").run_command(command).await.unwrap();
    }
    // Several MiB, so that an archive of it has several pieces.
    let text = "as long as a note of a customer is ".repeat(30);
    let orders = (0..4000).map(|n| {
        let note = format!("{n} {text}");
        doc! { "number": n, "price": n * 7 % 4000, "note": note, "at": DateTime::from_millis(i64::from(n) * 1_700_000_000), "place": [f64::from(n % 180), 1.5], "more": { "x": n % 7 } }
    });
    source.insert("shop.orders", orders).await;
    source
        .insert("shop.log", (0..500).map(|n| doc! { "_id": n }))
        .await;
    source
        .insert("odd.name with %24 and é/ü", [doc! { "": 1, "a.b": 2 }])
        .await;
    source.insert("odd.largest", [largest()]).await;
    source.db("odd").create_collection("empty").await.unwrap();
    Some(source)
}

fn commands() -> Vec<Document> {
    vec![
        doc! { "create": "log", "capped": true, "size": 1 << 16, "max": 100 },
        doc! { "create": "names", "collation": { "locale": "de", "strength": 1 } },
        doc! { "create": "strict", "validator": { "n": { "$gt": 3 } }, "validationLevel": "moderate" },
        doc! { "create": "dear", "viewOn": "orders", "pipeline": [{ "$match": { "price": { "$gt": 3000 } } }] },
        doc! { "create": "dear_names", "viewOn": "dear", "pipeline": [{ "$project": { "number": 1 } }] },
        doc! { "createIndexes": "orders", "indexes": [
            { "key": { "price": -1, "at": 1 }, "name": "compound" },
            { "key": { "number": 1 }, "name": "unique", "unique": true },
            { "key": { "price": 1 }, "name": "partial", "partialFilterExpression": { "price": { "$gt": 3 } } },
            { "key": { "at": 1 }, "name": "ttl", "expireAfterSeconds": 2_000_000_000 },
            { "key": { "note": "text" }, "name": "text", "default_language": "german" },
            { "key": { "place": "2dsphere" }, "name": "sphere" },
            { "key": { "more.$**": 1 }, "name": "wildcard" },
            { "key": { "number": "hashed" }, "name": "hashed" },
            { "key": { "note": 1 }, "name": "collated", "collation": { "locale": "fr" }, "sparse": true },
        ] },
        doc! { "createRole": "reads", "privileges": [{ "resource": { "db": "shop", "collection": "orders" }, "actions": ["find"] }], "roles": [] },
        doc! { "createUser": "clerk", "pwd": "counter", "roles": ["reads"] },
    ]
}

/// Exactly as long as a server takes it.
fn largest() -> Document {
    let of = |length: usize| doc! { "_id": 1, "data": Binary { subtype: BinarySubtype::Generic, bytes: vec![7; length] } };
    let around = mongodb::bson::serialize_to_vec(&of(0)).unwrap().len();
    of(MOST - around)
}
