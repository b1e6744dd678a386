//! Spans as OTLP's JSON: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>. Ids are hex, 64-bit numbers are
//! strings, enumerations are numbers.

use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use super::span::Record;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// The body of an export request. `resource` says whose spans they are.
pub(super) fn request(resource: &[(String, String)], records: &[Record]) -> Value {
    let resource = resource
        .iter()
        .map(|(name, value)| attribute(name, &Value::from(value.as_str())));
    json!({"resourceSpans": [{
        "resource": {"attributes": resource.collect::<Vec<_>>()},
        "scopeSpans": [{
            "scope": {"name": "atlas-backend", "version": crate::VERSION},
            "spans": records.iter().map(span).collect::<Vec<_>>(),
        }],
    }]})
}

fn span(record: &Record) -> Value {
    let context = &record.context;
    let since = record.started.duration_since(UNIX_EPOCH);
    let started = since.unwrap_or_default().as_nanos();
    let attributes = record.attributes.iter();
    let attributes = attributes.map(|(name, value)| attribute(name, value));
    let mut span = Map::new();
    span.insert("traceId".into(), context.trace_id().into());
    span.insert("spanId".into(), format!("{:016x}", context.span).into());
    let parent = record.parent.map(|parent| format!("{parent:016x}"));
    span.extend(parent.map(|parent| ("parentSpanId".to_owned(), parent.into())));
    let state = context.state.as_deref();
    span.extend(state.map(|state| ("traceState".to_owned(), state.into())));
    span.insert("flags".into(), u8::from(context.sampled).into());
    span.insert("name".into(), record.name.as_str().into());
    span.insert("kind".into(), (record.kind as u8).into());
    span.insert("startTimeUnixNano".into(), started.to_string().into());
    let ended = started + record.nanos;
    span.insert("endTimeUnixNano".into(), ended.to_string().into());
    span.insert("attributes".into(), attributes.collect());
    if record.failed {
        span.insert("status".into(), json!({"code": ERROR}));
    }
    span.into()
}

fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::String(text) => json!({"stringValue": text}),
        number => json!({"intValue": number.to_string()}),
    };
    json!({"key": name, "value": value})
}
