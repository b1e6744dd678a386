//! Extended JSON to raw BSON: canonical, relaxed, and what the tools before 4.2 wrote.
//!
//! An object that has the keys of a type wrapper but not its values (`{"$date": {}}`) is a plain document: validators and
//! pipelines are full of keys that begin with `$`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::bson::Decimal128;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::raw::RawDocumentBuf;

use super::node::Node;
use crate::Error;

/// Reads one document, the order of its keys kept.
///
/// # Errors
/// [`crate::Kind::Damaged`] when the text is no JSON object, or a key holds a nul.
pub fn parse(text: &str) -> Result<RawDocumentBuf, Error> {
    let damaged = |cause: String| Error::damaged("extended JSON", cause);
    let node: Node = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    let Node::Object(entries) = node else {
        return Err(damaged("it is not an object".to_owned()));
    };
    let mut bytes = Vec::with_capacity(text.len());
    document(&entries, &mut bytes).map_err(damaged)?;
    RawDocumentBuf::from_bytes(bytes).map_err(|error| damaged(error.to_string()))
}

type Entries = [(String, Node)];

fn document(entries: &Entries, out: &mut Vec<u8>) -> Result<(), String> {
    enclosed(out, |out| {
        entries
            .iter()
            .try_for_each(|(key, node)| element(key, node, out))
    })
}

fn enclosed(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let start = out.len();
    out.extend([0; 4]);
    fill(out)?;
    out.push(0);
    let size =
        i32::try_from(out.len() - start).map_err(|_| "it is larger than 2 GiB".to_owned())?;
    out[start..start + 4].copy_from_slice(&size.to_le_bytes());
    Ok(())
}

fn element(key: &str, node: &Node, out: &mut Vec<u8>) -> Result<(), String> {
    let at = out.len();
    out.push(0);
    cstring(key, out)?;
    let kind = value(node, out)?;
    out[at] = kind;
    Ok(())
}

/// Appends the bytes of a value; its element type is the answer.
fn value(node: &Node, out: &mut Vec<u8>) -> Result<u8, String> {
    match node {
        Node::Null => Ok(0x0A),
        Node::Boolean(flag) => {
            out.push(u8::from(*flag));
            Ok(0x08)
        }
        Node::Integer(number) => match i32::try_from(*number) {
            Ok(number) => fixed(0x10, &number.to_le_bytes(), out),
            Err(_) => fixed(0x12, &number.to_le_bytes(), out),
        },
        Node::Float(number) => fixed(0x01, &number.to_le_bytes(), out),
        Node::Text(text) => string(0x02, text, out),
        Node::Array(elements) => {
            enclosed(out, |out| {
                let mut numbered = elements.iter().enumerate();
                numbered.try_for_each(|(index, node)| element(&index.to_string(), node, out))
            })?;
            Ok(0x04)
        }
        Node::Object(entries) => match wrapped(entries, out)? {
            Some(kind) => Ok(kind),
            None => document(entries, out).map(|()| 0x03),
        },
    }
}

/// A type wrapper, or nothing written and `None`.
fn wrapped(entries: &Entries, out: &mut Vec<u8>) -> Result<Option<u8>, String> {
    match entries {
        [(key, node)] if key.starts_with('$') => single(key, node, out),
        [(first, a), (second, b)] if first.starts_with('$') => {
            pair([(first.as_str(), a), (second.as_str(), b)], out)
        }
        _ => Ok(None),
    }
}

fn single(key: &str, node: &Node, out: &mut Vec<u8>) -> Result<Option<u8>, String> {
    let text = node.text();
    let number = |bytes: Option<Vec<u8>>, kind: u8, out: &mut Vec<u8>| {
        Ok(bytes.map(|bytes| {
            out.extend(bytes);
            kind
        }))
    };
    match key {
        "$numberInt" => number(
            parsed::<i32>(text).map(|n| n.to_le_bytes().to_vec()),
            0x10,
            out,
        ),
        "$numberLong" => number(
            parsed::<i64>(text).map(|n| n.to_le_bytes().to_vec()),
            0x12,
            out,
        ),
        "$numberDouble" => number(
            parsed::<f64>(text).map(|n| n.to_le_bytes().to_vec()),
            0x01,
            out,
        ),
        "$numberDecimal" => number(
            parsed::<Decimal128>(text).map(|n| n.bytes().to_vec()),
            0x13,
            out,
        ),
        "$oid" => number(
            text.and_then(|hex| ObjectId::parse_str(hex).ok())
                .map(|id| id.bytes().to_vec()),
            0x07,
            out,
        ),
        "$date" => number(date(node).map(|ms| ms.to_le_bytes().to_vec()), 0x09, out),
        "$timestamp" => number(timestamp(node), 0x11, out),
        "$symbol" => text.map(|text| string(0x0E, text, out)).transpose(),
        "$code" => text.map(|text| string(0x0D, text, out)).transpose(),
        "$undefined" if *node == Node::Boolean(true) => Ok(Some(0x06)),
        "$minKey" if node.integer() == Some(1) => Ok(Some(0xFF)),
        "$maxKey" if node.integer() == Some(1) => Ok(Some(0x7F)),
        "$binary" => match fields(node, ["base64", "subType"]) {
            Some([data, kind]) => binary(data.text(), kind.text(), out),
            None => Ok(None),
        },
        "$regularExpression" => {
            match fields(node, ["pattern", "options"]).map(|f| f.map(Node::text)) {
                Some([Some(pattern), Some(options)]) => regex(pattern, options, out),
                _ => Ok(None),
            }
        }
        "$dbPointer" => match fields(node, ["$ref", "$id"]) {
            Some([namespace, id]) => pointer(namespace.text(), id, out),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

fn pair(entries: [(&str, &Node); 2], out: &mut Vec<u8>) -> Result<Option<u8>, String> {
    match entries {
        [("$code", Node::Text(code)), ("$scope", Node::Object(scope))] => {
            enclosed_code(code, scope, out).map(Some)
        }
        // What the tools before 4.2 wrote.
        [("$binary", Node::Text(data)), ("$type", Node::Text(kind))] => {
            binary(Some(data), Some(kind), out)
        }
        _ => Ok(None),
    }
}

/// Code with scope has no closing nul of its own.
fn enclosed_code(code: &str, scope: &Entries, out: &mut Vec<u8>) -> Result<u8, String> {
    enclosed(out, |out| {
        string(0x0F, code, out)?;
        document(scope, out)?;
        out.pop();
        Ok(())
    })?;
    Ok(0x0F)
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

fn date(node: &Node) -> Option<i64> {
    match node {
        Node::Integer(ms) => Some(*ms),
        Node::Text(text) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond),
        Node::Object(entries) => match entries.as_slice() {
            [(key, node)] if key == "$numberLong" => parsed(node.text()),
            _ => None,
        },
        _ => None,
    }
}

fn timestamp(node: &Node) -> Option<Vec<u8>> {
    let [time, increment] = fields(node, ["t", "i"])?;
    let time = u32::try_from(time.integer()?).ok()?;
    let increment = u32::try_from(increment.integer()?).ok()?;
    Some([increment.to_le_bytes(), time.to_le_bytes()].concat())
}

fn fields<'a, const N: usize>(node: &'a Node, names: [&str; N]) -> Option<[&'a Node; N]> {
    let entries = node.object()?;
    let mut found = [node; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place = entries
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, node)| node)?;
    }
    (entries.len() == N).then_some(found)
}

fn binary(data: Option<&str>, kind: Option<&str>, out: &mut Vec<u8>) -> Result<Option<u8>, String> {
    let bytes = data.and_then(|data| STANDARD.decode(data).ok());
    let kind = kind.and_then(|kind| u8::from_str_radix(kind, 16).ok());
    let (Some(bytes), Some(kind)) = (bytes, kind) else {
        return Ok(None);
    };
    // The old subtype holds its length twice.
    let inner = if kind == 2 {
        length(bytes.len())?.to_vec()
    } else {
        Vec::new()
    };
    out.extend(length(bytes.len() + inner.len())?);
    out.push(kind);
    out.extend(inner);
    out.extend(bytes);
    Ok(Some(0x05))
}

fn regex(pattern: &str, options: &str, out: &mut Vec<u8>) -> Result<Option<u8>, String> {
    cstring(pattern, out)?;
    cstring(options, out)?;
    Ok(Some(0x0B))
}

fn pointer(namespace: Option<&str>, id: &Node, out: &mut Vec<u8>) -> Result<Option<u8>, String> {
    let id = fields(id, ["$oid"]).and_then(|[hex]| ObjectId::parse_str(hex.text()?).ok());
    let (Some(namespace), Some(id)) = (namespace, id) else {
        return Ok(None);
    };
    string(0x0C, namespace, out)?;
    out.extend(id.bytes());
    Ok(Some(0x0C))
}

fn fixed(kind: u8, bytes: &[u8], out: &mut Vec<u8>) -> Result<u8, String> {
    out.extend(bytes);
    Ok(kind)
}

fn string(kind: u8, text: &str, out: &mut Vec<u8>) -> Result<u8, String> {
    out.extend(length(text.len() + 1)?);
    out.extend(text.as_bytes());
    out.push(0);
    Ok(kind)
}

fn length(bytes: usize) -> Result<[u8; 4], String> {
    i32::try_from(bytes)
        .map(i32::to_le_bytes)
        .map_err(|_| "it is larger than 2 GiB".to_owned())
}

fn cstring(text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    if text.contains('\0') {
        return Err(format!("the key or pattern {text:?} holds a nul"));
    }
    out.extend(text.as_bytes());
    out.push(0);
    Ok(())
}
