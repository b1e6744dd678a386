//! Traces across gateway, orchestrator and services, as a collector sees them: bodies as in
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{Fake, Reply};
use crate::running::{Running, eventually};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// A span as it came in, with the name of the service that sent it.
#[derive(Clone, Debug)]
struct Received {
    service: String,
    span: Value,
}

impl Received {
    fn field(&self, name: &str) -> &str {
        self.span[name].as_str().unwrap_or_default()
    }

    fn attribute(&self, key: &str) -> Value {
        let attributes = self.span["attributes"].as_array().unwrap();
        let found = attributes.iter().find(|a| a["key"] == key);
        found.map_or(Value::Null, |a| a["value"].clone())
    }

    /// What holds for every span of a trace that went well.
    fn is_whole(&self) {
        assert_eq!(self.field("traceState"), "congo=t61rcWkgMzE");
        assert_eq!(self.field("spanId").len(), 16);
        let status = self.attribute("http.response.status_code");
        assert_eq!(status, json!({"intValue": "200"}));
        let nanos = |name: &str| self.field(name).parse::<u128>().unwrap();
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"));
        assert_eq!(self.span.get("status"), None);
    }
}

fn received(collector: &Fake) -> Vec<Received> {
    let mut spans = Vec::new();
    for seen in collector.seen() {
        let sent = &seen.body["resourceSpans"][0];
        let attributes = sent["resource"]["attributes"].as_array().unwrap();
        let name = attributes.iter().find(|a| a["key"] == "service.name");
        let service = name.unwrap()["value"]["stringValue"].as_str().unwrap();
        let all = sent["scopeSpans"][0]["spans"].as_array().unwrap();
        spans.extend(all.iter().map(|span| Received {
            service: service.to_owned(),
            span: span.clone(),
        }));
    }
    spans
}

async fn collector() -> Fake {
    Fake::always(Reply::json(json!({}))).await
}

/// What makes a role export to `collector` at once.
fn exporting(collector: &str) -> [(&str, &str); 2] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ]
}

async fn jira(vendor: &Fake, further: &[(&str, &str)]) -> Running {
    let mut variables = vec![
        ("JIRA_URL", vendor.url.as_str()),
        ("JIRA_USERNAME", "ann@example.com"),
        ("JIRA_TOKEN", "t0ken"),
    ];
    variables.extend(further);
    Running::start("jira", &variables).await
}

async fn issues() -> Fake {
    Fake::always(Reply::json(json!({"issues": []}))).await
}

async fn ask(service: &Running, path: &str, traceparent: &str) {
    let request = service
        .request(Method::POST, path)
        .header("traceparent", traceparent)
        .header("tracestate", "congo=t61rcWkgMzE")
        .header("x-user-id", "bob@example.com")
        .json(&json!({"query": "zebra"}));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

/// A gateway, and what must live as long: the services behind it and its folder.
async fn all_roles(collector: &Fake, vendor: &Fake) -> (Running, ([Running; 2], TempDir)) {
    let exporting = exporting(&collector.url);
    let jira = jira(vendor, &exporting).await;
    let mut variables = exporting.to_vec();
    variables.push(("JIRA_SERVICE_URL", &jira.url));
    let orchestrator = Running::start("orchestrator", &variables).await;
    let folder = TempDir::new().unwrap();
    let mut variables = exporting.to_vec();
    variables.push(("ORCHESTRATOR_URL", &orchestrator.url));
    let gateway = crate::gateway::start(&folder, &variables).await;
    (gateway, ([orchestrator, jira], folder))
}

#[tokio::test]
async fn one_trace_joins_gateway_orchestrator_service_and_the_call_to_the_vendor() {
    let (collector, vendor) = (collector().await, issues().await);
    let (gateway, _parts) = all_roles(&collector, &vendor).await;

    ask(&gateway, "/api/search", &format!("00-{TRACE}-{SPAN}-01")).await;
    let of_trace = async || {
        let mut spans = received(&collector);
        spans.retain(|received| received.field("traceId") == TRACE);
        spans
    };
    let spans = eventually(of_trace, |spans| spans.len() == 6).await;

    let mut parent = SPAN.to_owned();
    for (service, kind, name) in [
        ("gateway", 2, "POST /api/search"),
        ("gateway", 3, "POST /search"),
        ("orchestrator", 2, "POST /search"),
        ("orchestrator", 3, "POST /search"),
        ("jira", 2, "POST /search"),
        ("jira", 3, "POST jira"),
    ] {
        let mut below = spans.iter().filter(|s| s.field("parentSpanId") == parent);
        let span = below
            .next()
            .unwrap_or_else(|| panic!("{name} in {spans:?}"));
        assert!(below.next().is_none());
        assert_eq!(
            (
                span.service.as_str(),
                span.field("name"),
                &span.span["kind"]
            ),
            (service, name, &json!(kind))
        );
        span.is_whole();
        parent = span.field("spanId").to_owned();
    }
    let asked = &vendor.seen()[0];
    assert_eq!(asked.header("traceparent"), "", "vendors are not told");
    let sent: String = collector
        .seen()
        .iter()
        .map(|s| s.body.to_string())
        .collect();
    for word in ["zebra", "bob", "t0ken", "ann@", "/rest/api"] {
        assert!(!sent.contains(word), "{word} is in {sent}");
    }
}

#[tokio::test]
async fn a_span_is_what_a_collector_reads() {
    let (collector, vendor) = (collector().await, Fake::always(Reply::status(401)).await);
    let mut variables = exporting(&collector.url).to_vec();
    variables.push(("OTEL_EXPORTER_OTLP_HEADERS", "x-key=s3cret%3D"));
    variables.push((
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment.name=test",
    ));
    let service = jira(&vendor, &variables).await;
    assert_eq!(service.search("x").await.0, 502);
    let sent = eventually(async || received(&collector), |spans| spans.len() == 2).await;

    let request = &collector.seen()[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1/traces")
    );
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("x-key"), "s3cret=");
    assert_eq!(
        request.body["resourceSpans"][0]["resource"],
        json!({"attributes": [
            {"key": "deployment.environment.name", "value": {"stringValue": "test"}},
            {"key": "service.name", "value": {"stringValue": "jira"}},
            {"key": "service.namespace", "value": {"stringValue": "atlas"}},
            {"key": "service.version", "value": {"stringValue": atlas_backend::VERSION}},
        ]})
    );
    let server = sent.iter().find(|span| span.span["kind"] == 2).unwrap();
    let mut span = server.span.clone();
    for varies in ["traceId", "spanId", "startTimeUnixNano", "endTimeUnixNano"] {
        span.as_object_mut().unwrap().remove(varies);
    }
    assert_eq!(
        span,
        json!({
            "flags": 1,
            "name": "POST /search",
            "kind": 2,
            "attributes": [
                {"key": "http.request.method", "value": {"stringValue": "POST"}},
                {"key": "http.route", "value": {"stringValue": "/search"}},
                {"key": "http.response.status_code", "value": {"intValue": "502"}},
                {"key": "error.type", "value": {"stringValue": "vendor_unauthorized"}},
            ],
            "status": {"code": 2},
        })
    );
    let client = sent.iter().find(|span| span.span["kind"] == 3).unwrap();
    assert_eq!(client.field("parentSpanId"), server.field("spanId"));
    for (key, value) in [
        ("peer.service", json!({"stringValue": "jira"})),
        ("server.address", json!({"stringValue": "127.0.0.1"})),
        ("http.response.status_code", json!({"intValue": "401"})),
        ("error.type", json!({"stringValue": "vendor_unauthorized"})),
    ] {
        assert_eq!(client.attribute(key), value, "{key}");
    }
}

#[tokio::test]
async fn what_is_malformed_or_not_sampled_begins_anew_or_is_not_recorded() {
    let (collector, vendor) = (collector().await, issues().await);
    let service = jira(&vendor, &exporting(&collector.url)).await;
    ask(&service, "/search", &format!("00-{TRACE}-{SPAN}-00")).await;
    service.get("/health").await;
    ask(
        &service,
        "/search",
        &format!("00-{TRACE}-{}-01", "0".repeat(16)),
    )
    .await;
    let spans = eventually(async || received(&collector), |spans| !spans.is_empty()).await;
    assert_ne!(spans[0].field("traceId"), TRACE);
    assert_eq!(spans[0].field("traceId").len(), 32);
    assert_eq!(spans[0].span.get("parentSpanId"), None);
    assert_eq!(spans[0].span.get("traceState"), None);
    service.stop().await;
    let names: Vec<String> = received(&collector)
        .iter()
        .map(|span| span.field("name").to_owned())
        .collect();
    assert_eq!(names, ["POST /search"], "no probe, and the second was kept");
}

#[tokio::test]
async fn without_a_collector_a_trace_passes_through_unchanged() {
    let jira = Fake::always(Reply::json(json!([]))).await;
    let it = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    ask(&it, "/search", &traceparent).await;
    let asked = &jira.seen()[0];
    assert_eq!(asked.header("traceparent"), traceparent);
    assert_eq!(asked.header("tracestate"), "congo=t61rcWkgMzE");
}

#[tokio::test]
async fn what_was_recorded_is_delivered_before_the_end() {
    let (collector, vendor) = (collector().await, issues().await);
    let endpoint = format!("{}/custom", collector.url);
    let variables = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str())];
    let service = jira(&vendor, &variables).await;
    service.search("x").await;
    assert!(service.stop().await < Duration::from_secs(2));
    assert_eq!(received(&collector).len(), 2);
    assert_eq!(collector.seen()[0].path, "/custom");
}

#[tokio::test]
async fn a_dead_or_hanging_collector_costs_nothing() {
    let hanging = Fake::always(Reply::status(200).after(Duration::from_secs(60))).await;
    let vendor = issues().await;
    for collector in ["http://127.0.0.1:9", &hanging.url] {
        let service = jira(&vendor, &exporting(collector)).await;
        // More than the queue holds.
        let started = Instant::now();
        for _ in 0..30 {
            let asked = (0..100).map(|_| service.get("/services"));
            futures_util::future::join_all(asked).await;
        }
        let took = started.elapsed();
        assert!(took < Duration::from_secs(15), "{collector}: {took:?}");
        let metrics = service.request(Method::GET, "/metrics").send().await;
        let metrics = metrics.unwrap().text().await.unwrap();
        let dropped = metrics.contains("atlas_trace_spans_total{outcome=\"dropped\"}");
        assert!(dropped, "{metrics}");
        assert!(metrics.contains("\nprocess_resident_memory_bytes "));
        assert!(service.stop().await < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_collector_that_was_away_for_a_moment_gets_what_it_missed() {
    let collector = Fake::start(|_, before| match before {
        0 => Reply::status(503),
        _ => Reply::json(json!({})),
    })
    .await;
    let vendor = issues().await;
    let service = jira(&vendor, &exporting(&collector.url)).await;
    service.search("x").await;
    let delivered = async || {
        let metrics = service.request(Method::GET, "/metrics").send().await;
        metrics.unwrap().text().await.unwrap()
    };
    let line = "atlas_trace_spans_total{outcome=\"exported\"} 2";
    eventually(delivered, |metrics| metrics.contains(line)).await;
}
