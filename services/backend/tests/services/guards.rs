//! The gateway's guards: CORS, the limit, the key.

use reqwest::{Method, Response};
use serde_json::json;
use tempfile::TempDir;

use crate::gateway::start;
use crate::running::{Running, answer, code, header};

const EXTENSION: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop";

async fn preflight(gateway: &Running, origin: &str) -> Response {
    let request = gateway
        .request(Method::OPTIONS, "/api/search")
        .header("origin", origin);
    let request = request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    request.send().await.unwrap()
}

#[tokio::test]
async fn only_listed_origins_may_call_from_a_browser() {
    let folder = TempDir::new().unwrap();
    let origins = format!("{EXTENSION}, https://atlas.example.com");
    let gateway = start(
        &folder,
        &[
            ("CORS_ORIGINS", &origins),
            ("ATLAS_ENV", "production"),
            ("ATLAS_API_KEY", "k"),
        ],
    )
    .await;

    let allowed = preflight(&gateway, EXTENSION).await;
    assert_eq!(
        allowed.status(),
        204,
        "a preflight needs no key: browsers send none"
    );
    assert_eq!(
        header(&allowed, "access-control-allow-origin"),
        Some(EXTENSION)
    );
    assert_eq!(
        header(&allowed, "access-control-allow-methods"),
        Some("GET, POST, PUT, DELETE, OPTIONS")
    );
    assert!(
        header(&allowed, "access-control-allow-headers")
            .unwrap()
            .contains("X-API-Key")
    );
    assert_eq!(header(&allowed, "vary"), Some("Origin"));

    let refused = preflight(
        &gateway,
        "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba",
    )
    .await;
    assert_eq!(
        (
            refused.status().as_u16(),
            header(&refused, "access-control-allow-origin")
        ),
        (403, None)
    );
    assert_eq!(code(&refused.json().await.unwrap()), "origin_not_allowed");

    let plain = gateway
        .request(Method::GET, "/api/services")
        .header("origin", EXTENSION)
        .send()
        .await
        .unwrap();
    assert_eq!(plain.status(), 401, "an error can be read by the page too");
    assert_eq!(
        header(&plain, "access-control-allow-origin"),
        Some(EXTENSION)
    );
    assert!(
        header(&plain, "access-control-expose-headers")
            .unwrap()
            .contains("RateLimit-Remaining")
    );
}

#[tokio::test]
async fn the_key_guards_everything_but_health() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("ATLAS_API_KEY", "k3y")]).await;

    for path in ["/api/health", "/health"] {
        assert_eq!(gateway.get(path).await.0, 200, "{path}");
    }
    for path in [
        "/api/",
        "/api/services",
        "/api/settings/ann",
        "/api/history/ann",
        "/api/health/detailed",
    ] {
        let (status, body) = gateway.get(path).await;
        assert_eq!((status, code(&body)), (401, "unauthorized"), "{path}");
    }
    for (name, value) in [
        ("authorization", "Bearer k3y"),
        ("authorization", "bearer k3y"),
        ("x-api-key", "k3y"),
    ] {
        assert_eq!(
            answer(gateway.request(Method::GET, "/api/").header(name, value))
                .await
                .0,
            200,
            "{name}: {value}"
        );
    }
    for (name, value) in [
        ("authorization", "Basic k3y"),
        ("authorization", "k3y"),
        ("x-api-key", "k3"),
        ("x-api-key", ""),
    ] {
        assert_eq!(
            answer(gateway.request(Method::GET, "/api/").header(name, value))
                .await
                .0,
            401,
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let folder = TempDir::new().unwrap();
    let gateway = start(
        &folder,
        &[
            ("RATE_LIMIT_PER_MINUTE", "2"),
            ("ATLAS_TRUST_PROXY", "true"),
        ],
    )
    .await;
    let ask = async |client: &str| {
        gateway
            .request(Method::GET, "/api/")
            .header("x-real-ip", client)
            .send()
            .await
            .unwrap()
    };

    let first = ask("192.0.2.1").await;
    assert_eq!(first.status(), 200);
    assert_eq!(
        (
            header(&first, "ratelimit-limit"),
            header(&first, "ratelimit-remaining")
        ),
        (Some("2"), Some("1"))
    );
    assert_eq!(header(&first, "ratelimit-reset"), Some("30"));
    ask("192.0.2.1").await;
    let refused = ask("192.0.2.1").await;
    assert_eq!(
        (
            refused.status().as_u16(),
            header(&refused, "ratelimit-remaining")
        ),
        (429, Some("0"))
    );
    assert!(
        header(&refused, "retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            <= 30
    );
    assert_eq!(code(&refused.json().await.unwrap()), "rate_limited");

    assert_eq!(
        ask("192.0.2.2").await.status(),
        200,
        "another client has its own bucket"
    );
    for _ in 0..10 {
        assert_eq!(
            gateway.get("/api/health").await.0,
            200,
            "health is not limited"
        );
    }
}

#[tokio::test]
async fn a_client_cannot_give_itself_another_name_unless_a_proxy_is_trusted() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("RATE_LIMIT_PER_MINUTE", "1")]).await;
    for (name, expected) in [("192.0.2.1", 200), ("192.0.2.2", 429)] {
        let response = gateway
            .request(Method::GET, "/api/")
            .header("x-real-ip", name)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), expected);
    }
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[]).await;
    let ask = async |id: &str| {
        let response = gateway
            .request(Method::GET, "/api/nope")
            .header("x-request-id", id)
            .send()
            .await
            .unwrap();
        let shown = header(&response, "x-request-id").unwrap().to_owned();
        let body: serde_json::Value = response.json().await.unwrap();
        assert_eq!(body["error"]["request_id"], json!(shown));
        shown
    };
    assert_eq!(ask("abc-1.2_3").await, "abc-1.2_3");
    for insane in ["a b", "x\"y", &"a".repeat(65)] {
        assert_eq!(ask(insane).await.len(), 32, "{insane}");
    }
}
