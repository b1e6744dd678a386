//! Restoring into a real mongod: names, what is in the way, what is kept and left out.

mod trouble;

use std::io::Cursor;
use std::sync::Arc;

use atlas_backup::Kind;
use atlas_backup::mongo::{Pattern, Rename, RestoreOptions, restore};
use mongodb::bson::{Document, Timestamp, doc};

use crate::target::{Part, Target, archive, plain};

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts
        .iter()
        .map(|text| Pattern::parse(text).unwrap())
        .collect()
}

#[tokio::test]
async fn names_are_chosen_left_out_and_changed() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let parts = [
        plain("shop.orders", 3),
        plain("shop.carts", 4),
        plain("shop.logs", 5),
        plain("blog.posts", 6),
    ];
    let options = RestoreOptions {
        include: patterns(&["shop.*"]),
        exclude: patterns(&["*.logs"]),
        rename: vec![Rename::parse("shop.o*", "old.o*_2026").unwrap()],
        ..RestoreOptions::default()
    };
    let restored = target.restore(&archive(&parts), &options).await.unwrap();
    let names: Vec<_> = restored
        .namespaces
        .iter()
        .map(|n| (n.source.as_str(), n.target.as_str(), n.documents))
        .collect();
    assert_eq!(
        names,
        [
            ("shop.carts", "shop.carts", 4),
            ("shop.orders", "old.orders_2026", 3)
        ]
    );
    let skipped: Vec<_> = restored
        .skipped
        .iter()
        .map(|(n, r)| (n.as_str(), r.as_str()))
        .collect();
    assert_eq!(
        skipped,
        [
            ("blog.posts", "it was not asked for"),
            ("shop.logs", "it was not asked for")
        ]
    );
    assert_eq!(target.documents("old", "orders_2026").await.len(), 3);
    assert_eq!(
        target.db("shop").list_collection_names().await.unwrap(),
        ["carts"]
    );
    assert!(
        target
            .db("blog")
            .list_collection_names()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn everything_goes_into_one_database_unless_two_names_meet() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let options = RestoreOptions {
        into: Some("copy".to_owned()),
        ..RestoreOptions::default()
    };
    let good = archive(&[plain("shop.orders", 3), plain("blog.posts", 2)]);
    target.restore(&good, &options).await.unwrap();
    assert_eq!(target.documents("copy", "orders").await.len(), 3);
    assert_eq!(target.documents("copy", "posts").await.len(), 2);

    let bad = archive(&[plain("shop.x", 1), plain("blog.x", 1)]);
    let error = target.restore(&bad, &options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to restore `copy.x`: both `shop.x` and `blog.x` would become it"
    );
    assert_eq!(error.kind, Kind::Usage);
}

#[tokio::test]
async fn what_is_in_the_way_is_told_at_once_and_nothing_is_written() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let shop = target.db("shop");
    shop.collection("a")
        .insert_one(doc! { "_id": 77 })
        .await
        .unwrap();
    shop.collection("b")
        .insert_one(doc! { "_id": 77 })
        .await
        .unwrap();
    shop.create_collection("empty").await.unwrap();
    shop.create_collection("log")
        .capped(true)
        .size(4096)
        .await
        .unwrap();
    shop.collection("mine").insert_one(doc! {}).await.unwrap();
    let parts = ["shop.a", "shop.b", "shop.empty", "shop.log", "shop.new"];
    let archive = archive(&parts.map(|name| plain(name, 3)));

    let refused = target
        .restore(&archive, &RestoreOptions::default())
        .await
        .unwrap_err();
    let address = target.connection.address();
    assert_eq!(
        refused.to_string(),
        format!(
            "failed to restore into `{address}`: `shop.a` is not empty, `shop.b` is not empty, `shop.log` is there with other options"
        )
    );
    assert_eq!(refused.kind, Kind::Usage);
    assert!(
        !shop
            .list_collection_names()
            .await
            .unwrap()
            .contains(&"new".to_owned())
    );
    assert!(target.documents("shop", "empty").await.is_empty());

    let options = RestoreOptions {
        drop: true,
        ..RestoreOptions::default()
    };
    target.restore(&archive, &options).await.unwrap();
    for name in ["a", "b", "empty", "log", "new"] {
        let numbers = target.documents("shop", name).await;
        assert_eq!(
            numbers,
            (0..3).map(|n| doc! { "_id": n }).collect::<Vec<_>>()
        );
    }
    assert_eq!(
        target.documents("shop", "mine").await.len(),
        1,
        "not in the archive"
    );
}

#[tokio::test]
async fn a_zero_time_stays_zero() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let zero = Timestamp {
        time: 0,
        increment: 0,
    };
    let documents = vec![
        doc! { "_id": 1, "a": zero, "b": "$literal" },
        doc! { "_id": 2, "a": { "b": zero } },
        doc! { "_id": { "a": 3 }, "$odd": zero, "a.b": 1 },
        doc! { "_id": zero, "a": Timestamp { time: 5, increment: 0 } },
    ];
    let part = Part {
        documents: documents.clone(),
        ..plain("shop.times", 0)
    };
    target
        .restore(&archive(&[part]), &RestoreOptions::default())
        .await
        .unwrap();
    let mut found = target.documents("shop", "times").await;
    found.sort_by_key(|d| documents.iter().position(|known| known == d));
    assert_eq!(found, documents);
}

#[tokio::test]
async fn views_stand_on_what_their_sources_became() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let view = |name, metadata| Part {
        name,
        kind: "view",
        metadata,
        documents: Vec::new(),
    };
    let parts = [
        view(
            "shop.top",
            r#"{"options":{"viewOn":"mid","pipeline":[{"$match":{"_id":{"$gt":0}}}]},"indexes":[]}"#,
        ),
        view(
            "shop.mid",
            r#"{"options":{"viewOn":"orders","pipeline":[]},"indexes":[]}"#,
        ),
        plain("shop.orders", 3),
    ];
    let options = RestoreOptions {
        rename: vec![Rename::parse("shop.*", "shop.x_*").unwrap()],
        ..RestoreOptions::default()
    };
    target.restore(&archive(&parts), &options).await.unwrap();
    assert_eq!(target.documents("shop", "x_top").await.len(), 2);
}

#[tokio::test]
async fn what_a_server_does_not_understand_is_left_out_where_nothing_depends_on_it() {
    let Some(target) = Target::standalone().await else {
        return;
    };
    let with = |metadata| Part {
        metadata,
        ..plain("shop.orders", 2)
    };
    let loose = with(
        r#"{"options":{"storageEngine":{"other":{"x":1}}},"indexes":[{"v":1,"key":{"_id":1},"name":"_id_","ns":"shop.orders"},{"v":1,"key":{"b":1,"a":-1},"name":"b_a","ns":"shop.orders","foreign":true}]}"#,
    );
    let progress = Arc::new(crate::target::Warnings::default());
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let options = RestoreOptions::default();
    let input = Cursor::new(archive(&[loose]));
    restore(
        &target.connection,
        &options,
        input,
        progress.clone(),
        cancel,
    )
    .await
    .unwrap();
    assert_eq!(
        *progress.0.lock().unwrap(),
        [
            "`shop.orders` is created without its option `storageEngine`: the server does not understand it"
        ]
    );
    let orders = target.db("shop").collection::<Document>("orders");
    assert_eq!(orders.list_index_names().await.unwrap(), ["_id_", "b_a"]);

    let strict = with(r#"{"options":{"capped":true},"indexes":[]}"#);
    let options = RestoreOptions {
        drop: true,
        ..options
    };
    let error = target
        .restore(&archive(&[strict]), &options)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to create `shop.orders`: the 'size' field is required when 'capped' is true (code 72)"
    );
}
