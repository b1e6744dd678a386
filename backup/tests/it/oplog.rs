//! The oplog of an archive: what happened while it was made is replayed, up to a moment.

use atlas_backup::mongo::{Pattern, Rename, RestoreOptions};
use futures_util::TryStreamExt;
use mongodb::IndexModel;
use mongodb::bson::{Document, Timestamp, doc};

use crate::target::{Part, Target, archive, plain};

/// The newest moment of a server.
async fn now(source: &Target) -> Timestamp {
    let hello = source
        .db("admin")
        .run_command(doc! { "hello": 1 })
        .await
        .unwrap();
    let write = hello.get_document("lastWrite").unwrap();
    write
        .get_document("opTime")
        .unwrap()
        .get_timestamp("ts")
        .unwrap()
}

/// What was written since then, as an archive has it.
async fn oplog(source: &Target, since: Timestamp) -> Part {
    let entries = source.db("local").collection::<Document>("oplog.rs");
    let newer = doc! { "ts": { "$gt": since } };
    let found = entries
        .find(newer)
        .sort(doc! { "$natural": 1 })
        .await
        .unwrap();
    Part {
        name: "oplog",
        kind: "",
        metadata: "",
        documents: found.try_collect().await.unwrap(),
    }
}

/// Name, documents and index names of every collection.
async fn contents(target: &Target) -> Vec<(String, Vec<Document>, Vec<String>)> {
    let shop = target.db("shop");
    let mut names = shop.list_collection_names().await.unwrap();
    names.sort();
    let mut all = Vec::new();
    for name in names {
        let mut documents = target.documents("shop", &name).await;
        documents.sort_by_key(|document| document.get("_id").unwrap().to_string());
        let collection = shop.collection::<Document>(&name);
        let mut indexes = collection.list_index_names().await.unwrap();
        indexes.sort();
        all.push((name, documents, indexes));
    }
    all
}

/// Every kind of change that an oplog has.
async fn change(source: &Target) {
    let shop = source.db("shop");
    let orders = shop.collection::<Document>("orders");
    orders
        .insert_one(doc! { "_id": 100, "new": true })
        .await
        .unwrap();
    let set = doc! { "$set": { "a.b": 5 }, "$unset": { "c": "" } };
    orders
        .update_many(doc! { "_id": { "$lt": 3 } }, set)
        .await
        .unwrap();
    orders
        .replace_one(doc! { "_id": 4 }, doc! { "whole": 1 })
        .await
        .unwrap();
    orders.delete_one(doc! { "_id": 5 }).await.unwrap();
    let by = |keys: Document| IndexModel::builder().keys(keys).build();
    orders
        .create_index(by(doc! { "b": 1, "a": -1 }))
        .await
        .unwrap();
    orders.create_index(by(doc! { "gone": 1 })).await.unwrap();
    orders.drop_index("gone_1").await.unwrap();
    shop.create_collection("fresh").await.unwrap();
    let fresh = shop.collection::<Document>("fresh");
    fresh.create_index(by(doc! { "x": 1 })).await.unwrap();
    fresh
        .insert_many((0..2000).map(|n| doc! { "_id": n }))
        .await
        .unwrap();
    shop.collection::<Document>("doomed").drop().await.unwrap();
    let rename = doc! { "renameCollection": "shop.old", "to": "shop.young" };
    source.db("admin").run_command(rename).await.unwrap();

    for (commit, name) in [(true, "kept"), (false, "lost")] {
        let mut session = source.connection.client().start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        orders
            .insert_one(doc! { "_id": name })
            .session(&mut session)
            .await
            .unwrap();
        fresh
            .insert_one(doc! { "_id": name })
            .session(&mut session)
            .await
            .unwrap();
        if commit {
            session.commit_transaction().await.unwrap();
        } else {
            session.abort_transaction().await.unwrap();
        }
    }
}

/// A source with three collections, its archive parts at that moment, and the moment.
async fn source() -> Option<(Target, Vec<Part>, Timestamp)> {
    let source = Target::replica_set().await?;
    let parts = vec![
        plain("shop.doomed", 2),
        plain("shop.old", 4),
        plain("shop.orders", 10),
    ];
    source
        .restore(&archive(&parts), &RestoreOptions::default())
        .await
        .unwrap();
    let moment = now(&source).await;
    Some((source, parts, moment))
}

#[tokio::test]
async fn every_change_is_replayed() {
    let Some((source, mut parts, moment)) = source().await else {
        return;
    };
    change(&source).await;
    let entries = oplog(&source, moment).await;
    parts.push(entries);
    let bytes = archive(&parts);
    let target = Target::standalone().await.unwrap();
    let restored = target
        .restore(&bytes, &RestoreOptions::default())
        .await
        .unwrap();
    assert!(restored.replayed > 2000, "{}", restored.replayed);
    assert_eq!(contents(&target).await, contents(&source).await);

    let set = Target::replica_set().await.unwrap();
    set.restore(&bytes, &RestoreOptions::default())
        .await
        .unwrap();
    assert_eq!(contents(&set).await, contents(&source).await);
}

#[tokio::test]
async fn it_ends_at_the_moment_that_is_asked_for() {
    let Some((source, mut parts, moment)) = source().await else {
        return;
    };
    let orders = source.db("shop").collection::<Document>("orders");
    let mut moments = Vec::new();
    for number in 100..110 {
        orders.insert_one(doc! { "_id": number }).await.unwrap();
        moments.push(now(&source).await);
    }
    parts.push(oplog(&source, moment).await);
    let until = moments[4];
    let options = RestoreOptions {
        until: Some((until.time, until.increment)),
        ..RestoreOptions::default()
    };
    let target = Target::standalone().await.unwrap();
    target.restore(&archive(&parts), &options).await.unwrap();
    let newest = target
        .documents("shop", "orders")
        .await
        .iter()
        .map(|d| d.get_i32("_id").unwrap())
        .max();
    assert_eq!(newest, Some(104));
}

#[tokio::test]
async fn only_what_is_asked_for_is_replayed_and_only_under_its_own_name() {
    let Some((source, mut parts, moment)) = source().await else {
        return;
    };
    change(&source).await;
    parts.push(oplog(&source, moment).await);
    let bytes = archive(&parts);
    let target = Target::standalone().await.unwrap();
    let options = RestoreOptions {
        include: vec![Pattern::parse("shop.orders").unwrap()],
        ..RestoreOptions::default()
    };
    target.restore(&bytes, &options).await.unwrap();
    assert_eq!(
        target.db("shop").list_collection_names().await.unwrap(),
        ["orders"]
    );

    let mut renamed = RestoreOptions {
        rename: vec![Rename::parse("shop.*", "copy.*").unwrap()],
        ..RestoreOptions::default()
    };
    let restored = target.restore(&bytes, &renamed).await.unwrap();
    let reason = "an oplog can be replayed under the same names only";
    assert_eq!(restored.skipped["oplog"], reason);
    renamed.until = Some((moment.time, 0));
    let error = target.restore(&bytes, &renamed).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("failed to restore `to a point in time`: {reason}")
    );
    let whole = RestoreOptions {
        until: Some((moment.time, 0)),
        ..RestoreOptions::default()
    };
    let error = target
        .restore(&archive(&[plain("a.b", 1)]), &whole)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to restore `to a point in time`: the archive has no oplog, so it holds one moment only"
    );
}

#[tokio::test]
async fn a_dropped_database_takes_no_collection_with_it_that_the_archive_does_not_have() {
    let Some((source, mut parts, moment)) = source().await else {
        return;
    };
    let shop = source.db("shop");
    shop.drop().await.unwrap();
    shop.collection::<Document>("anew")
        .insert_one(doc! { "_id": 1 })
        .await
        .unwrap();
    let mut entries = oplog(&source, moment).await;
    // Servers before 3.6 log nothing of the collections, only that the database is dropped.
    entries.documents.retain(|entry| {
        entry
            .get_document("o")
            .is_ok_and(|o| !o.contains_key("drop"))
    });
    parts.push(entries);
    let target = Target::standalone().await.unwrap();
    let foreign = target.db("shop").collection::<Document>("foreign");
    foreign.insert_one(doc! { "_id": 7 }).await.unwrap();
    target
        .restore(&archive(&parts), &RestoreOptions::default())
        .await
        .unwrap();
    let mut names = target.db("shop").list_collection_names().await.unwrap();
    names.sort();
    assert_eq!(names, ["anew", "foreign"]);
}
