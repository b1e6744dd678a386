//! `.env` by Compose's rules (compose-go `dotenv/parser.go`). Owns the grammar and where each variable was set; an error
//! names the variable, never its value. `interpolation` owns `${…}`.

mod interpolation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use super::{Environment, yaml};
use crate::diagnostic::{Diagnostic, Position, Topic};

/// The variables of one or more files.
#[derive(Clone, Default, PartialEq)]
pub struct Dotenv {
    settings: BTreeMap<String, Setting>,
    /// Variables whose line could not be understood; that they are not set is no second problem.
    broken: BTreeSet<String>,
    /// Whether a file could not be read at all: any variable may stand in it.
    unreadable: bool,
    /// Variables whose value came from a secret store.
    referring: BTreeSet<String>,
}

/// A variable as set.
#[derive(Clone, PartialEq)]
pub struct Setting {
    /// Its value, quotes and references resolved.
    pub value: String,
    /// The file it stands in.
    pub file: String,
    /// Where the name begins.
    pub position: Position,
    /// The bytes of the file's text (without a byte order mark) that hold the value, quotes included; empty after the name
    /// when there is no value.
    pub(crate) span: Range<usize>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** ({}:{})", self.file, self.position.line)
    }
}

impl fmt::Debug for Dotenv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.settings).finish()
    }
}

impl Dotenv {
    /// A variable.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// Whether a variable may have been meant to be set, where nobody can tell.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        self.unreadable || self.broken.contains(name)
    }

    /// Puts a secret store's answer in the place of a reference.
    pub(crate) fn answer(&mut self, name: &str, value: &str) {
        if let Some(setting) = self.settings.get_mut(name) {
            value.clone_into(&mut setting.value);
            self.referring.insert(name.to_owned());
        }
    }

    /// Whether a variable's value stands, or stood before it was asked for, in a secret store.
    pub(crate) fn refers(&self, name: &str) -> bool {
        let setting = self.settings.get(name);
        self.referring.contains(name) || setting.is_some_and(|setting| is_reference(&setting.value))
    }

    /// Notes that a file could not be read.
    pub(super) fn unreadable(&mut self) {
        self.unreadable = true;
    }

    /// Every variable, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings
            .iter()
            .map(|(name, setting)| (name.as_str(), setting))
    }

    /// Adds a file; its variables override those of files before it. References look into the process environment first.
    pub fn parse(
        &mut self,
        file: &str,
        bytes: &[u8],
        environment: &Environment,
    ) -> Vec<Diagnostic> {
        match yaml::text(file, bytes) {
            Err(problem) => {
                self.unreadable();
                vec![*problem]
            }
            Ok(text) => {
                let mut parser = Parser {
                    length: text.len(),
                    rest: text,
                    position: Position { line: 1, column: 1 },
                    file,
                    environment,
                    settings: &mut self.settings,
                    problems: Vec::new(),
                };
                parser.run();
                let problems = parser.problems;
                let names = problems.iter().filter_map(|problem| problem.key.clone());
                self.broken.extend(names);
                problems
            }
        }
    }
}

/// Whether a value stands for one in a secret store: `op://…`, `vault:path#field`, `env:NAME`, `file:/path`, `cmd:program`.
pub(crate) fn is_reference(value: &str) -> bool {
    let is_name = |name: &str| {
        let right = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty() && name.chars().all(right)
    };
    match value.split_once(':') {
        Some(("op", rest)) => rest
            .strip_prefix("//")
            .is_some_and(|rest| rest.contains('/')),
        Some(("vault", rest)) => rest
            .split_once('#')
            .is_some_and(|(p, f)| !p.is_empty() && is_name(f)),
        Some(("env", name)) => is_name(name),
        Some(("file", path)) => path.starts_with('/'),
        Some(("cmd", command)) => !command.trim().is_empty(),
        _ => false,
    }
}

struct Parser<'t> {
    length: usize,
    rest: &'t str,
    position: Position,
    file: &'t str,
    environment: &'t Environment,
    settings: &'t mut BTreeMap<String, Setting>,
    problems: Vec<Diagnostic>,
}

/// A space that does not end a line.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}

impl<'t> Parser<'t> {
    fn run(&mut self) {
        loop {
            self.skip(char::is_whitespace);
            if self.rest.is_empty() {
                return;
            }
            if self.rest.starts_with('#') {
                self.skip(|c| c != '\n');
                continue;
            }
            self.statement();
        }
    }

    /// Consumes `length` bytes.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        match taken.rfind('\n') {
            Some(last) => {
                self.position.line += taken.matches('\n').count();
                self.position.column = taken[last + 1..].chars().count() + 1;
            }
            None => self.position.column += taken.chars().count(),
        }
        self.rest = rest;
        taken
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let length = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.take(length)
    }

    fn refuse(&mut self, position: Position, name: &str, message: impl Into<String>) {
        let problem = Diagnostic::error(message).at(self.file, position).key(name);
        self.problems.push(problem.topic(Topic::Syntax));
    }

    /// One assignment; after a mistake the next line is read.
    fn statement(&mut self) {
        if self
            .rest
            .strip_prefix("export")
            .is_some_and(|rest| rest.starts_with(is_blank))
        {
            self.take("export".len());
            self.skip(is_blank);
        }
        let start = self.position;
        let name = self.skip(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']'));
        let after_name = self.position;
        let name_end = self.offset();
        self.skip(is_blank);
        match self.rest.chars().next() {
            Some('=' | ':') if name.is_empty() => {
                self.refuse(start, "", "a variable's name is missing");
                self.skip(|c| c != '\n');
            }
            Some('=' | ':') => {
                self.take(1);
                self.skip(is_blank);
                let begin = self.offset();
                if let Some((value, length)) = self.value(name) {
                    self.set(name, value, start, begin..begin + length);
                }
            }
            None | Some('\n') => {
                if let Some(value) = self.environment.get(name) {
                    self.set(name, value.clone(), start, name_end..name_end);
                }
            }
            Some(c) if c.is_alphanumeric() && after_name != self.position => {
                self.refuse(start, name, "a variable's name cannot contain a space");
                self.skip(|c| c != '\n');
            }
            Some(c) => {
                let message = format!(
                    "unexpected character `{}` in a variable's name",
                    c.escape_debug()
                );
                self.refuse(self.position, name, message);
                self.skip(|c| c != '\n');
            }
        }
    }

    fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    fn set(&mut self, name: &str, value: String, position: Position, span: Range<usize>) {
        let file = self.file.to_owned();
        self.settings.insert(
            name.to_owned(),
            Setting {
                value,
                file,
                position,
                span,
            },
        );
    }

    /// The value and how many bytes hold it.
    fn value(&mut self, name: &str) -> Option<(String, usize)> {
        let begin = self.offset();
        match self.rest.chars().next() {
            Some('"') => {
                let at = self.position;
                let quoted = self.quoted('"', name)?;
                let length = self.offset() - begin;
                let value = self.interpolate(&unescape(&quoted), name, at)?;
                Some((value, length))
            }
            Some('\'') => {
                let value = self.quoted('\'', name)?;
                Some((value, self.offset() - begin))
            }
            _ => {
                let at = self.position;
                let line = self.skip(|c| c != '\n');
                let value = line.split_once(" #").map_or(line, |(value, _)| value);
                let written = value.trim_end();
                let value = self.interpolate(written, name, at)?;
                Some((value, written.len()))
            }
        }
    }

    fn interpolate(&mut self, text: &str, name: &str, at: Position) -> Option<String> {
        let environment = self.environment;
        let settings = &*self.settings;
        let lookup = |variable: &str| {
            let set = settings.get(variable).map(|setting| setting.value.as_str());
            environment.get(variable).map(String::as_str).or(set)
        };
        match interpolation::interpolate(text, &lookup) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(at, name, message);
                None
            }
        }
    }

    /// The text up to the closing quote, which a backslash hides; other backslashes stay.
    fn quoted(&mut self, quote: char, name: &str) -> Option<String> {
        let start = self.position;
        let mut escaped = false;
        let mut value = String::new();
        let mut length = None;
        for (index, c) in self.rest.char_indices().skip(1) {
            if c == quote && !escaped {
                length = Some(index + 1);
                break;
            }
            if c == '\\' && !escaped {
                escaped = true;
                continue;
            }
            if escaped && c != quote {
                value.push('\\');
            }
            escaped = false;
            value.push(c);
        }
        if let Some(length) = length {
            self.take(length);
            return Some(value);
        }
        self.refuse(start, name, format!("the closing `{quote}` is missing"));
        self.skip(|c| c != '\n');
        None
    }
}

/// Escapes of a double-quoted value: Go's single letters, `\0` and octal digits; `\$` becomes `$$` for interpolation.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            Some('\\') => out.push('\\'),
            Some('$') => out.push_str("$$"),
            Some('0') => {
                let mut digits = String::new();
                while let Some(digit) = chars.next_if(|c| digits.len() < 3 && c.is_ascii_digit()) {
                    digits.push(digit);
                }
                let octal = (digits.len() == 3)
                    .then(|| u8::from_str_radix(&digits, 8).ok())
                    .flatten();
                match octal {
                    Some(byte) => out.push(char::from(byte)),
                    None => {
                        out.push('\\');
                        out.push_str(&digits);
                    }
                }
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}
