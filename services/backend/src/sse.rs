//! Server-sent events: the frame, the heartbeat and the headers that keep proxies from buffering.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use crate::server::Shutdown;

/// Silence longer than this makes proxies hang up; a comment line breaks it.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// An event with a JSON payload.
pub fn event(name: &str, data: &impl Serialize) -> Event {
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    Event::default().event(name).data(data)
}

/// Streams `events` until they end, the client leaves or the service stops.
pub fn respond(events: impl Stream<Item = Event> + Send + 'static, shutdown: Shutdown) -> Response {
    let events = events.take_until(shutdown.wait()).map(Ok::<_, Infallible>);
    let stream =
        Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("heartbeat"));
    let headers = [
        (HeaderName::from_static("x-accel-buffering"), "no"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
    ];
    (headers, stream).into_response()
}
