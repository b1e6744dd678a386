//! The id a request carries through every service and log line it touches, and the trace it is part of.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};

use crate::trace::Trace;

/// The header that carries the id between services and back to the client.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A sane request id: 1 to 64 letters, digits, `-`, `_`, `.`; and the place in a trace where the request is.
#[derive(Clone, Debug)]
pub struct RequestId {
    id: String,
    trace: Trace,
}

impl RequestId {
    /// A fresh id, and a trace that nobody records.
    pub fn generate() -> Self {
        Self {
            id: fresh(),
            trace: Trace::unrecorded(),
        }
    }

    /// The id the client sent if it is sane (it ends up in logs and headers), else a fresh one.
    pub fn of(headers: &HeaderMap, trace: Trace) -> Self {
        let sent = headers.get(&HEADER).and_then(|value| value.to_str().ok());
        let id = match sent {
            Some(id) if is_sane(id) => id.to_owned(),
            _ => fresh(),
        };
        Self { id, trace }
    }

    /// As a header value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.id).expect("a sane id holds only header characters")
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The trace.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

/// 32 hex digits: random per process, counted within it. Every request gets one, so it costs no system call.
fn fresh() -> String {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| {
        let mut bytes = [0_u8; 8];
        // Without randomness an id is merely less unique; that is no reason to refuse the request.
        let _ = SystemRandom::new().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{process:016x}{count:016x}")
}

fn is_sane(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}
