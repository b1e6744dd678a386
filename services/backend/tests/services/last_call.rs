//! `/health` of an integration: up, configured, how the last call went; and it never waits for the vendor.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::running::Running;

async fn start(vendor: &str) -> Running {
    let variables = [
        ("JIRA_URL", vendor),
        ("JIRA_USERNAME", "ann@example.com"),
        ("JIRA_TOKEN", "t0ken"),
        ("VENDOR_TIMEOUT_MS", "1000"),
    ];
    Running::start("jira", &variables).await
}

/// The last call without what differs from run to run.
async fn last_call(service: &Running) -> Value {
    let (status, mut body) = service.get("/health").await;
    assert_eq!((status, &body["status"]), (200, &json!("healthy")));
    let call = &mut body["last_call"];
    if let Some(fields) = call.as_object_mut() {
        assert!(fields.remove("ms").unwrap().as_u64().unwrap() < 20_000);
        let at = fields.remove("at").unwrap();
        let at: jiff::Timestamp = at.as_str().unwrap().parse().unwrap();
        let ago = jiff::Timestamp::now().as_second() - at.as_second();
        assert!((0..20).contains(&ago), "{at}");
    }
    call.take()
}

#[tokio::test]
async fn health_says_how_the_last_call_went() {
    let vendor = Fake::start(|_, before| match before {
        0 => Reply::json(json!({"issues": []})),
        1 => Reply::status(401),
        2 => Reply::text(
            400,
            "application/json",
            r#"{"errorMessages": ["no such field in `zebra`"]}"#,
        ),
        _ => Reply::json(json!({"displayName": "Ann"})),
    })
    .await;
    let service = start(&vendor.url).await;
    assert_eq!(last_call(&service).await, Value::Null, "before any call");

    service.search("x").await;
    assert_eq!(last_call(&service).await, json!({"outcome": "ok"}));

    service.search("y").await;
    assert_eq!(
        last_call(&service).await,
        json!({
            "outcome": "vendor_unauthorized",
            "message": "jira refused the credentials; check `JIRA_USERNAME` and `JIRA_TOKEN`",
        })
    );

    let (_, body) = service.search("zebra").await;
    assert!(body.to_string().contains("zebra"), "the vendor repeats it");
    assert_eq!(
        last_call(&service).await,
        json!({"outcome": "query_rejected"}),
        "health does not"
    );

    let (_, body) = service.get("/health/detailed").await;
    assert_eq!(body["last_call"]["outcome"], "ok", "a look is a call too");
}

#[tokio::test]
async fn health_does_not_wait_for_a_vendor_that_hangs() {
    let vendor = Fake::always(Reply::status(200).after(Duration::from_secs(60))).await;
    let service = start(&vendor.url).await;
    let looks = async {
        let started = Instant::now();
        for _ in 0..10 {
            last_call(&service).await;
        }
        started.elapsed()
    };
    let ((status, _), took) = futures_util::join!(service.search("x"), looks);
    assert_eq!(status, 504);
    assert!(took < Duration::from_millis(900), "{took:?}");
    assert_eq!(
        last_call(&service).await,
        json!({"outcome": "timeout", "message": "jira did not answer in time"})
    );
}

#[tokio::test]
async fn the_orchestrator_shows_it_for_every_service() {
    let vendor = Fake::always(Reply::status(401)).await;
    let service = start(&vendor.url).await;
    service.search("x").await;
    let it = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &service.url)]).await;
    let (_, health) = it.get("/health").await;
    let call = &health["services"]["jira"]["last_call"];
    assert_eq!(call["outcome"], "vendor_unauthorized");
    let (_, listed) = it.get("/services").await;
    assert_eq!(&listed["services"][0]["last_call"], call);
}
