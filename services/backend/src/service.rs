//! The routes of an integration service: one [`Source`] behind `/health`, `/health/detailed` and `/search`, and their description.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::metrics::Metrics;
use crate::openapi;
use crate::problem::{Body, Problem};
use crate::request_id::RequestId;
use crate::search::SearchRequest;
use crate::source::{Health, LastCall, Source, Status};

/// A finding about the vendor is good for this long: `/health/detailed` must not become a way to spend its rate limit.
const CHECK_FRESH: Duration = Duration::from_secs(5);

struct Service {
    source: Arc<dyn Source>,
    metrics: Arc<Metrics>,
    checked: Mutex<Option<(Instant, Health)>>,
}

/// The routes over `source`.
pub fn routes(source: Arc<dyn Source>, metrics: Arc<Metrics>) -> Router {
    let described = openapi::routes(source.name());
    let service = Arc::new(Service {
        source,
        metrics,
        checked: Mutex::default(),
    });
    described
        .route("/health", get(health))
        .route("/health/detailed", get(detailed))
        .route("/search", post(search))
        .with_state(service)
}

/// What every role says of itself first; a service writes it as it is, because probes ask often.
#[derive(Serialize)]
struct Description<'a> {
    status: Status,
    service: &'a str,
    version: &'static str,
    uptime_seconds: u64,
    configured: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_call: &'a Option<LastCall>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl<'a> Description<'a> {
    fn new(
        service: &'a str,
        uptime_seconds: u64,
        health: &'a Health,
        more: Map<String, Value>,
    ) -> Self {
        Self {
            status: health.status,
            service,
            version: crate::VERSION,
            uptime_seconds,
            configured: health.configured,
            reason: &health.reason,
            last_call: &health.last_call,
            more,
        }
    }
}

/// `{status, service, version, uptime_seconds, configured, reason?, last_call?}`.
pub fn describe(name: &str, uptime_seconds: u64, health: &Health) -> Map<String, Value> {
    match json!(Description::new(name, uptime_seconds, health, Map::new())) {
        Value::Object(description) => description,
        _ => Map::new(),
    }
}

async fn health(
    State(service): State<Arc<Service>>,
    Extension(id): Extension<RequestId>,
) -> Response {
    let health = service.source.health(&id).await;
    let uptime = service.metrics.uptime_seconds();
    let more = service.source.describe(false);
    Json(Description::new(
        service.source.name(),
        uptime,
        &health,
        more,
    ))
    .into_response()
}

async fn detailed(
    State(service): State<Arc<Service>>,
    Extension(id): Extension<RequestId>,
) -> Response {
    let mut checked = service.checked.lock().await;
    let found = match checked
        .as_ref()
        .filter(|(at, _)| at.elapsed() < CHECK_FRESH)
    {
        Some((_, health)) => health.clone(),
        None => service.source.check(&id).await,
    };
    if checked
        .as_ref()
        .is_none_or(|(at, _)| at.elapsed() >= CHECK_FRESH)
    {
        *checked = Some((Instant::now(), found.clone()));
    }
    let mut description = describe(
        service.source.name(),
        service.metrics.uptime_seconds(),
        &found,
    );
    description.extend(service.source.describe(true));
    description.insert("dependencies".into(), json!({service.source.name(): found}));
    Json(description).into_response()
}

/// What does not come from the vendor right now has an `Age` (RFC 9111, section 5.1).
async fn search(
    State(service): State<Arc<Service>>,
    Extension(id): Extension<RequestId>,
    Body(request): Body<SearchRequest>,
) -> Result<Response, Problem> {
    let request = request.checked()?;
    let found = service.source.search(&request, &id).await?;
    let age = found.age.map(|age| [(header::AGE, age.to_string())]);
    Ok((age, Json(found.hits)).into_response())
}
