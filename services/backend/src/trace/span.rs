//! One piece of work of a trace. It ends when it is dropped; one that was given up halfway says so.

use std::time::{Instant, SystemTime};

use serde_json::Value;

use super::Trace;

/// Which side of a call it is; the numbers are those of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Server = 2,
    Client = 3,
}

/// A span under way.
pub struct Span {
    trace: Trace,
    /// What is recorded, if it is.
    record: Option<Box<Record>>,
    ended: bool,
}

/// A span as it is exported.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) context: super::Context,
    pub(super) parent: Option<u64>,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) started: SystemTime,
    pub(super) begun: Instant,
    pub(super) nanos: u128,
    /// Strings and whole numbers by the names of
    /// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) failed: bool,
}

impl Span {
    /// A span of `trace` below `parent`; it has an id of its own if it is recorded.
    pub(super) fn new(mut trace: Trace, parent: Option<u64>, kind: Kind) -> Self {
        if trace.recorder.is_some() {
            trace.context = trace.context.child();
        }
        let record = trace.recorder.is_some().then(|| {
            Box::new(Record {
                context: trace.context.clone(),
                parent,
                kind,
                name: String::new(),
                started: SystemTime::now(),
                begun: Instant::now(),
                nanos: 0,
                attributes: Vec::new(),
                failed: false,
            })
        });
        Self {
            trace,
            record,
            ended: false,
        }
    }

    /// The trace, for what happens below this span.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Gives it a name out of a small set.
    pub fn name(&mut self, name: impl FnOnce() -> String) {
        if let Some(record) = &mut self.record {
            record.name = name();
        }
    }

    /// Says something about it: a string or a whole number.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(record) = &mut self.record {
            record.attributes.push((name, value.into()));
        }
    }

    /// Says where a call goes, by the host and port of `url`.
    pub fn set_server(&mut self, url: &str) {
        if self.record.is_none() {
            return;
        }
        let Ok(url) = reqwest::Url::parse(url) else {
            return;
        };
        self.set("server.address", url.host_str().unwrap_or_default());
        if let Some(port) = url.port_or_known_default() {
            self.set("server.port", port);
        }
    }

    /// Notes the status of an answer.
    pub fn answered(&mut self, status: u16) {
        self.set("http.response.status_code", status);
    }

    /// Ends it; `fault` is why it failed, as a code.
    pub fn end(mut self, fault: Option<&str>) {
        self.ended = true;
        if let Some(fault) = fault {
            self.fail(fault);
        }
    }

    fn fail(&mut self, fault: &str) {
        self.set("error.type", fault);
        if let Some(record) = &mut self.record {
            record.failed = true;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.ended {
            self.fail("cancelled");
        }
        if let (Some(mut record), Some(recorder)) = (self.record.take(), &self.trace.recorder) {
            record.nanos = record.begun.elapsed().as_nanos();
            recorder.record(*record);
        }
    }
}
