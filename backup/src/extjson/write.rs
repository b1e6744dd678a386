//! Raw BSON to canonical Extended JSON v2: compact, every type kept.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::bson::raw::{
    RawArray, RawBsonRef, RawDbPointerRef, RawDocument, RawDocumentBuf, cstr,
};

use crate::Error;

/// Appends `document` to `out` as canonical Extended JSON v2, as stock mongodump writes metadata.
///
/// # Errors
/// [`crate::Kind::Damaged`] when the bytes are no BSON.
pub fn write(document: &RawDocument, out: &mut String) -> Result<(), Error> {
    object(document, out).map_err(|cause| Error::damaged("a document", cause))
}

fn object(document: &RawDocument, out: &mut String) -> Result<(), String> {
    out.push('{');
    for (index, element) in document.iter().enumerate() {
        let (key, element) = element.map_err(|error| error.to_string())?;
        if index > 0 {
            out.push(',');
        }
        text(key.as_str(), out);
        out.push(':');
        value(element, out)?;
    }
    out.push('}');
    Ok(())
}

fn array(elements: &RawArray, out: &mut String) -> Result<(), String> {
    out.push('[');
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        value(element.map_err(|error| error.to_string())?, out)?;
    }
    out.push(']');
    Ok(())
}

fn value(value: RawBsonRef<'_>, out: &mut String) -> Result<(), String> {
    use RawBsonRef as B;
    match value {
        B::Document(document) => return object(document, out),
        B::Array(elements) => return array(elements, out),
        B::JavaScriptCodeWithScope(code) => {
            out.push_str("{\"$code\":");
            text(code.code, out);
            out.push_str(",\"$scope\":");
            object(code.scope, out)?;
            out.push('}');
        }
        B::String(string) => text(string, out),
        B::Boolean(flag) => out.push_str(if flag { "true" } else { "false" }),
        B::Null => out.push_str("null"),
        B::Undefined => out.push_str("{\"$undefined\":true}"),
        B::MinKey => out.push_str("{\"$minKey\":1}"),
        B::MaxKey => out.push_str("{\"$maxKey\":1}"),
        B::Double(number) => wrapped("$numberDouble", &double(number), out),
        B::Int32(number) => wrapped("$numberInt", &number.to_string(), out),
        B::Int64(number) => wrapped("$numberLong", &number.to_string(), out),
        B::Decimal128(number) => wrapped("$numberDecimal", &number.to_string(), out),
        B::ObjectId(id) => wrapped("$oid", &id.to_hex(), out),
        B::Symbol(symbol) => wrapped("$symbol", symbol, out),
        B::JavaScriptCode(code) => wrapped("$code", code, out),
        B::DateTime(date) => {
            out.push_str("{\"$date\":");
            wrapped("$numberLong", &date.timestamp_millis().to_string(), out);
            out.push('}');
        }
        B::Timestamp(stamp) => {
            let (time, increment) = (stamp.time, stamp.increment);
            let _ = write!(out, "{{\"$timestamp\":{{\"t\":{time},\"i\":{increment}}}}}");
        }
        B::Binary(binary) => {
            let (bytes, kind) = (STANDARD.encode(binary.bytes), u8::from(binary.subtype));
            let _ = write!(
                out,
                "{{\"$binary\":{{\"base64\":\"{bytes}\",\"subType\":\"{kind:02x}\"}}}}"
            );
        }
        B::RegularExpression(regex) => {
            out.push_str("{\"$regularExpression\":{\"pattern\":");
            text(regex.pattern.as_str(), out);
            out.push_str(",\"options\":");
            text(regex.options.as_str(), out);
            out.push_str("}}");
        }
        B::DbPointer(pointer) => {
            let (namespace, id) = pointed(pointer)?;
            out.push_str("{\"$dbPointer\":{\"$ref\":");
            text(&namespace, out);
            out.push_str(",\"$id\":");
            wrapped("$oid", &id, out);
            out.push_str("}}");
        }
    }
    Ok(())
}

fn wrapped(key: &str, value: &str, out: &mut String) {
    out.push_str("{\"");
    out.push_str(key);
    out.push_str("\":");
    text(value, out);
    out.push('}');
}

fn text(string: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(string).to_string());
}

/// The shortest text that reads back as the same number.
fn double(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned()
    } else {
        format!("{number:?}")
    }
}

/// The crate of BSON keeps the parts of a pointer to itself; in bytes they are a string and twelve bytes.
fn pointed(pointer: RawDbPointerRef<'_>) -> Result<(String, String), String> {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("p"), RawBsonRef::DbPointer(pointer));
    let bytes = document.as_bytes();
    let parts = bytes.len().checked_sub(13).and_then(|end| {
        let namespace = bytes.get(11..end - 1)?;
        let id: String = bytes
            .get(end..end + 12)?
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Some((String::from_utf8_lossy(namespace).into_owned(), id))
    });
    parts.ok_or_else(|| "a database pointer that is too short".to_owned())
}
