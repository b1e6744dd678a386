//! The gateway over a real MongoDB: kept, sealed, indexed, lost and found again.

use mongodb::Client;
use mongodb::bson::{Document, doc};
use reqwest::Method;
use serde_json::json;

use crate::real::{Server, binary};
use crate::running::{Running, answer, code, eventually};

fn start_mongod(binary: &str, more: &[&str]) -> Server {
    Server::start(binary, |port, folder| {
        let port = port.to_string();
        let mut arguments = vec![
            "--port",
            &port,
            "--dbpath",
            folder,
            "--bind_ip",
            "127.0.0.1",
        ];
        arguments.extend_from_slice(more);
        arguments.into_iter().map(str::to_owned).collect()
    })
}

#[tokio::test]
async fn settings_and_history_live_in_mongodb() {
    let Some(binary) = binary("ATLAS_TEST_MONGOD", "MongoDB") else {
        return;
    };
    let mongod = start_mongod(&binary, &[]);
    let url = format!("mongodb://127.0.0.1:{}", mongod.port);
    let variables = [
        ("MONGO_URL", url.as_str()),
        ("DB_NAME", "atlas_test"),
        ("HISTORY_DAYS", "7"),
        ("ATLAS_SECRET_KEY", "correct horse battery"),
    ];
    let gateway = Running::start("gateway", &variables).await;
    eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 200,
    )
    .await;

    let sent = json!({"theme": "dark", "n": 3, "deep": {"list": [1, {"token": "s3cret-value"}]}});
    let (status, body) = answer(
        gateway
            .request(Method::PUT, "/api/settings/ann")
            .json(&sent),
    )
    .await;
    let shown = json!({"theme": "dark", "n": 3, "deep": {"list": [1, {"token": {"set": true}}]}});
    assert_eq!((status, &body["settings"]), (200, &shown));
    assert_eq!(gateway.get("/api/settings/ann").await.1["settings"], shown);

    gateway
        .post("/api/search", json!({"query": "x", "user_id": "ann"}))
        .await;
    let history = eventually(
        async || gateway.get("/api/history/ann").await.1,
        |body| body["history"] != json!([]),
    )
    .await;
    assert_eq!(history["history"][0]["query"], "x");

    let database = Client::with_uri_str(&url)
        .await
        .unwrap()
        .database("atlas_test");
    let stored = database
        .collection::<Document>("settings")
        .find_one(doc! {"_id": "ann"})
        .await
        .unwrap()
        .unwrap();
    assert!(
        !stored.to_string().contains("s3cret-value"),
        "sealed at rest"
    );
    let indexes = database
        .run_command(doc! {"listIndexes": "history"})
        .await
        .unwrap();
    let indexes = indexes
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap()
        .clone();
    let expiry = indexes
        .iter()
        .filter_map(|index| index.as_document()?.get("expireAfterSeconds").cloned())
        .next();
    assert_eq!(
        expiry.and_then(|seconds| seconds.as_i64().or(seconds.as_i32().map(i64::from))),
        Some(7 * 86_400)
    );
    assert_eq!(indexes.len(), 3);

    // Another retention changes the index that is there.
    gateway.stop().await;
    let gateway = Running::start(
        "gateway",
        &[
            ("MONGO_URL", &url),
            ("DB_NAME", "atlas_test"),
            ("HISTORY_DAYS", "8"),
        ],
    )
    .await;
    eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 200,
    )
    .await;
    assert_eq!(
        answer(gateway.request(Method::DELETE, "/api/history/ann"))
            .await
            .1["deleted"],
        1
    );
}

#[tokio::test]
async fn health_follows_mongodb_down_and_up_again() {
    let Some(binary) = binary("ATLAS_TEST_MONGOD", "MongoDB") else {
        return;
    };
    let mut mongod = start_mongod(&binary, &[]);
    let url = format!("mongodb://127.0.0.1:{}", mongod.port);
    let gateway = Running::start("gateway", &[("MONGO_URL", &url)]).await;
    eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 200,
    )
    .await;

    mongod.kill();
    let (_, body) = eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 503,
    )
    .await;
    assert_eq!(body["status"], "unhealthy");
    assert_eq!(body["dependencies"]["mongodb"]["status"], "unhealthy");
    let (status, body) = gateway.get("/api/settings/ann").await;
    assert_eq!((status, code(&body)), (503, "store_unavailable"));
    assert_eq!(
        gateway.post("/api/search", json!({"query": "x"})).await.0,
        200,
        "searches do not need the store"
    );

    mongod.revive();
    eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 200,
    )
    .await;
    assert_eq!(gateway.get("/api/settings/ann").await.0, 200);
}

#[tokio::test]
async fn wrong_credentials_are_told_in_words() {
    let Some(binary) = binary("ATLAS_TEST_MONGOD", "MongoDB") else {
        return;
    };
    let mongod = start_mongod(&binary, &["--auth"]);
    for (credentials, reason) in [
        (
            "",
            "MongoDB wants credentials, or those in `MONGO_URL` lack a permission on the database",
        ),
        (
            "ann:wr0ng@",
            "MongoDB refused the user name or password in `MONGO_URL`",
        ),
    ] {
        let url = format!("mongodb://{credentials}127.0.0.1:{}", mongod.port);
        let gateway = Running::start("gateway", &[("MONGO_URL", &url)]).await;
        let said = async || {
            gateway.get("/api/health").await.1["dependencies"]["mongodb"]["reason"].clone()
        };
        eventually(said, |said| said == reason).await;
    }
}
