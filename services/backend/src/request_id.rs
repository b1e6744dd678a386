//! The id a request carries through every service and log line it touches, and the trace it is part of.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};

use crate::trace::Trace;

/// Longest id, in bytes.
const ID_MAX: usize = 64;

/// The header that carries the id between services and back to the client.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A sane request id: 1 to 64 letters, digits, `-`, `_`, `.`; and the place in a trace where the request is.
#[derive(Clone, Debug)]
pub struct RequestId {
    id: Id,
    trace: Trace,
}

/// In place: every request has one, and it is passed to many.
#[derive(Clone, Copy, Debug)]
struct Id {
    bytes: [u8; ID_MAX],
    length: usize,
}

impl Id {
    fn of(text: &[u8]) -> Self {
        let mut bytes = [0; ID_MAX];
        bytes[..text.len()].copy_from_slice(text);
        let length = text.len();
        Self { bytes, length }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
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
        let sent = headers.get(&HEADER).map(HeaderValue::as_bytes);
        let id = match sent.filter(|id| is_sane(id)) {
            Some(id) => Id::of(id),
            None => fresh(),
        };
        Self { id, trace }
    }

    /// As a header value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(self.id.text()).expect("a sane id holds only header characters")
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.id.text()).expect("a sane id is ASCII")
    }

    /// The trace.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

/// 32 hex digits: random per process, counted within it. Every request gets one, so it costs no system call.
fn fresh() -> Id {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(|| {
        let mut bytes = [0_u8; 8];
        // Without randomness an id is merely less unique; that is no reason to refuse the request.
        let _ = SystemRandom::new().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id = u128::from(*process) << 64 | u128::from(count);
    // `format!` takes ten times as long.
    let digit = |at: usize| b"0123456789abcdef"[(id >> (124 - 4 * at)) as usize & 0xf];
    let digits: [u8; 32] = std::array::from_fn(digit);
    Id::of(&digits)
}

fn is_sane(id: &[u8]) -> bool {
    (1..=ID_MAX).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
