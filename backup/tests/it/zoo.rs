//! One collection of every kind that a backup must bring back. Owns what is in it, not what is expected.

use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, Regex, Timestamp, doc, oid::ObjectId,
};

/// Fills the databases `zoo` and `zoo-2`.
pub(crate) async fn fill(client: &mongodb::Client) {
    let zoo = client.database("zoo");
    for (name, options) in collections() {
        let mut create = doc! { "create": name };
        create.extend(options);
        run(&zoo, create).await;
    }
    indexes(&zoo).await;
    documents(&zoo).await;
    for name in [
        "%24odd",
        "ünïcödé 🦒",
        "with.dots.in",
        "space and \"quotes\"",
    ] {
        insert(
            &zoo,
            name,
            vec![doc! { "_id": name, "": 1, "a.b": 2, "$set": 3 }],
        )
        .await;
    }
    let long = "n".repeat(238);
    insert(&client.database("zoo-2"), &long, vec![doc! { "_id": 1 }]).await;
    run(&client.database("zoo-2"), doc! { "create": "nothing" }).await;
}

fn collections() -> Vec<(&'static str, Document)> {
    let german = doc! { "locale": "de", "strength": 2 };
    vec![
        ("plain", doc! {}),
        ("collated", doc! { "collation": german.clone() }),
        (
            "capped",
            doc! { "capped": true, "size": 1_048_576, "max": 500 },
        ),
        (
            "clustered",
            doc! { "clusteredIndex": { "key": { "_id": 1 }, "unique": true, "name": "by time" } },
        ),
        (
            "strict",
            doc! {
                "validator": { "$jsonSchema": { "required": ["b", "a"], "properties": { "b": { "bsonType": "int" } } } },
                "validationLevel": "moderate",
                "validationAction": "error",
            },
        ),
        (
            "weather",
            doc! {
                "timeseries": { "timeField": "at", "metaField": "place", "granularity": "minutes" },
            },
        ),
        (
            "expiring",
            doc! { "timeseries": { "timeField": "at" }, "expireAfterSeconds": 1_000_000_000_i64 },
        ),
        // The view that stands on the other comes first by name.
        (
            "a_view",
            doc! { "viewOn": "b_view", "pipeline": [{ "$sort": { "b": 1, "a": -1 } }] },
        ),
        (
            "b_view",
            doc! { "viewOn": "plain", "pipeline": [{ "$match": { "z": { "$gt": 1 }, "a": { "$lt": 9 } } }] },
        ),
        (
            "german_view",
            doc! { "viewOn": "collated", "pipeline": [], "collation": german },
        ),
        ("files", doc! {}),
    ]
}

async fn indexes(zoo: &Database) {
    let german = doc! { "locale": "de", "strength": 1, "numericOrdering": true };
    let all = [
        (
            "plain",
            vec![
                doc! { "key": { "z": 1, "a": -1, "m.k": 1 }, "name": "compound" },
                doc! { "key": { "u": 1 }, "name": "unique", "unique": true, "sparse": true },
                doc! { "key": { "p": 1 }, "name": "partial", "partialFilterExpression": { "z": { "$gt": 1 }, "a": { "$exists": true } } },
                doc! { "key": { "when": 1 }, "name": "ttl", "expireAfterSeconds": 1_000_000_000 },
                doc! { "key": { "text": "text", "also": "text" }, "name": "text", "weights": { "text": 5, "also": 2 }, "default_language": "german" },
                doc! { "key": { "place": "2dsphere", "a": 1 }, "name": "sphere" },
                doc! { "key": { "flat": "2d" }, "name": "flat", "min": -500, "max": 500, "bits": 20 },
                doc! { "key": { "any.$**": 1 }, "name": "wild" },
                doc! { "key": { "h": "hashed", "a": 1 }, "name": "hashed" },
                doc! { "key": { "s": 1 }, "name": "collated", "collation": german },
                doc! { "key": { "hid": 1 }, "name": "hidden", "hidden": true },
                doc! { "key": { "f": 1.5 }, "name": "odd direction" },
            ],
        ),
        (
            "files",
            vec![
                doc! { "key": { "$**": 1 }, "name": "w", "wildcardProjection": { "b": 0, "a": 0 } },
            ],
        ),
        (
            "collated",
            vec![
                doc! { "key": { "a": 1 }, "name": "inherits" },
                doc! { "key": { "a": 1 }, "name": "simple", "collation": { "locale": "simple" } },
            ],
        ),
        ("clustered", vec![doc! { "key": { "b": 1 }, "name": "b" }]),
        (
            "weather",
            vec![doc! { "key": { "place": 1, "at": -1 }, "name": "place" }],
        ),
        ("capped", vec![doc! { "key": { "n": -1 }, "name": "n" }]),
    ];
    for (name, indexes) in all {
        run(zoo, doc! { "createIndexes": name, "indexes": indexes }).await;
    }
}

async fn documents(zoo: &Database) {
    let numbered = |range: std::ops::Range<i32>| {
        range.map(|n| {
        doc! { "_id": n, "z": n % 5, "a": n, "u": n, "s": format!("s{n}"), "text": "ein Haus", "h": n, "any": { "k": n } }
    })
    };
    insert(zoo, "plain", numbered(0..3000).collect()).await;
    insert(
        zoo,
        "collated",
        vec![doc! { "_id": "a", "a": "ä" }, doc! { "_id": "b", "a": "Z" }],
    )
    .await;
    // More than fit: the oldest are gone, and the order is that of insertion, not that of `_id`.
    insert(
        zoo,
        "capped",
        (0..700)
            .map(|n| doc! { "_id": (n * 7919) % 701, "n": n })
            .collect(),
    )
    .await;
    insert(
        zoo,
        "clustered",
        (0..50).rev().map(|n| doc! { "_id": n, "b": n }).collect(),
    )
    .await;
    let strict = doc! {
        "insert": "strict",
        "documents": [{ "_id": 1, "b": 1, "a": 1 }, { "_id": 2, "wrong": true }],
        "bypassDocumentValidation": true,
    };
    run(zoo, strict).await;
    for name in ["weather", "expiring"] {
        let at = |n: i64| DateTime::from_millis(1_795_000_000_000 + n * 7_000);
        let measured = (0..2000).map(|n| doc! { "at": at(n), "place": n % 7, "t": n as f64 / 3.0 });
        insert(zoo, name, measured.collect()).await;
    }
    insert(zoo, "types", types()).await;
    // 16 MiB to the byte, which is the most that a server takes; and two that do not fit into one command.
    for (id, size) in [(1, 16 << 20), (2, (16 << 20) - 1), (3, 9 << 20)] {
        let empty = mongodb::bson::serialize_to_vec(&doc! { "_id": id, "x": "" }).unwrap();
        let document = doc! { "_id": id, "x": "x".repeat(size - empty.len()) };
        insert(zoo, "files", vec![document]).await;
    }
}

/// Every type of BSON, also those that are no longer made.
fn types() -> Vec<Document> {
    let binary = |subtype, bytes: &[u8]| Binary {
        subtype,
        bytes: bytes.to_vec(),
    };
    let regex = Regex {
        pattern: "^a/".try_into().unwrap(),
        options: "ix".try_into().unwrap(),
    };
    let id = ObjectId::from_bytes([7; 12]);
    let text = format!(
        r#"{{"p":{{"$dbPointer":{{"$ref":"zoo.plain","$id":{{"$oid":"{}"}}}}}}}}"#,
        id.to_hex()
    );
    let parsed = atlas_backup::extjson::parse(&text).unwrap();
    let pointer = Document::try_from(parsed)
        .unwrap()
        .get("p")
        .unwrap()
        .clone();
    let values = vec![
        Bson::Double(f64::NAN),
        Bson::Double(-0.0),
        Bson::Double(f64::INFINITY),
        Bson::Double(5e-324),
        "".into(),
        "nul\0inside".into(),
        "🦒".into(),
        Bson::Document(doc! {}),
        Bson::Document(doc! { "b": { "a": { "": [] } } }),
        Bson::Array(vec![]),
        Bson::Array(vec![Bson::Null, Bson::Int32(1)]),
        Bson::Binary(binary(BinarySubtype::Generic, b"")),
        Bson::Binary(binary(BinarySubtype::BinaryOld, b"old")),
        Bson::Binary(binary(BinarySubtype::Uuid, &[9; 16])),
        Bson::Binary(binary(BinarySubtype::UserDefined(0x80), b"own")),
        Bson::Undefined,
        Bson::ObjectId(id),
        Bson::Boolean(true),
        Bson::Boolean(false),
        Bson::DateTime(DateTime::from_millis(i64::MIN)),
        Bson::DateTime(DateTime::from_millis(-1)),
        Bson::DateTime(DateTime::MAX),
        Bson::Null,
        Bson::RegularExpression(regex),
        pointer,
        Bson::JavaScriptCode("f()".into()),
        Bson::Symbol("s".into()),
        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
            code: "f()".into(),
            scope: doc! { "b": 1, "a": 2 },
        }),
        Bson::Int32(i32::MIN),
        Bson::Int64(i64::MAX),
        Bson::Timestamp(Timestamp {
            time: 0,
            increment: 0,
        }),
        Bson::Timestamp(Timestamp {
            time: u32::MAX,
            increment: u32::MAX,
        }),
        Bson::Decimal128("0E-6176".parse().unwrap()),
        Bson::Decimal128("NaN".parse().unwrap()),
        Bson::Decimal128("1.000".parse().unwrap()),
        Bson::Decimal128("-0".parse().unwrap()),
        Bson::MinKey,
        Bson::MaxKey,
    ];
    let nested = values
        .iter()
        .enumerate()
        .map(|(n, value)| doc! { "_id": n as i32, "v": { "deep": value.clone() } });
    let ids = values.iter().filter(|value| {
        !matches!(
            value,
            // The server takes no `_id` of these, or has another of the same value.
            Bson::Array(_)
                | Bson::Undefined
                | Bson::RegularExpression(_)
                | Bson::Int32(_)
                | Bson::Double(_)
                | Bson::Decimal128(_)
        )
    });
    nested
        .chain(ids.map(|value| doc! { "_id": value.clone() }))
        .collect()
}

async fn insert(db: &Database, collection: &str, documents: Vec<Document>) {
    db.collection::<Document>(collection)
        .insert_many(documents)
        .await
        .unwrap();
}

async fn run(db: &Database, command: Document) {
    if let Err(error) = db.run_command(command.clone()).await {
        panic!("{command}: {error}");
    }
}
