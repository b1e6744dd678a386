//! Asking many sources at once. Owns the routes of the orchestrator role; [`fanout`] and [`fusion`] are the gateway's too.

pub mod fanout;
pub mod far;
pub mod fusion;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};

use crate::metrics::Metrics;
use crate::openapi;
use crate::problem::{Body, Problem, Segment};
use crate::request_id::RequestId;
use crate::search::SearchRequest;
use crate::server::Shutdown;
use crate::service::describe;
use crate::source::{Health, Status};
use crate::sse;
use fanout::{Fanout, Report};

struct Orchestrator {
    fanout: Arc<Fanout>,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
}

/// The routes over `fanout`.
pub fn routes(fanout: Arc<Fanout>, metrics: Arc<Metrics>, shutdown: Shutdown) -> Router {
    let orchestrator = Arc::new(Orchestrator {
        fanout,
        metrics,
        shutdown,
    });
    openapi::routes("orchestrator")
        .route("/health", get(health))
        .route("/health/detailed", get(detailed))
        .route("/search", post(search))
        .route("/search/stream", post(stream))
        .route("/services", get(services))
        .route("/services/{name}/enable", post(enable))
        .route("/services/{name}/disable", post(disable))
        .with_state(orchestrator)
}

type Shared = State<Arc<Orchestrator>>;

/// 200 even when a service is away: the orchestrator answers with what the others know.
async fn health(
    State(it): Shared,
    Extension(id): Extension<RequestId>,
) -> Json<Map<String, Value>> {
    Json(overview(&it, it.fanout.health(&id).await.iter()))
}

async fn detailed(
    State(it): Shared,
    Extension(id): Extension<RequestId>,
) -> Json<Map<String, Value>> {
    Json(overview(&it, it.fanout.check(&id).await.iter()))
}

fn overview<'a>(
    it: &Orchestrator,
    services: impl Iterator<Item = &'a (String, Health)>,
) -> Map<String, Value> {
    let services: Vec<_> = services.collect();
    let away: Vec<&str> = services
        .iter()
        .filter(|(_, h)| matches!(h.status, Status::Unhealthy | Status::Degraded))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut summary = Health::good();
    if services.is_empty() {
        summary = Health::not_configured("no service is known: set `<NAME>_SERVICE_URL`");
    } else if !away.is_empty() {
        summary = Health {
            status: Status::Degraded,
            ..Health::good_because(format!("not answering: {}", away.join(", ")))
        };
    }
    let mut description = describe("orchestrator", it.metrics.uptime_seconds(), &summary);
    let table: Map<String, Value> = services
        .into_iter()
        .map(|(name, health)| (name.clone(), json!(health)))
        .collect();
    description.insert("services".into(), table.into());
    description
}

async fn search(
    State(it): Shared,
    Extension(id): Extension<RequestId>,
    Body(request): Body<SearchRequest>,
) -> Result<Json<Report>, Problem> {
    Ok(Json(it.fanout.search(request.checked()?, &id).await?))
}

async fn stream(
    State(it): Shared,
    Extension(id): Extension<RequestId>,
    Body(request): Body<SearchRequest>,
) -> Result<Response, Problem> {
    let progress = it.fanout.stream(request.checked()?, id)?;
    Ok(sse::respond(
        progress.map(|step| sse::event(&step.name, &step.data)),
        it.shutdown.clone(),
    ))
}

async fn services(State(it): Shared, Extension(id): Extension<RequestId>) -> Json<Value> {
    Json(it.fanout.list(&id).await)
}

async fn enable(State(it): Shared, Segment(name): Segment) -> Result<Json<Value>, Problem> {
    switch(&it, &name, true)
}

async fn disable(State(it): Shared, Segment(name): Segment) -> Result<Json<Value>, Problem> {
    switch(&it, &name, false)
}

fn switch(it: &Orchestrator, name: &str, enabled: bool) -> Result<Json<Value>, Problem> {
    it.fanout.switch(name, enabled)?;
    Ok(Json(json!({"name": name, "enabled": enabled})))
}
