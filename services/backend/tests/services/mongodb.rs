//! The gateway over a real MongoDB: kept, sealed, indexed, lost and found again.

use mongodb::bson::{Document, doc};
use mongodb::{Client, Database};
use reqwest::Method;
use serde_json::json;

use crate::real::{Server, binary};
use crate::running::{Load, Running, answer, code, eventually};

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

/// A gateway that has found its MongoDB.
async fn start_gateway(url: &str, more: &[(&str, &str)]) -> Running {
    let mut variables = vec![("MONGO_URL", url), ("DB_NAME", "atlas_test")];
    variables.extend_from_slice(more);
    let gateway = Running::start("gateway", &variables).await;
    eventually(
        async || gateway.get("/api/health").await,
        |(status, _)| *status == 200,
    )
    .await;
    gateway
}

async fn database(url: &str) -> Database {
    Client::with_uri_str(url)
        .await
        .unwrap()
        .database("atlas_test")
}

#[tokio::test]
async fn settings_live_in_mongodb_sealed_where_secret() {
    let Some(binary) = binary("ATLAS_TEST_MONGOD", "MongoDB") else {
        return;
    };
    let mongod = start_mongod(&binary, &[]);
    let url = format!("mongodb://127.0.0.1:{}", mongod.port);
    let gateway = start_gateway(&url, &[("ATLAS_SECRET_KEY", "correct horse battery")]).await;

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

    let settings = database(&url).await.collection::<Document>("settings");
    let stored = settings
        .find_one(doc! {"_id": "ann"})
        .await
        .unwrap()
        .unwrap();
    assert!(
        !stored.to_string().contains("s3cret-value"),
        "sealed at rest: {stored}"
    );

    let foreign = doc! {"_id": "bob", "settings": {"theme": "light", "api_key": "in the clear"}};
    settings.insert_one(foreign).await.unwrap();
    let (_, body) = gateway.get("/api/settings/bob").await;
    assert_eq!(
        body["settings"],
        json!({"theme": "light", "api_key": {"set": true}}),
        "whoever wrote it"
    );
}

#[tokio::test]
async fn history_lives_in_mongodb_and_expires() {
    let Some(binary) = binary("ATLAS_TEST_MONGOD", "MongoDB") else {
        return;
    };
    let mongod = start_mongod(&binary, &[]);
    let url = format!("mongodb://127.0.0.1:{}", mongod.port);
    let gateway = start_gateway(&url, &[("HISTORY_DAYS", "7")]).await;

    gateway
        .post("/api/search", json!({"query": "x", "user_id": "ann"}))
        .await;
    let history = async || gateway.get("/api/history/ann").await.1;
    let history = eventually(history, |body| body["history"] != json!([])).await;
    assert_eq!(history["history"][0]["query"], "x");
    assert_eq!(expiry(&url).await, Some(7 * 86_400));

    gateway.stop().await;
    let gateway = start_gateway(&url, &[("HISTORY_DAYS", "8")]).await;
    assert_eq!(
        expiry(&url).await,
        Some(8 * 86_400),
        "another retention changes the index"
    );
    let deleted = answer(gateway.request(Method::DELETE, "/api/history/ann"))
        .await
        .1["deleted"]
        .clone();
    assert_eq!(deleted, 1);
}

/// After how many seconds the history's index lets documents go.
async fn expiry(url: &str) -> Option<i64> {
    let listed = database(url)
        .await
        .run_command(doc! {"listIndexes": "history"})
        .await
        .unwrap();
    let indexes = listed
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let seconds = indexes
        .iter()
        .find_map(|index| index.as_document()?.get("expireAfterSeconds"))?;
    seconds.as_i64().or(seconds.as_i32().map(i64::from))
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

#[tokio::test(flavor = "multi_thread")]
async fn mongodb_may_die_and_come_back_under_load() {
    let Some(binary) = binary("ATLAS_TEST_MONGOD", "MongoDB") else {
        return;
    };
    let mut mongod = start_mongod(&binary, &[]);
    let url = format!("mongodb://127.0.0.1:{}", mongod.port);
    let gateway = start_gateway(&url, &[("RATE_LIMIT_PER_MINUTE", "0")]).await;
    let is = async |wanted: u16| {
        let health = async || gateway.get("/api/health").await.0;
        eventually(health, |status| *status == wanted).await
    };

    let load = Load::on(&gateway, "/api/settings/ann");
    load.grows().await;
    mongod.kill();
    is(503).await;
    load.grows().await;
    mongod.revive();
    is(200).await;
    load.grows().await;
    let found = load.end().await;
    assert_eq!(found.keys().collect::<Vec<_>>(), [&200, &503], "{found:?}");
    assert_eq!(gateway.get("/api/settings/ann").await.0, 200);
}
