//! JSON lines on standard output: `{"time","level","service","event",...}`.
//!
//! It decides the form only; callers decide what is worth saying and never pass a secret (there is no way to: `Secret` does not serialise).

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::request_id::RequestId;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every request, health included.
    Debug,
    /// Requests and changes of state.
    Info,
    /// What an operator should look at.
    Warn,
    /// What an operator must look at.
    Error,
}

impl Level {
    /// The level named `name` (`debug`, `info`, `warn`, `error`).
    pub fn named(name: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

// A process plays one role, so its level and name are process-wide; whoever never calls `start` (a test, a library user) gets errors only.
static LEVEL: AtomicU8 = AtomicU8::new(Level::Error as u8);
static SERVICE: OnceLock<String> = OnceLock::new();

/// Sets the level and the name of the service, once per process.
pub fn start(service: &str, level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
    let _ = SERVICE.set(service.to_owned());
}

/// Whether a line of this level would be written.
pub fn enabled(level: Level) -> bool {
    level as u8 >= LEVEL.load(Ordering::Relaxed)
}

/// A line being put together; nothing is written before [`Line::write`].
pub struct Line {
    level: Level,
    fields: Map<String, Value>,
}

impl Line {
    /// Begins a line about `event`.
    pub fn new(level: Level, event: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("time".into(), jiff::Timestamp::now().to_string().into());
        fields.insert("level".into(), level.name().into());
        fields.insert(
            "service".into(),
            SERVICE.get().map_or("atlas", String::as_str).into(),
        );
        fields.insert("event".into(), event.into());
        Self { level, fields }
    }

    /// Adds a field; a value that does not serialise is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.fields.insert(name.into(), value);
        }
        self
    }

    /// Says which request it is about: `request_id` and `trace_id`.
    #[must_use]
    pub fn about(self, id: &RequestId) -> Self {
        self.with("request_id", id.as_str())
            .with("trace_id", id.trace().context().trace_id())
    }

    /// Writes the line if its level is enabled. A reader that went away is not an error of ours.
    pub fn write(self) {
        if enabled(self.level) {
            let mut text = Value::Object(self.fields).to_string();
            text.push('\n');
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_request_names_the_request_and_its_trace() {
        let id = RequestId::generate();
        let line = Line::new(Level::Info, "request").about(&id);
        assert_eq!(line.fields["request_id"], id.as_str());
        let trace = line.fields["trace_id"].as_str().unwrap();
        assert_eq!(
            (trace.len(), trace),
            (32, &*id.trace().context().trace_id())
        );
    }
}
