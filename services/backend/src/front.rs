//! What every request of every role passes: request id, trace, deadline, metrics, one log line, errors as JSON.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::{BoxFuture, FutureExt as _};
use tower_layer::layer_fn;
use tower_service::Service;

use crate::log::{self, Level, Line};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::request_id::{self, RequestId};
use crate::trace::{Span, Tracer};

/// Largest request body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Longest a handler may take to begin its answer; streams may go on after it.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);

struct Front {
    metrics: Arc<Metrics>,
    tracer: Tracer,
}

/// A route with what every request passes before it.
#[derive(Clone)]
struct Passed<S> {
    front: Arc<Front>,
    route: S,
}

/// Wraps the routes of a role and adds `/metrics`.
pub fn wrap(routes: Router, metrics: Arc<Metrics>, tracer: Tracer) -> Router {
    let exposition = metrics.clone();
    let front = Arc::new(Front { metrics, tracer });
    let pass = move |route| Passed {
        front: front.clone(),
        route,
    };
    routes
        .route(
            "/metrics",
            get(move || std::future::ready(render(&exposition))),
        )
        .fallback(async || Problem::not_found("there is no such path"))
        .layer(layer_fn(pass))
}

fn render(metrics: &Metrics) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        metrics.render(),
    )
        .into_response()
}

/// Not one of axum's middlewares: those box each request twice more.
impl<S> Service<Request> for Passed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let passage = Passage::begin(self.front.clone(), &mut request);
        // Nobody reads a body of probes, and they come most often.
        if request.method() != Method::GET {
            DefaultBodyLimit::max(BODY_MAX).apply(&mut request);
        }
        let deadline = passage.started + HANDLER_TIMEOUT;
        let handled = tokio::time::timeout_at(deadline.into(), self.route.call(request));
        async move {
            let response = match handled.await {
                Ok(Ok(response)) => response,
                Err(_) => {
                    let message = "the request took too long";
                    Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", message).into_response()
                }
            };
            Ok(passage.end(response))
        }
        .boxed()
    }
}

/// A request on its way through.
struct Passage {
    front: Arc<Front>,
    started: Instant,
    method: &'static str,
    matched: Option<MatchedPath>,
    span: Span,
    id: RequestId,
}

impl Passage {
    fn begin(front: Arc<Front>, request: &mut Request) -> Self {
        let started = Instant::now();
        let method = method_label(request.method());
        let matched = request.extensions().get::<MatchedPath>().cloned();
        let is_probe = is_probe(name(matched.as_ref()));
        let mut span = front.tracer.serve(request.headers(), is_probe);
        let id = RequestId::of(request.headers(), span.trace().clone());
        request.extensions_mut().insert(id.clone());
        describe(&mut span, method, matched.as_ref());
        Self {
            front,
            started,
            method,
            matched,
            span,
            id,
        }
    }

    fn end(self, response: Response) -> Response {
        let Self { id, method, .. } = self;
        let route = name(self.matched.as_ref());
        let mut span = self.span;
        let (mut response, problem) = with_body(response, &id);
        response
            .headers_mut()
            .insert(request_id::HEADER, id.header());

        let took = self.started.elapsed();
        let status = response.status();
        let metrics = &self.front.metrics;
        metrics.request(route, method, status.as_u16(), took);
        span.answered(status.as_u16());
        let code = problem.as_ref().map_or("error", |problem| problem.code);
        span.end(status.is_server_error().then_some(code));
        let level = level_of(route, status);
        if log::enabled(level) {
            let mut line = Line::new(level, "request")
                .about(&id)
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
}

/// A label from a closed set: whatever matches no route is `other`.
fn name(matched: Option<&MatchedPath>) -> &str {
    matched.map_or("other", MatchedPath::as_str)
}

/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span>, without the path: it may hold a user's id.
fn describe(span: &mut Span, method: &'static str, route: Option<&MatchedPath>) {
    let is_known = method != "OTHER";
    span.set(
        "http.request.method",
        if is_known { method } else { "_OTHER" },
    );
    let word = if is_known { method } else { "HTTP" };
    match route.map(MatchedPath::as_str) {
        Some(route) => {
            span.name(|| format!("{word} {route}"));
            span.set("http.route", route);
        }
        None => span.name(|| word.to_owned()),
    }
}

/// Probes and scrapes come every few seconds.
fn is_probe(route: &str) -> bool {
    route.contains("/health") || route == "/metrics"
}

/// Probes are worth no line of their own.
fn level_of(route: &str, status: StatusCode) -> Level {
    if is_probe(route) {
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
