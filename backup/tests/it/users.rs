//! Users and roles: after a restore they can log in, and nobody who could is locked out.

use atlas_backup::mongo::{Connection, RestoreOptions, restore};
use atlas_backup::progress::Silent;
use mongodb::bson::{Document, doc};
use std::io::Cursor;
use std::sync::Arc;

use crate::target::{Part, Target, archive, plain};

/// A server with accounts whose root has this password.
async fn guarded(password: &str) -> Option<(Target, Connection)> {
    let target = Target::start(&["--auth"]).await?;
    user(&target.connection, "root", password, "root").await;
    let root = open(&target, "root", password).await.unwrap();
    Some((target, root))
}

async fn user(connection: &Connection, name: &str, password: &str, role: &str) {
    let admin = connection.client().database("admin");
    let command = doc! { "createUser": name, "pwd": password, "roles": [role] };
    admin.run_command(command).await.unwrap();
}

async fn open(
    target: &Target,
    name: &str,
    password: &str,
) -> Result<Connection, atlas_backup::Error> {
    Connection::open(&target.uri(&format!("{name}:{password}@"))).await
}

/// The documents of a collection of `admin`, as an archive has them.
async fn part(root: &Connection, name: &'static str) -> Part {
    use futures_util::TryStreamExt;
    let collection = name.strip_prefix("admin.").unwrap();
    let collection = root
        .client()
        .database("admin")
        .collection::<Document>(collection);
    let found = collection.find(doc! {}).await.unwrap();
    Part {
        documents: found.try_collect().await.unwrap(),
        ..plain(name, 0)
    }
}

#[tokio::test]
async fn users_log_in_after_a_restore_and_the_one_who_restores_stays_as_it_is() {
    let Some((_source, root)) = guarded("first").await else {
        return;
    };
    let admin = root.client().database("admin");
    admin
        .run_command(doc! { "createRole": "reader", "privileges": [
            { "resource": { "db": "shop", "collection": "" }, "actions": ["find"] }
        ], "roles": [] })
        .await
        .unwrap();
    user(&root, "app", "secret", "reader").await;
    user(&root, "both", "of-the-archive", "reader").await;
    let names = [
        "admin.system.users",
        "admin.system.roles",
        "admin.system.version",
    ];
    let mut parts = Vec::new();
    for name in names {
        parts.push(part(&root, name).await);
    }
    parts.push(plain("shop.orders", 3));
    let bytes = archive(&parts);

    let Some((target, root)) = guarded("second").await else {
        return;
    };
    user(&root, "mine", "mine", "root").await;
    user(&root, "both", "of-the-server", "root").await;
    let without = RestoreOptions {
        drop: true,
        ..RestoreOptions::default()
    };
    let with = RestoreOptions {
        users_and_roles: true,
        ..without.clone()
    };
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let run = async |options: &RestoreOptions| {
        let input = Cursor::new(bytes.clone());
        restore(&root, options, input, Arc::new(Silent), cancel.clone())
            .await
            .unwrap()
    };

    let restored = run(&without).await;
    assert_eq!(
        restored.skipped["admin.system.users"],
        "users and roles were not asked for"
    );
    assert!(!restored.users_and_roles);
    assert!(open(&target, "app", "secret").await.is_err());

    assert!(run(&with).await.users_and_roles);
    let app = open(&target, "app", "secret").await.unwrap();
    let shop = app.client().database("shop");
    let orders = shop.collection::<Document>("orders");
    assert_eq!(
        orders.find_one(doc! { "_id": 1 }).await.unwrap(),
        Some(doc! { "_id": 1 })
    );
    assert!(
        orders.insert_one(doc! {}).await.is_err(),
        "its role only reads"
    );

    assert!(
        open(&target, "root", "second").await.is_ok(),
        "the one who restores"
    );
    assert!(open(&target, "root", "first").await.is_err());
    assert!(
        open(&target, "mine", "mine").await.is_ok(),
        "not in the archive"
    );
    assert!(open(&target, "both", "of-the-archive").await.is_ok());
    let left = root
        .client()
        .database("admin")
        .list_collection_names()
        .await
        .unwrap();
    assert!(
        !left.iter().any(|name| name.starts_with("temp")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_user_without_the_right_is_told_so() {
    let Some((target, root)) = guarded("first").await else {
        return;
    };
    user(&root, "app", "secret", "read").await;
    let app = open(&target, "app", "secret").await.unwrap();
    let (_keep, cancel) = tokio::sync::watch::channel(false);
    let input = Cursor::new(archive(&[plain("shop.orders", 3)]));
    let options = RestoreOptions::default();
    let error = restore(&app, &options, input, Arc::new(Silent), cancel)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to list the collections of `shop`: the user is not allowed to"
    );
    assert!(!format!("{error:?}").contains("secret"));
}
