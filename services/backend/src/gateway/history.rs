//! `GET/DELETE /api/history/{user_id}`: what a person searched for.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::person::UserId;
use crate::problem::{Parameters, Problem};
use crate::store::{HISTORY_MAX, Remembered};

#[derive(Deserialize)]
pub(super) struct Window {
    limit: Option<usize>,
}

pub(super) async fn get(
    State(gateway): Shared,
    user: UserId,
    Parameters(window): Parameters<Window>,
) -> Result<Json<Value>, Problem> {
    let limit = window.limit.unwrap_or(50).clamp(1, HISTORY_MAX);
    let history = gateway.store.history(user.as_str(), limit).await?;
    let rows: Vec<Value> = history.into_iter().map(row).collect();
    Ok(Json(json!({"user_id": user.as_str(), "history": rows})))
}

pub(super) async fn delete(State(gateway): Shared, user: UserId) -> Result<Json<Value>, Problem> {
    let deleted = gateway.store.forget(user.as_str()).await?;
    Ok(Json(json!({"user_id": user.as_str(), "deleted": deleted})))
}

fn row(search: Remembered) -> Value {
    let at = jiff::Timestamp::from_millisecond(search.at_ms)
        .map(|at| at.to_string())
        .unwrap_or_default();
    json!({
        "query": search.query,
        "sources": search.sources,
        "results": search.results,
        "took_ms": search.took_ms,
        "timestamp": at,
    })
}
