//! JSON Schemas in words: what a value is, within which bounds, of which fields.

use std::fmt::Write as _;

use serde_json::Value;

use super::{escaped, fields, list, prose, shown, text};

/// Every shape of the document.
pub(super) fn all(html: &mut String, document: &Value) {
    html.push_str("<h2 id=\"schemas\">Shapes</h2>");
    for (name, schema) in fields(&document["components"]["schemas"]) {
        let _ = write!(
            html,
            "<section id=\"shape-{name}\"><h3>{name}</h3><p class=\"soft\">{}</p>{}",
            kind(schema),
            prose(&schema["description"])
        );
        html.push_str("<dl>");
        properties(html, schema, "");
        html.push_str("</dl>");
        let example = &schema["examples"][0];
        if !example.is_null() {
            let _ = write!(html, "<pre>{}</pre>", escaped(&shown(example)));
        }
        html.push_str("</section>");
    }
}

/// The fields of an object, those of objects within it by their paths.
fn properties(html: &mut String, schema: &Value, before: &str) {
    for (name, property) in fields(&schema["properties"]) {
        let required = list(&schema["required"]).iter().any(|one| one == name);
        let required = if required { ", required" } else { "" };
        let path = format!("{before}{name}");
        let _ = write!(
            html,
            "<dt><code>{}</code> <span class=\"soft\">{}{required}</span></dt><dd>{}</dd>",
            escaped(&path),
            kind(property),
            prose(&property["description"])
        );
        properties(html, property, &format!("{path}."));
    }
}

/// What a value is, in HTML: a link to a named shape, or a type with its bounds.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|t| t.rsplit('/').next()) {
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    let either = list(&schema["anyOf"]);
    if !either.is_empty() {
        return either.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let mut words = types(schema);
    if schema["additionalProperties"].is_object() {
        let values = kind(&schema["additionalProperties"]);
        let _ = write!(words, " with values: {values}");
    }
    if let Some(only) = schema["const"].as_str() {
        let _ = write!(words, " <code>{}</code>", escaped(only));
    }
    let choices: Vec<String> = list(&schema["enum"])
        .iter()
        .map(|choice| format!("<code>{}</code>", escaped(text(choice))))
        .collect();
    if !choices.is_empty() {
        let _ = write!(words, ": {}", choices.join(", "));
    }
    for (name, bound) in [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters at least"),
        ("maxLength", "characters at most"),
        ("maxItems", "items at most"),
        ("pattern", "pattern"),
        ("default", "default"),
    ] {
        if !schema[name].is_null() {
            let _ = write!(
                words,
                ", {bound} <code>{}</code>",
                escaped(&shown(&schema[name]))
            );
        }
    }
    words
}

fn types(schema: &Value) -> String {
    let one = |name: &Value| match text(name) {
        "string" => "text".to_owned(),
        "array" => format!("list of {}", kind(&schema["items"])),
        "integer" => "whole number".to_owned(),
        "null" => "nothing".to_owned(),
        "" => "anything".to_owned(),
        other => other.to_owned(),
    };
    match &schema["type"] {
        Value::Array(many) => many.iter().map(one).collect::<Vec<_>>().join(" or "),
        single => one(single),
    }
}
