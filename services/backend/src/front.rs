//! What every request of every role passes: request id, deadline, metrics, one log line, errors as JSON.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::log::{self, Level, Line};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::request_id::{self, RequestId};

/// Largest request body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Longest a handler may take to begin its answer; streams may go on after it.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);

/// Wraps the routes of a role and adds `/metrics`.
pub fn wrap(routes: Router, metrics: Arc<Metrics>) -> Router {
    let exposition = metrics.clone();
    routes
        .route(
            "/metrics",
            get(move || std::future::ready(render(&exposition))),
        )
        .fallback(async || Problem::not_found("there is no such path"))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn_with_state(metrics, pass))
}

fn render(metrics: &Metrics) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        metrics.render(),
    )
        .into_response()
}

async fn pass(State(metrics): State<Arc<Metrics>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let handled = tokio::time::timeout(HANDLER_TIMEOUT, next.run(request)).await;
    let response = handled.unwrap_or_else(|_| {
        Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            "the request took too long",
        )
        .into_response()
    });
    let (mut response, problem) = with_body(response, &id);
    response
        .headers_mut()
        .insert(request_id::HEADER, id.header());

    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let took = started.elapsed();
    let status = response.status();
    metrics.request(route, method, status.as_u16(), took);
    let level = level_of(route, status);
    if log::enabled(level) {
        let mut line = Line::new(level, "request")
            .with("request_id", id.as_str())
            .with("method", method)
            .with("route", route)
            .with("status", status.as_u16())
            .with("ms", took.as_millis() as u64);
        if let Some(problem) = problem {
            line = line
                .with("code", problem.code)
                .with("message", problem.message);
        }
        line.write();
    }
    response
}

/// Probes and scrapes come every few seconds and are worth no line of their own.
fn level_of(route: &str, status: StatusCode) -> Level {
    if route.contains("/health") || route == "/metrics" {
        Level::Debug
    } else if status.is_server_error() {
        Level::Warn
    } else {
        Level::Info
    }
}

/// Gives a bare problem its body, keeping the headers inner layers added.
fn with_body(mut response: Response, id: &RequestId) -> (Response, Option<Problem>) {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| {
        let message = "this path does not take that method";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        (response.status() == status).then(|| Problem::new(status, "method_not_allowed", message))
    });
    let Some(problem) = problem else {
        return (response, None);
    };
    let mut rendered = problem.render(id);
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    (rendered, Some(problem))
}

/// A label from a closed set: a client may send any word as its method.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
