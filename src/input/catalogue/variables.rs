//! The `environment` and `provides` parts of a catalogue file. Owns their keys.

use std::collections::BTreeMap;

use super::entry::{Format, Provided, Variable};
use super::reader::{flag, optional_text, required, words};
use crate::input::fields::{Fields, Reader, join};
use crate::input::form;
use crate::input::yaml::Value;
use crate::model::ServiceName;

const VARIABLE_KEYS: &[&str] = &[
    "description",
    "required",
    "secret",
    "generate",
    "value",
    "default",
    "from",
    "format",
    "begins_with",
    "placeholders",
    "unwise_in_production",
    "obtain",
    "file",
    "content",
];
const FORMATS: &[(&str, Format)] = &[
    ("url", Format::Url),
    ("count", Format::Count),
    ("seconds", Format::Seconds),
    ("word", Format::Word),
    ("email", Format::Email),
    ("uuid", Format::Uuid),
];

/// Variables by name; a single value is a fixed one.
pub(super) fn environment(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
) -> BTreeMap<String, Variable> {
    let mut found = BTreeMap::new();
    let Some((node, path)) = fields.get("environment") else {
        return found;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = join(&path, &key.value);
        if !form::is_variable(&key.value) {
            let message = format!("invalid variable name `{}`", key.value);
            reader.refuse(key.position, &path, message);
        } else if let Value::Scalar { text, .. } = &node.value {
            let value = Some(text.clone());
            found.insert(
                key.value.clone(),
                Variable {
                    value,
                    ..Variable::default()
                },
            );
        } else if let Some(fields) = reader.fields(node, &path, VARIABLE_KEYS) {
            found.insert(key.value.clone(), variable(reader, &fields));
        }
    }
    found
}

fn variable(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Variable {
    Variable {
        description: optional_text(reader, fields, "description").unwrap_or_default(),
        required: flag(reader, fields, "required", false),
        secret: flag(reader, fields, "secret", false),
        generate: flag(reader, fields, "generate", false),
        value: optional_text(reader, fields, "value"),
        default: optional_text(reader, fields, "default"),
        from: fields
            .get("from")
            .and_then(|(node, path)| reader.parsed::<ServiceName>(node, &path))
            .map(|name| name.value),
        format: fields
            .get("format")
            .and_then(|(node, path)| reader.choice(node, &path, FORMATS))
            .map(|format| format.value),
        begins_with: words(reader, fields, "begins_with").unwrap_or_default(),
        placeholders: words(reader, fields, "placeholders").unwrap_or_default(),
        unwise_in_production: words(reader, fields, "unwise_in_production").unwrap_or_default(),
        obtain: optional_text(reader, fields, "obtain"),
        file: optional_text(reader, fields, "file"),
        content: optional_text(reader, fields, "content"),
    }
}

/// Values for other services by variable.
pub(super) fn provides(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Provided> {
    let mut found = BTreeMap::new();
    let Some((node, path)) = fields.get("provides") else {
        return found;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = join(&path, &key.value);
        let Some(fields) = reader.fields(node, &path, &["value", "secret"]) else {
            continue;
        };
        if let Some(value) = required(reader, &fields, "value", |r, n, p| r.text(n, p)) {
            let secret = flag(reader, &fields, "secret", false);
            found.insert(
                key.value.clone(),
                Provided {
                    value: value.value,
                    secret,
                },
            );
        }
    }
    found
}
