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
    respond_with(events, shutdown, HEARTBEAT)
}

fn respond_with(
    events: impl Stream<Item = Event> + Send + 'static,
    shutdown: Shutdown,
    heartbeat: Duration,
) -> Response {
    let events = events.take_until(shutdown.wait()).map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(heartbeat).text("heartbeat");
    let headers = [
        (HeaderName::from_static("x-accel-buffering"), "no"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
    ];
    (headers, Sse::new(events).keep_alive(keep_alive)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    async fn next(
        body: &mut (impl Stream<Item = Result<Bytes, axum::Error>> + Unpin),
    ) -> Option<String> {
        let chunk = body.next().await?.unwrap();
        Some(String::from_utf8(chunk.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn silence_is_broken_by_heartbeats_until_the_stop() {
        let (trigger, shutdown) = Shutdown::pair();
        let one = futures_util::stream::iter([event("start", &1)]);
        let silent = one.chain(futures_util::stream::pending());
        let response = respond_with(silent, shutdown, Duration::from_millis(5));
        let mut body = response.into_body().into_data_stream();
        assert_eq!(next(&mut body).await.unwrap(), "event: start\ndata: 1\n\n");
        assert_eq!(next(&mut body).await.unwrap(), ": heartbeat\n\n");
        assert_eq!(next(&mut body).await.unwrap(), ": heartbeat\n\n");
        trigger.stop();
        assert_eq!(next(&mut body).await, None);
    }
}
