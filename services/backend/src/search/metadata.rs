//! What a source knows of a result beyond the common fields: a JSON object that is passed on as it came, because nobody between
//! the source and the client looks into it.

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// A JSON object as text, of its own or inside of a larger one.
#[derive(Clone, Debug)]
pub struct Metadata<R = Box<RawValue>>(R);

impl Metadata {
    /// Its fields.
    pub fn fields(&self) -> Map<String, Value> {
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Map::new().into()
    }
}

impl From<Map<String, Value>> for Metadata {
    fn from(fields: Map<String, Value>) -> Self {
        Self(to_raw_value(&fields).expect("a map of JSON is JSON"))
    }
}

/// Of what was [`Metadata`] before.
impl From<&RawValue> for Metadata {
    fn from(text: &RawValue) -> Self {
        Self(text.to_owned())
    }
}

impl<R: Deref<Target = RawValue>> AsRef<RawValue> for Metadata<R> {
    fn as_ref(&self) -> &RawValue {
        &self.0
    }
}

impl<'de, R: Deserialize<'de> + Deref<Target = RawValue>> Deserialize<'de> for Metadata<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = R::deserialize(deserializer)?;
        match text.get().starts_with('{') {
            true => Ok(Self(text)),
            false => Err(D::Error::custom("metadata is no object")),
        }
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_stays_as_it_came_and_nothing_else_is_taken() {
        let text = r#"{"b": 1,  "a": [true]}"#;
        let metadata: Metadata = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&metadata).unwrap(), text);
        for text in ["null", "[]", "1", r#""{}""#] {
            serde_json::from_str::<Metadata>(text).unwrap_err();
        }
    }
}
