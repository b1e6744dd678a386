//! What a dump holds: every kind of collection, every type, every name.

use std::collections::BTreeSet;

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, RawDocumentBuf, Regex, Timestamp, doc, oid::ObjectId,
};

use crate::source::{Made, Source, options};

/// Creates by the plain command.
async fn run(source: &Source, db: &str, commands: Vec<Document>) {
    for command in commands {
        source.db(db).run_command(command).await.unwrap();
    }
}

fn created() -> Vec<Document> {
    let schema =
        doc! { "$jsonSchema": { "required": ["n"], "properties": { "n": { "bsonType": "int" } } } };
    vec![
        doc! { "create": "capped", "capped": true, "size": 1 << 20, "max": 10 },
        doc! { "create": "collated", "collation": { "locale": "de", "strength": 1 } },
        doc! { "create": "checked", "validator": schema, "validationLevel": "moderate", "validationAction": "warn" },
        doc! { "create": "clustered", "clusteredIndex": { "key": { "_id": 1 }, "unique": true } },
        doc! { "create": "weather", "timeseries": { "timeField": "t", "metaField": "m", "granularity": "hours" } },
        doc! { "create": "still", "timeseries": { "timeField": "t" }, "expireAfterSeconds": 86400 },
        doc! { "create": "v1", "viewOn": "indexed", "pipeline": [{ "$match": { "b": 1, "a": { "$gt": 1 } } }] },
        doc! { "create": "v2", "viewOn": "v1", "pipeline": [{ "$sort": { "z": 1, "a": -1 } }] },
        doc! { "create": "empty" },
    ]
}

fn indexes() -> Document {
    doc! { "createIndexes": "indexed", "indexes": [
        { "key": { "z": 1, "a": -1 }, "name": "compound" },
        { "key": { "u": 1 }, "name": "unique", "unique": true, "sparse": true },
        { "key": { "p": 1 }, "name": "partial", "partialFilterExpression": { "p": { "$gt": 5 } } },
        { "key": { "t": 1 }, "name": "ttl", "expireAfterSeconds": 3600 },
        { "key": { "title": "text", "body": "text" }, "name": "text", "weights": { "title": 10 } },
        { "key": { "where": "2dsphere" }, "name": "sphere" },
        { "key": { "wild.$**": 1 }, "name": "wildcard" },
        { "key": { "h": "hashed" }, "name": "hashed" },
        { "key": { "c": 1 }, "name": "collated", "collation": { "locale": "fr" } },
    ] }
}

async fn filled() -> Option<Source> {
    let source = Source::standalone(&[]).await?;
    run(&source, "shop", created()).await;
    run(&source, "shop", vec![indexes()]).await;
    let numbered = |count: i32| (0..count).map(|n| doc! { "_id": n, "n": n });
    for collection in ["indexed", "collated", "checked", "clustered"] {
        source
            .insert(&format!("shop.{collection}"), numbered(100))
            .await;
    }
    source.insert("shop.capped", numbered(25)).await;
    let hours =
        (0..50).map(|n| doc! { "t": DateTime::from_millis(n * 3_600_000), "m": n % 3, "v": n });
    source.insert("shop.weather", hours).await;
    Some(source)
}

#[tokio::test]
async fn every_kind_of_collection_is_in_it() {
    let Some(source) = filled().await else { return };
    let made = source.dump().await;
    assert_eq!(
        made.names(),
        [
            "admin.system.version",
            "shop.capped",
            "shop.checked",
            "shop.clustered",
            "shop.collated",
            "shop.empty",
            "shop.indexed",
            "shop.still",
            "shop.v1",
            "shop.v2",
            "shop.weather",
        ]
    );
    let kinds = |name: &str| {
        let one = made
            .dumped
            .namespaces
            .iter()
            .find(|one| one.collection == name)
            .unwrap();
        (one.kind.clone(), one.documents, one.indexes)
    };
    assert_eq!(kinds("indexed"), ("collection".to_owned(), 100, 10));
    assert_eq!(kinds("v2"), ("view".to_owned(), 0, 0));
    assert_eq!(kinds("still"), ("timeseries".to_owned(), 0, 0));
    assert_eq!(kinds("empty"), ("collection".to_owned(), 0, 1));
    // A server of 6.0 begins buckets anew as it likes; what they hold is counted by the restored series.
    assert!(kinds("weather").1 >= 3);
    let last: Vec<i32> = made
        .documents("shop.capped")
        .iter()
        .map(|one| one.get_i32("n").unwrap())
        .collect();
    assert_eq!(last, (15..25).collect::<Vec<i32>>());
    assert!(made.dumped.skipped.is_empty() && made.warnings.is_empty());
}

#[tokio::test]
async fn options_and_indexes_keep_the_order_of_their_keys() {
    let Some(source) = filled().await else { return };
    let made = source.dump().await;
    let has = |name: &str, text: &str| {
        let json = made.metadata(name);
        assert!(json.contains(text), "{json}");
    };
    has(
        "shop.indexed",
        r#""key":{"z":{"$numberInt":"1"},"a":{"$numberInt":"-1"}},"name":"compound""#,
    );
    has(
        "shop.indexed",
        r#""partialFilterExpression":{"p":{"$gt":{"$numberInt":"5"}}}"#,
    );
    has(
        "shop.indexed",
        r#""key":{"wild.$**":{"$numberInt":"1"}},"name":"wildcard""#,
    );
    has(
        "shop.indexed",
        r#""key":{"_fts":"text","_ftsx":{"$numberInt":"1"}},"name":"text""#,
    );
    has(
        "shop.v2",
        r#"{"options":{"viewOn":"v1","pipeline":[{"$sort":{"z":{"$numberInt":"1"},"a":{"$numberInt":"-1"}}}]},"indexes":[],"collectionName":"v2","type":"view"}"#,
    );
    has(
        "shop.weather",
        r#"{"options":{"timeseries":{"timeField":"t","metaField":"m","granularity":"hours""#,
    );
    has(
        "shop.clustered",
        r#""clusteredIndex":{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}}"#,
    );
    has(
        "shop.empty",
        r#"{"indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"}],"uuid":""#,
    );
}

fn every_type() -> Document {
    let id = ObjectId::parse_str("58ffb124b721bc6c3234333c").unwrap();
    let scope = mongodb::bson::JavaScriptCodeWithScope {
        code: "f()".into(),
        scope: doc! { "x": 1 },
    };
    doc! {
        "_id": id,
        "double": f64::NAN, "negative": -0.0, "string": "é\u{1F600}", "document": { "b": 1, "a": {} }, "array": [1, [2]],
        "binary": Binary { subtype: BinarySubtype::Uuid, bytes: vec![7; 16] }, "undefined": Bson::Undefined,
        "true": true, "date": DateTime::from_millis(-1), "null": Bson::Null,
        "regex": Regex { pattern: "^a".try_into().unwrap(), options: "i".try_into().unwrap() },
        "code": Bson::JavaScriptCode("g()".into()), "symbol": Bson::Symbol("s".into()), "scope": scope,
        "int": i32::MIN, "timestamp": Timestamp { time: 1, increment: 2 }, "long": i64::MAX,
        "decimal": "1.50E+3".parse::<mongodb::bson::Decimal128>().unwrap(), "min": Bson::MinKey, "max": Bson::MaxKey,
    }
}

#[tokio::test]
async fn documents_are_byte_for_byte_those_that_were_inserted() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    // The server allows 16 MiB; 25 bytes are around the text.
    let large = doc! { "_id": 1, "text": "x".repeat((16 << 20) - 25) };
    let large = RawDocumentBuf::try_from(&large).unwrap();
    assert_eq!(large.as_bytes().len(), 16 << 20);
    let typed = RawDocumentBuf::try_from(&every_type()).unwrap();
    let raw = source.db("shop").collection::<RawDocumentBuf>("raw");
    for document in [&typed, &large] {
        raw.insert_one(document).await.unwrap();
    }
    let made = source.dump().await;
    let read = made.raw("shop.raw");
    assert!(read[0] == typed.as_bytes() && read[1] == large.as_bytes() && read.len() == 2);
}

#[tokio::test]
async fn odd_names_are_kept() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    let names = [
        "%24escaped",
        "a.b.c",
        "with space",
        "größe",
        "日本",
        "UPPER",
        "x\"y\\z",
        &"l".repeat(200),
    ];
    for name in names {
        source
            .insert(&format!("odd.{name}"), [doc! { "_id": 1, "name": name }])
            .await;
    }
    let made = source.dump().await;
    for name in names {
        assert_eq!(
            made.documents(&format!("odd.{name}")),
            [doc! { "_id": 1, "name": name }]
        );
    }
}

#[tokio::test]
async fn only_the_named_databases_with_their_own_users() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    source.insert("shop.a", [doc! { "n": 1 }]).await;
    source.insert("other.a", [doc! { "n": 1 }]).await;
    for db in ["shop", "other"] {
        let user = doc! { "createUser": db, "pwd": "p", "roles": ["read"] };
        source.db(db).run_command(user).await.unwrap();
    }
    let mut asked = options();
    asked.databases = vec!["shop".to_owned()];
    let made = source.dump_with(&asked).await.unwrap();
    assert_eq!(
        made.names(),
        [
            "shop.$admin.system.roles",
            "shop.$admin.system.users",
            "shop.$admin.system.version",
            "shop.a"
        ]
    );
    let users = made.documents("shop.$admin.system.users");
    assert!(users.len() == 1 && users[0]["_id"] == Bson::from("shop.shop"));
    assert!(made.dumped.users_and_roles);

    asked.users_and_roles = false;
    assert_eq!(source.dump_with(&asked).await.unwrap().names(), ["shop.a"]);

    asked.databases = vec!["shopp".to_owned()];
    let error = source.dump_with(&asked).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "failed to dump `shopp`: there is no such database"
    );
}

#[tokio::test]
async fn users_and_roles_come_first() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    source.insert("a.a", [doc! { "n": 1 }]).await;
    let admin = source.db("admin");
    admin
        .run_command(doc! { "createUser": "u", "pwd": "p", "roles": ["root"] })
        .await
        .unwrap();
    admin
        .run_command(doc! { "createRole": "r", "privileges": [], "roles": ["read"] })
        .await
        .unwrap();
    let made = source.dump().await;
    assert_eq!(
        made.names(),
        [
            "a.a",
            "admin.system.roles",
            "admin.system.users",
            "admin.system.version"
        ]
    );
    let at = |made: &Made, text: &[u8]| {
        made.archive
            .windows(text.len())
            .rposition(|bytes| bytes == text)
            .unwrap()
    };
    assert!(at(&made, b"system.users\0") < at(&made, b"collection\0\x02\0\0\0a\0"));
    assert_eq!(made.documents("admin.system.roles").len(), 1);
}

/// Values of `_id` of every type that may be one, in the order of the index; without the greatest there is.
fn ids() -> Vec<Bson> {
    let number = |n: i32| match n % 2 {
        0 => Bson::Int32(n),
        _ => Bson::Double(f64::from(n) + 0.5),
    };
    let bytes = |n: u8| Binary {
        subtype: BinarySubtype::Generic,
        bytes: vec![n],
    };
    let mut ids = vec![Bson::MinKey, Bson::Null];
    ids.extend((0..500).map(number));
    ids.extend((0..500).map(|n| Bson::String(format!("s{n}"))));
    ids.extend((0..500).map(|n| Bson::Document(doc! { "n": n })));
    ids.extend((0..200).map(|n| Bson::Binary(bytes(n))));
    ids.extend((0..500).map(|_| Bson::ObjectId(ObjectId::new())));
    ids.extend([Bson::Boolean(false), Bson::Boolean(true)]);
    ids.push(Bson::DateTime(DateTime::from_millis(5)));
    ids.push(Bson::Timestamp(Timestamp {
        time: 9,
        increment: 1,
    }));
    ids
}

/// The ids of a collection as a dump by many cursors has them.
async fn split(source: &Source, collection: &str, ids: &[Bson]) -> Vec<Bson> {
    let document = |id: &Bson| doc! { "_id": id, "pad": "x".repeat(200) };
    let namespace = format!("shop.{collection}");
    source.insert(&namespace, ids.iter().map(document)).await;
    let mut split = options();
    (split.threads, split.large) = (8, 1);
    let made = source.dump_with(&split).await.unwrap();
    let mut read = made.documents(&namespace);
    read.iter_mut()
        .map(|one| one.remove("_id").unwrap())
        .collect()
}

fn sorted(ids: &[Bson]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_split_collection_of_mixed_ids_loses_nothing_and_repeats_nothing() {
    let Some(source) = Source::standalone(&[]).await else {
        return;
    };
    let mut ids = ids();
    // The last go in first, so that natural order is not that of the index.
    ids.reverse();
    let read = split(&source, "mixed", &ids).await;
    assert_eq!((read.len(), sorted(&read)), (ids.len(), sorted(&ids)));
    assert_ne!(read, ids, "it was not split");

    source.db("shop").drop().await.unwrap();
    ids.push(Bson::MaxKey);
    let read = split(&source, "greatest", &ids).await;
    assert_eq!(read, ids, "no range reaches the greatest key");
}
