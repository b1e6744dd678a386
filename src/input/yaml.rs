//! YAML as written: a tree in which every key and value knows its line and column. Owns syntax; meaning belongs to
//! `fields` and its callers. Events rather than serde, because serde stops at the first problem and we report them all.

use std::collections::HashMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use crate::diagnostic::{At, Diagnostic, Position};

/// A node of the tree. Aliases share their node, so nesting them costs nothing.
#[derive(Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) position: Position,
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text as written; `plain` when it stood without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    Sequence(Vec<Arc<Node>>),
    /// Keys and values in the order written, duplicates included.
    Mapping(Vec<(At<String>, Arc<Node>)>),
}

impl Value {
    /// What a person would call it; never its content.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { .. } => "a single value",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// Decodes a file's bytes; a binary file is refused where it stops being text.
pub(crate) fn text<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Diagnostic>> {
    let (message, offset) = match std::str::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            None => return Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Some(offset) => ("not a text file: it contains a NUL byte", offset),
        },
        Err(error) => ("not a text file: it is not UTF-8", error.valid_up_to()),
    };
    let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or_default());
    let last = before.rsplit('\n').next().unwrap_or_default();
    let position = Position {
        line: before.matches('\n').count() + 1,
        column: last.chars().count() + 1,
    };
    Err(Box::new(
        Diagnostic::error(message)
            .at(file, position)
            .hint("save the file as UTF-8"),
    ))
}

/// Parses one document; an empty one is `Null`.
pub(crate) fn parse(file: &str, text: &str) -> Result<Arc<Node>, Box<Diagnostic>> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Box::new(syntax(file, &error)))?;
        builder
            .add(event, position(&span))
            .map_err(|(message, position)| {
                Box::new(Diagnostic::error(message).at(file, position))
            })?;
    }
    Ok(builder.root.unwrap_or_else(|| {
        Arc::new(Node {
            position: Position { line: 1, column: 1 },
            value: Value::Null,
        })
    }))
}

fn position(span: &Span) -> Position {
    Position {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

fn syntax(file: &str, error: &ScanError) -> Diagnostic {
    let at = Position {
        line: error.marker().line().max(1),
        column: error.marker().col() + 1,
    };
    let message = error.info();
    let tabs = matches!(
        error.kind(),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInPlainScalar
    ) || message.contains("tab");
    if tabs {
        return Diagnostic::error("invalid YAML: a tab cannot indent")
            .at(file, at)
            .hint("indent with spaces");
    }
    let problem =
        Diagnostic::error(format!("invalid YAML: {}", lower_first(&message))).at(file, at);
    match error.kind() {
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            problem.hint("check the indentation")
        }
        ErrorKind::MappingValueNotAllowed => problem.hint("put a value that holds `: ` in quotes"),
        _ => problem,
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

type Refusal = (&'static str, Position);

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
}

struct Open {
    position: Position,
    anchor: usize,
    key: Option<At<String>>,
    value: Value,
}

impl Builder {
    fn add(&mut self, event: Event<'_>, position: Position) -> Result<(), Refusal> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let value = match text.as_ref() {
                    "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
                    _ => Value::Scalar {
                        text: text.into_owned(),
                        plain,
                    },
                };
                self.close(Node { position, value }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(position, anchor, Value::Sequence(Vec::new()));
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(position, anchor, Value::Mapping(Vec::new()));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Open {
                    position,
                    anchor,
                    value,
                    ..
                }) => self.close(Node { position, value }, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.place(Arc::clone(node)),
                None => Err(("invalid YAML: an alias cannot contain itself", position)),
            },
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(("only one YAML document is read", position))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, position: Position, anchor: usize, value: Value) {
        self.stack.push(Open {
            position,
            anchor,
            key: None,
            value,
        });
    }

    fn close(&mut self, node: Node, anchor: usize) -> Result<(), Refusal> {
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.place(node)
    }

    fn place(&mut self, node: Arc<Node>) -> Result<(), Refusal> {
        let Some(parent) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.value {
            Value::Sequence(items) => items.push(node),
            Value::Mapping(entries) => match parent.key.take() {
                Some(key) => entries.push((key, node)),
                None => parent.key = Some(key(&node)?),
            },
            Value::Null | Value::Scalar { .. } => {}
        }
        Ok(())
    }
}

fn key(node: &Node) -> Result<At<String>, Refusal> {
    match &node.value {
        Value::Scalar { text, .. } => Ok(At::new(text.clone(), node.position)),
        Value::Null => Ok(At::new("null".to_owned(), node.position)),
        Value::Sequence(_) | Value::Mapping(_) => {
            Err(("a key must be a single value", node.position))
        }
    }
}
