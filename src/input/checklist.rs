//! `checklist:` of atlas.yaml as written: the user's own items. Owns their keys and forms; what came of them belongs to `checks`.

use std::collections::HashMap;

use super::fields::{Fields, Reader};
use super::yaml::{Node, Value};
use super::{form, span};
use crate::diagnostic::At;

/// Keys of each item.
pub const KEYS: &[&str] = &[
    "id",
    "title",
    "why",
    "required",
    "command",
    "http",
    "question",
    "ask-again",
];
/// Keys of `http`.
pub const HTTP_KEYS: &[&str] = &["url", "status"];
/// Ids of atlas' own items, which no other may have.
pub const BUILTIN: [&str; 11] = [
    "environment",
    "mongodb",
    "redis",
    "cors",
    "tls",
    "health",
    "monitoring",
    "backups",
    "rate-limit",
    "logs",
    "limits",
];

/// An item of the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name in commands and in the file of answers.
    pub id: At<String>,
    /// What holds when all is well.
    pub title: At<String>,
    /// Why it matters.
    pub why: Option<At<String>>,
    /// Whether the checklist fails without it; it does unless told otherwise.
    pub required: bool,
    /// How it is decided.
    pub how: How,
}

/// How an item is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A program and its arguments, run in the project directory; exit 0 passes.
    Command(Vec<String>),
    /// A request that must be answered with this status.
    Http {
        /// `http://…` or `https://…`.
        url: String,
        /// 200 by default.
        status: u16,
    },
    /// A person says so.
    Question {
        /// Answered by yes or no; yes passes.
        text: String,
        /// After how long it is asked again, as in [`span::parse`].
        ask_again: Option<String>,
    },
}

pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Item> {
    let Some((node, path)) = fields.get("checklist") else {
        return Vec::new();
    };
    if node.value == Value::Null {
        return Vec::new();
    }
    let nodes = reader.list(node, &path).unwrap_or_default();
    let mut items: Vec<Item> = Vec::new();
    let mut lines: HashMap<String, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(item) = item(reader, node, &path) else {
            continue;
        };
        let (id, position) = (&item.id.value, item.id.position);
        if BUILTIN.contains(&id.as_str()) {
            let message = format!("`{id}` is an item of atlas itself");
            reader.refuse_with(
                position,
                &format!("{path}.id"),
                message,
                "name it otherwise",
            );
        } else if let Some(line) = lines.get(id) {
            let message = format!("`{id}` is already an item in line {line}");
            reader.refuse(position, &format!("{path}.id"), message);
        } else {
            lines.insert(id.clone(), position.line);
            items.push(item);
        }
    }
    items
}

fn item(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Item> {
    let fields = reader.fields(node, path, KEYS)?;
    let mut needed = |key: &str| {
        let found = fields.get(key);
        if found.is_none() {
            reader.refuse(fields.position, &fields.path(key), "is missing");
        }
        found
    };
    let (id, title) = (needed("id"), needed("title"));
    let id = id.and_then(|(node, path)| {
        let form = "a word of lower-case letters, digits and `-`";
        reader.formed(node, &path, form, |text| {
            form::is_item(text).then(|| text.to_owned())
        })
    });
    let title = title.and_then(|(node, path)| line(reader, node, &path));
    let why = fields.get("why");
    let why = why.and_then(|(node, path)| line(reader, node, &path));
    let required = fields.get("required");
    let required = required.and_then(|(node, path)| reader.boolean(node, &path));
    let how = how(reader, &fields, path);
    Some(Item {
        id: id?,
        title: title?,
        why,
        required: required.is_none_or(|required| required.value),
        how: how?,
    })
}

/// Exactly one of `command`, `http` and `question`.
fn how(reader: &mut Reader<'_>, fields: &Fields<'_>, path: &str) -> Option<How> {
    let ways = ["command", "http", "question"];
    let named: Vec<&str> = ways
        .into_iter()
        .filter(|key| fields.get(key).is_some())
        .collect();
    if named.len() != 1 {
        let message = match named.is_empty() {
            true => "an item needs one of `command`, `http` and `question`".to_owned(),
            false => format!(
                "an item has one way to be decided, not `{}`",
                named.join("` and `")
            ),
        };
        reader.refuse(fields.position, path, message);
        return None;
    }
    let again = fields.get("ask-again");
    if let Some((node, path)) = &again
        && named != ["question"]
    {
        let message = "only a question is asked again; a probe is made each time";
        reader.refuse(node.position, path, message);
    }
    let again = again.and_then(|(node, path)| {
        let form = "a span of days, weeks, months or years such as `90d`";
        reader.formed(node, &path, form, |text| {
            span::parse(text).map(|_| text.to_owned())
        })
    });
    let (node, path) = fields.get(named[0])?;
    match named[0] {
        "command" => command(reader, node, &path),
        "http" => http(reader, node, &path),
        _ => Some(How::Question {
            text: line(reader, node, &path)?.value,
            ask_again: again.map(|again| again.value),
        }),
    }
}

fn command(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<How> {
    let known = reader.problems.len();
    let words = reader.texts(node, path)?;
    if reader.problems.len() > known {
        return None;
    }
    if words.first().is_none_or(|program| program.value.is_empty()) {
        let hint =
            "write a list such as `[curl, --fail, https://example.com]`; a shell is `[sh, -c, …]`";
        reader.refuse_with(node.position, path, "names no program".to_owned(), hint);
        return None;
    }
    Some(How::Command(
        words.into_iter().map(|word| word.value).collect(),
    ))
}

fn http(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<How> {
    let fields = reader.fields(node, path, HTTP_KEYS)?;
    let Some((node, path)) = fields.get("url") else {
        reader.refuse(fields.position, &fields.path("url"), "is missing");
        return None;
    };
    let form = "an address such as `https://host/path`";
    let url = reader.formed(node, &path, form, |text| {
        form::is_address(text).then(|| text.to_owned())
    });
    let status = match fields.get("status") {
        None => 200,
        Some((node, path)) => {
            let form = "a status from 100 to 599";
            let status = reader.formed(node, &path, form, |text| {
                text.parse().ok().filter(|code| (100..=599).contains(code))
            });
            status?.value
        }
    };
    Some(How::Http {
        url: url?.value,
        status,
    })
}

/// Text that is there, in one line.
fn line(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<At<String>> {
    reader.formed(node, path, "text", |text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    })
}
