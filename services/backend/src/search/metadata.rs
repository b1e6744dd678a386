//! What a source knows of a result beyond the common fields: a JSON object that is passed on as it came, because nobody between
//! the source and the client looks into it.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// A JSON object as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub struct Metadata(Box<RawValue>);

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

impl TryFrom<Box<RawValue>> for Metadata {
    type Error = &'static str;

    fn try_from(text: Box<RawValue>) -> Result<Self, Self::Error> {
        match text.get().starts_with('{') {
            true => Ok(Self(text)),
            false => Err("metadata is no object"),
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
