//! Traces: which one a request belongs to, and its spans, which are exported if somebody collects them.
//!
//! | module | owns |
//! |---|---|
//! | `context` | ids, and the headers that carry them between services |
//! | `sampler` | which traces are recorded |
//! | `span` | one piece of work, from its beginning to its end |
//! | `exporter` | the queue and the batches; it never holds up a request |
//! | `otlp` | what a collector reads |
//!
//! A span never holds what was asked, who asked or a secret: no query, no path with ids in it, no header. Vendors are not told
//! of traces: what they make of one, they could not report to our collector.
//!
//! OpenTelemetry's own crates would do it too, with ten more of them (`prost` among them, for JSON too); what is needed here is
//! one JSON document, a queue and two headers.

mod context;
mod exporter;
mod otlp;
mod sampler;
mod span;

use axum::http::HeaderMap;

pub use self::context::Context;
pub use self::exporter::{ExportConfig, Exporter, Recorder};
pub use self::sampler::Sampler;
use self::span::Kind;
pub use self::span::Span;

/// What begins and continues the traces of one service.
#[derive(Default)]
pub struct Tracer {
    sampler: Sampler,
    recorder: Option<Recorder>,
}

impl Tracer {
    /// A tracer whose spans go to `recorder`; without one, traces only pass through.
    pub fn new(sampler: Sampler, recorder: Option<Recorder>) -> Self {
        Self { sampler, recorder }
    }

    /// The span of a request with these headers. `quiet` ones (probes) are part of a trace only if their caller began it.
    pub fn serve(&self, headers: &HeaderMap, quiet: bool) -> Span {
        let parent = Context::of(headers);
        let mut context = parent.clone().unwrap_or_else(Context::fresh);
        context.sampled = match &parent {
            Some(parent) => self.sampler.continues(parent),
            None => !quiet && self.sampler.begins(&context),
        };
        let trace = Trace {
            recorder: self.recorder.clone().filter(|_| context.sampled),
            context,
        };
        Span::new(trace, parent.map(|parent| parent.span), Kind::Server)
    }
}

/// The trace that a request belongs to, at the place where its next spans hang.
#[derive(Clone, Debug)]
pub struct Trace {
    context: Context,
    /// There if, and only if, spans are recorded.
    recorder: Option<Recorder>,
}

impl Trace {
    /// A trace of its own that nobody records.
    pub fn unrecorded() -> Self {
        Self {
            context: Context::fresh(),
            recorder: None,
        }
    }

    /// Its ids.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The span of a call to `peer` with this method.
    pub fn call(&self, peer: &str, method: &'static str) -> Span {
        let mut span = Span::new(self.clone(), Some(self.context.span), Kind::Client);
        span.set("http.request.method", method);
        span.set("peer.service", peer);
        span
    }
}
