//! Reads typed values out of a YAML tree and notes every problem on the way. Owns types, unknown and duplicate keys;
//! knows no particular document.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use super::yaml::{Node, Value};
use crate::diagnostic::{At, Diagnostic, Position};

/// The problems of one file, while it is being read.
pub(crate) struct Reader<'f> {
    file: &'f str,
    pub(crate) problems: Vec<Diagnostic>,
}

/// A mapping whose keys have been checked; the path of its own key for messages.
pub(crate) struct Fields<'n> {
    pub(crate) position: Position,
    path: String,
    entries: HashMap<&'n str, &'n Node>,
}

impl<'n> Fields<'n> {
    /// A key's value and path, when it is there.
    pub(crate) fn get(&self, key: &str) -> Option<(&'n Node, String)> {
        self.entries
            .get(key)
            .map(|node| (*node, join(&self.path, key)))
    }

    /// The path of a key, whether it is there or not.
    pub(crate) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }
}

/// `a` + `b` → `a.b`
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl<'f> Reader<'f> {
    pub(crate) fn new(file: &'f str) -> Self {
        Self {
            file,
            problems: Vec::new(),
        }
    }

    /// Notes a problem.
    pub(crate) fn refuse(&mut self, position: Position, path: &str, message: impl Into<String>) {
        let problem = Diagnostic::error(message).at(self.file, position).key(path);
        self.problems.push(problem);
    }

    /// Notes a problem with a hint.
    pub(crate) fn refuse_with(
        &mut self,
        position: Position,
        path: &str,
        message: String,
        hint: &str,
    ) {
        let problem = Diagnostic::error(message)
            .at(self.file, position)
            .key(path)
            .hint(hint);
        self.problems.push(problem);
    }

    fn expected(&mut self, node: &Node, path: &str, what: &str) {
        self.refuse(
            node.position,
            path,
            format!("expected {what}, found {}", node.value.what()),
        );
    }

    /// A mapping with free keys, duplicates refused; `None` and a problem when it is something else.
    pub(crate) fn entries<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
    ) -> Option<Vec<(&'n At<String>, &'n Arc<Node>)>> {
        let Value::Mapping(entries) = &node.value else {
            self.expected(node, path, "a mapping");
            return None;
        };
        let mut first: HashMap<&str, Position> = HashMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if let Some(earlier) = first.get(key.value.as_str()) {
                let message = format!("`{}` is already set in line {}", key.value, earlier.line);
                self.refuse(key.position, &join(path, &key.value), message);
            } else {
                first.insert(&key.value, key.position);
                kept.push((key, value));
            }
        }
        Some(kept)
    }

    /// A mapping whose keys are all of `known`; the others are refused.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let mut entries = HashMap::new();
        for (key, value) in self.entries(node, path)? {
            if known.contains(&key.value.as_str()) {
                entries.insert(key.value.as_str(), value.as_ref());
            } else {
                let problem = Diagnostic::error(format!("unknown key `{}`", key.value))
                    .at(self.file, key.position)
                    .key(join(path, &key.value));
                self.problems.push(match key.value.as_str() {
                    "<<" => problem.hint("merge keys are not read; write the keys out"),
                    typed => problem.did_you_mean(typed, known.iter().copied()),
                });
            }
        }
        Some(Fields {
            position: node.position,
            path: path.to_owned(),
            entries,
        })
    }

    /// A list; `None` and a problem when it is something else.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n [Arc<Node>]> {
        match &node.value {
            Value::Sequence(items) => Some(items),
            _ => {
                self.expected(node, path, "a list");
                None
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, node: &Node, path: &str) -> Option<Vec<At<String>>> {
        let items = self.list(node, path)?;
        Some(
            items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.text(item, &format!("{path}[{index}]")))
                .collect(),
        )
    }

    /// Text exactly as written, so that `tag: 1.10` stays `1.10`.
    pub(crate) fn text(&mut self, node: &Node, path: &str) -> Option<At<String>> {
        match &node.value {
            Value::Scalar { text, .. } => Some(At::new(text.clone(), node.position)),
            _ => {
                self.expected(node, path, "text");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, node: &Node, path: &str) -> Option<At<bool>> {
        match &node.value {
            Value::Scalar { text, plain: true } if text == "true" => {
                Some(At::new(true, node.position))
            }
            Value::Scalar { text, plain: true } if text == "false" => {
                Some(At::new(false, node.position))
            }
            Value::Scalar { .. } => {
                self.refuse(node.position, path, "expected `true` or `false`");
                None
            }
            _ => {
                self.expected(node, path, "`true` or `false`");
                None
            }
        }
    }

    /// A value with a form of its own; `form` describes it to people.
    pub(crate) fn formed<T>(
        &mut self,
        node: &Node,
        path: &str,
        form: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<At<T>> {
        let Value::Scalar { text, .. } = &node.value else {
            self.expected(node, path, form);
            return None;
        };
        let parsed = parse(text).map(|value| At::new(value, node.position));
        if parsed.is_none() {
            self.refuse(
                node.position,
                path,
                format!("expected {form}, found `{text}`"),
            );
        }
        parsed
    }

    /// A value whose type explains itself when it refuses.
    pub(crate) fn parsed<T: FromStr>(&mut self, node: &Node, path: &str) -> Option<At<T>>
    where
        T::Err: Display,
    {
        let text = self.text(node, path)?;
        match text.value.parse() {
            Ok(value) => Some(At::new(value, text.position)),
            Err(error) => {
                self.refuse(text.position, path, error.to_string());
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        path: &str,
        words: &[(&str, T)],
    ) -> Option<At<T>> {
        let text = self.text(node, path)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let names = words.iter().map(|(word, _)| *word);
            let problem = Diagnostic::error(format!("unknown value `{}`", text.value))
                .at(self.file, text.position)
                .key(path)
                .did_you_mean(&text.value, names);
            self.problems.push(problem);
        }
        found.map(|(_, value)| At::new(*value, text.position))
    }
}
