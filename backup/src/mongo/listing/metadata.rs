//! The JSON text that stands for a collection in an archive's prelude. Owns its keys and their order.

use mongodb::bson::raw::{RawDocument, RawDocumentBuf};

use crate::{Error, extjson};

/// `{"options":…,"indexes":[…],"uuid":"…","collectionName":"…","type":"…"}` as mongodump writes it.
///
/// # Errors
/// A document that would read back as another one: an option that looks like a type wrapper of Extended JSON.
pub(super) fn json(
    db: &str,
    collection: &str,
    kind: &str,
    options: &RawDocument,
    indexes: &[RawDocumentBuf],
    uuid: Option<&str>,
) -> Result<String, Error> {
    let name = format!("{db}.{collection}");
    let mut out = String::from("{");
    if !options.is_empty() {
        out.push_str("\"options\":");
        faithful(&name, options, &mut out)?;
        out.push(',');
    }
    out.push_str("\"indexes\":[");
    for (place, index) in indexes.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        faithful(&name, index, &mut out)?;
    }
    out.push(']');
    let text = |out: &mut String, key: &str, value: &str| {
        out.push_str(&format!(",\"{key}\":{}", serde_json::Value::from(value)));
    };
    if let Some(uuid) = uuid {
        text(&mut out, "uuid", uuid);
    }
    text(&mut out, "collectionName", collection);
    if !kind.is_empty() {
        text(&mut out, "type", kind);
    }
    out.push('}');
    Ok(out)
}

/// Writes a document and reads it back: what cannot be told from something else must not be written.
fn faithful(name: &str, document: &RawDocument, out: &mut String) -> Result<(), Error> {
    let start = out.len();
    extjson::write(document, out)?;
    let back = extjson::parse(&out[start..])?;
    if back.as_bytes() == document.as_bytes() {
        return Ok(());
    }
    Err(Error::failed(
        "dump",
        name,
        "its options or indexes read back differently from extended JSON",
    )
    .hint(
        "an option holds a field like `$oid` or `$date` that stands for a type; rename that field",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::rawdoc;

    #[test]
    fn the_text_is_that_of_mongodump() {
        let index = rawdoc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" };
        let uuid = Some("2166e09af3a34889b443b226a582299c");
        let text = json(
            "admin",
            "system.version",
            "collection",
            &rawdoc! {},
            &[index],
            uuid,
        );
        assert_eq!(
            text.unwrap(),
            r#"{"indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"}],"uuid":"2166e09af3a34889b443b226a582299c","collectionName":"system.version","type":"collection"}"#
        );
    }

    #[test]
    fn options_that_read_back_differently_are_refused() {
        let options = rawdoc! { "validator": { "a": { "$date": 5_i64 } } };
        let error = json("shop", "a", "collection", &options, &[], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to dump `shop.a`: its options or indexes read back differently from extended JSON"
        );
    }
}
