//! Problems with what a person wrote. Owns their form (position, key path, message, hint); who finds them is `input` and
//! `resolve`, who shows them is `report`. A diagnostic never holds a value of the environment.

use std::fmt;

use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// There is no deployment until it is mended.
    Error,
    /// There is a deployment, perhaps not the one that was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// What a problem is about, where a check of its own tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Topic {
    /// Nothing of the below.
    #[default]
    Other,
    /// A variable that is needed has no value.
    Missing,
    /// A variable still holds an example's value.
    Placeholder,
    /// A variable's value cannot be right.
    Shape,
    /// A line of `.env` cannot be understood.
    Syntax,
}

/// A place in a file: line and column from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Position {
    /// Line, from 1; 0 when only the file is known.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands in its file.
    pub position: Position,
}

impl<T> At<T> {
    /// A value at a position.
    pub fn new(value: T, position: Position) -> Self {
        Self { value, position }
    }
}

/// One problem.
///
/// ```
/// # use atlas::diagnostic::{Diagnostic, Position};
/// let problem = Diagnostic::error("unknown service `gatewy`")
///     .at("atlas.yaml", Position { line: 3, column: 7 })
///     .key("services.gatewy")
///     .hint("did you mean `gateway`?");
/// assert_eq!(
///     problem.to_string(),
///     "error: atlas.yaml:3:7: services.gatewy: unknown service `gatewy`\n  hint: did you mean `gateway`?"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// The file as it was named; `None` for the command line and the process environment.
    pub file: Option<String>,
    /// Where in the file; `None` when it concerns the whole file.
    pub position: Option<Position>,
    /// Error or warning.
    pub severity: Severity,
    /// Where in the document: `services.gateway.port`, or a variable's name.
    pub key: Option<String>,
    /// What is wrong: lower case, no final stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What it is about.
    #[serde(skip)]
    pub topic: Topic,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            file: None,
            position: None,
            severity: Severity::Error,
            key: None,
            message: message.into(),
            hint: None,
            topic: Topic::Other,
        }
    }

    /// A warning without a place.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    /// Sets file and position; a position with line 0 names the file only.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, position: Position) -> Self {
        self.file = Some(file.into());
        self.position = (position.line > 0).then_some(position);
        self
    }

    /// Sets the key path.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        self.key = (!key.is_empty()).then_some(key);
        self
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets what it is about.
    #[must_use]
    pub fn topic(mut self, topic: Topic) -> Self {
        self.topic = topic;
        self
    }

    /// Hints at the nearest of `known`, or lists them when there are few and none is near.
    #[must_use]
    pub fn did_you_mean<'a>(
        self,
        typed: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        if let Some(near) = nearest(typed, known.clone()) {
            return self.hint(format!("did you mean `{near}`?"));
        }
        let mut all: Vec<&str> = known.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        if all.is_empty() || all.len() > 24 {
            return self;
        }
        self.hint(format!("known are {}", enumerate(&all)))
    }
}

impl Diagnostic {
    /// Whether there is no deployment until it is mended.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Place, key path and message.
    pub fn said(&self) -> String {
        let mut text = String::new();
        if let Some(file) = &self.file {
            text += file;
            if let Some(Position { line, column }) = self.position {
                text += &format!(":{line}:{column}");
            }
            text += ": ";
        }
        if let Some(key) = &self.key {
            text += &format!("{key}: ");
        }
        text + &self.message
    }

    /// Place, key path, message and hint, without the severity.
    pub fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}\n  hint: {hint}", self.said()),
            None => self.said(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.text())
    }
}

/// The name of `known` that `typed` was probably meant to be.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&typed, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `` `a`, `b` and `c` ``
pub fn enumerate<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}
