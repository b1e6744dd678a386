//! Rate limits in a real Redis: shared by gateways, and counted in memory while it is away.

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::gateway::start;
use crate::real::{Server, binary};
use crate::running::{Load, Running, eventually, header};

pub(crate) fn start_redis(binary: &str) -> Server {
    Server::start(binary, |port, folder| {
        let port = port.to_string();
        [
            "--port",
            &port,
            "--dir",
            folder,
            "--save",
            "",
            "--bind",
            "127.0.0.1",
        ]
        .map(str::to_owned)
        .to_vec()
    })
}

/// A connection to a server that was just started.
pub(crate) async fn until_it_answers(url: &str) -> redis::Connection {
    let client = redis::Client::open(url).unwrap();
    let connect = async || client.get_connection().ok();
    let mut connection = None;
    let connected = async || {
        connection = connect().await;
        connection.is_some()
    };
    eventually(connected, |connected| *connected).await;
    connection.unwrap()
}

async fn ask(gateway: &Running) -> (u16, Option<String>) {
    let response = gateway.request(Method::GET, "/api/").send().await.unwrap();
    (
        response.status().as_u16(),
        header(&response, "ratelimit-remaining").map(str::to_owned),
    )
}

async fn redis_is(gateway: &Running, status: &str) {
    let found =
        async || gateway.get("/api/health").await.1["dependencies"]["redis"]["status"].clone();
    eventually(found, |found| *found == json!(status)).await;
}

#[tokio::test]
async fn two_gateways_share_one_count_and_do_without_redis() {
    let Some(binary) = binary("ATLAS_TEST_REDIS_SERVER", "Redis") else {
        return;
    };
    let mut redis = start_redis(&binary);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let variables = [("REDIS_URL", url.as_str()), ("RATE_LIMIT_PER_MINUTE", "3")];
    let (left, right) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (left, right) = (
        start(&left, &variables).await,
        start(&right, &variables).await,
    );
    redis_is(&left, "healthy").await;
    redis_is(&right, "healthy").await;

    assert_eq!(ask(&left).await, (200, Some("2".into())));
    assert_eq!(ask(&right).await, (200, Some("1".into())));
    assert_eq!(ask(&left).await, (200, Some("0".into())));
    assert_eq!(ask(&right).await, (429, Some("0".into())));

    redis.kill();
    redis_is(&right, "degraded").await;
    assert_eq!(
        right.get("/api/health").await.0,
        200,
        "a gateway without Redis still works"
    );
    assert_eq!(
        ask(&right).await,
        (200, Some("2".into())),
        "counted in memory"
    );

    redis.revive();
    redis_is(&right, "healthy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_die_and_come_back_under_load() {
    let Some(binary) = binary("ATLAS_TEST_REDIS_SERVER", "Redis") else {
        return;
    };
    let mut redis = start_redis(&binary);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let folder = TempDir::new().unwrap();
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ];
    let gateway = start(&folder, &variables).await;
    redis_is(&gateway, "healthy").await;

    let load = Load::on(&gateway, "/api/");
    load.grows().await;
    redis.kill();
    redis_is(&gateway, "degraded").await;
    load.grows().await;
    redis.revive();
    redis_is(&gateway, "healthy").await;
    load.grows().await;
    let found = load.end().await;
    assert_eq!(found.keys().collect::<Vec<_>>(), [&200], "{found:?}");
}
