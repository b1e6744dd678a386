//! The documents of the prelude: the header, and one for each namespace.

use mongodb::bson::raw::{RawBson, RawBsonRef, RawDocument, RawDocumentBuf};
use mongodb::bson::rawdoc;

use super::{Header, Metadata};

impl Header {
    pub(super) fn encode(&self) -> RawDocumentBuf {
        rawdoc! {
            "concurrent_collections": self.concurrent_collections,
            "version": self.version.as_str(),
            "server_version": self.server_version.as_str(),
            "tool_version": self.tool_version.as_str(),
        }
    }

    /// Fields that are not known are no error; mongorestore ignores them, too.
    pub(super) fn decode(document: &RawDocument) -> Result<Self, String> {
        Ok(Self {
            concurrent_collections: i32::try_from(number(document, "concurrent_collections")?)
                .map_err(|_| "`concurrent_collections` is out of range")?,
            version: text(document, "version")?,
            server_version: text(document, "server_version")?,
            tool_version: text(document, "tool_version")?,
        })
    }
}

impl Metadata {
    pub(super) fn encode(&self) -> RawDocumentBuf {
        let size = i32::try_from(self.size);
        rawdoc! {
            "db": self.db.as_str(),
            "collection": self.collection.as_str(),
            "metadata": self.metadata.as_str(),
            "size": size.map_or(RawBson::Int64(self.size), RawBson::Int32),
            "type": self.kind.as_str(),
        }
    }

    pub(super) fn decode(document: &RawDocument) -> Result<Self, String> {
        let this = Self {
            db: text(document, "db")?,
            collection: text(document, "collection")?,
            metadata: text(document, "metadata")?,
            size: number(document, "size")?,
            kind: text(document, "type")?,
        };
        if this.collection.is_empty() {
            return Err("it names no collection".to_owned());
        }
        if !this.metadata.is_empty() {
            object(&this.metadata)
                .map_err(|error| format!("metadata of `{}`: {error}", this.namespace()))?;
        }
        Ok(this)
    }
}

/// That it is a JSON object. Nothing is built of it, so that depth and size do not matter.
fn object(text: &str) -> Result<(), String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| format!("it is not JSON: {error}"))?;
    if text.trim_start().starts_with('{') {
        Ok(())
    } else {
        Err("it is no JSON object".to_owned())
    }
}

/// A text; absent is empty, as archives of old tools have no `type`.
fn text(document: &RawDocument, key: &str) -> Result<String, String> {
    match get(document, key)? {
        None => Ok(String::new()),
        Some(RawBsonRef::String(text)) => Ok(text.to_owned()),
        Some(_) => Err(format!("`{key}` is not a text")),
    }
}

/// A whole number; absent is 0.
fn number(document: &RawDocument, key: &str) -> Result<i64, String> {
    match get(document, key)? {
        None => Ok(0),
        Some(RawBsonRef::Int32(number)) => Ok(number.into()),
        Some(RawBsonRef::Int64(number)) => Ok(number),
        Some(_) => Err(format!("`{key}` is not a whole number")),
    }
}

fn get<'d>(document: &'d RawDocument, key: &str) -> Result<Option<RawBsonRef<'d>>, String> {
    document
        .get(key)
        .map_err(|_| format!("`{key}` cannot be read"))
}
