//! `POST /api/search` and `/api/search/stream`: passes searches on and remembers that they were made.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use futures_util::StreamExt as _;
use serde_json::Value;

use super::person::UserId;
use super::{Gateway, Shared};
use crate::log::{Level, Line};
use crate::orchestrator::fanout::{Progress, Report};
use crate::problem::{Body, Problem};
use crate::request_id::RequestId;
use crate::search::SearchRequest;
use crate::sse;
use crate::store::Remembered;

pub(super) async fn search(
    State(gateway): Shared,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    Body(request): Body<SearchRequest>,
) -> Result<Json<Report>, Problem> {
    let request = request.checked()?;
    let user = whose(&request, &headers)?;
    let query = request.query.clone();
    let report = gateway.finder.search(request, &id).await?;
    remember(
        gateway,
        user,
        id,
        Remembered {
            query,
            sources: report.sources_responded.clone(),
            results: report.results.len() as u64,
            took_ms: report.total_time_ms,
            at_ms: jiff::Timestamp::now().as_millisecond(),
        },
    );
    Ok(Json(report))
}

pub(super) async fn stream(
    State(gateway): Shared,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    Body(request): Body<SearchRequest>,
) -> Result<Response, Problem> {
    let request = request.checked()?;
    let mut made = Some((
        whose(&request, &headers)?,
        request.query.clone(),
        gateway.clone(),
    ));
    let steps = gateway.finder.stream(request, id.clone()).await?;
    let events = steps.map(move |step| {
        // A search a client abandons is not one that was made.
        if step.name == "done"
            && let Some((user, query, gateway)) = made.take()
        {
            remember(gateway, user, id.clone(), of_stream(query, &step));
        }
        sse::event(&step.name, &step.data)
    });
    Ok(sse::respond(events, gateway.shutdown.clone()))
}

fn whose(request: &SearchRequest, headers: &HeaderMap) -> Result<UserId, Problem> {
    // Looked at even where the body has the last word: an id that is not one must not end as somebody else's.
    let header = headers
        .get("x-user-id")
        .map(|value| UserId::parse(value.to_str().unwrap_or_default()))
        .transpose()?;
    match (&request.user_id, header) {
        (Some(id), _) => UserId::parse(id),
        (None, header) => Ok(header.unwrap_or_else(UserId::nobody)),
    }
}

fn of_stream(query: String, done: &Progress) -> Remembered {
    let data: Value = serde_json::from_str(done.data.get()).unwrap_or_default();
    let number = |name: &str| data.get(name).and_then(Value::as_u64).unwrap_or_default();
    let sources = data.get("sources_responded").and_then(Value::as_array);
    Remembered {
        query,
        sources: sources
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        results: number("total_results"),
        took_ms: number("total_time_ms"),
        at_ms: jiff::Timestamp::now().as_millisecond(),
    }
}

/// In the background: a history that cannot be written must not cost the results.
fn remember(gateway: Arc<Gateway>, user: UserId, id: RequestId, search: Remembered) {
    tokio::spawn(async move {
        if let Err(error) = gateway.store.remember(user.as_str(), search).await {
            Line::new(Level::Warn, "search not remembered")
                .about(&id)
                .with("reason", error.to_string())
                .write();
        }
    });
}
