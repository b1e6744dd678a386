//! `.env` by Compose's rules (compose-go `dotenv/parser.go`). Owns the grammar and where each variable was set; an error
//! names the variable, never its value. `interpolation` owns `${…}`.

mod interpolation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use super::{Environment, yaml};
use crate::diagnostic::{Diagnostic, Position};

/// The variables of one or more files.
#[derive(Clone, Default, PartialEq)]
pub struct Dotenv {
    settings: BTreeMap<String, Setting>,
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
            Err(problem) => vec![*problem],
            Ok(text) => {
                let mut parser = Parser {
                    rest: text,
                    position: Position { line: 1, column: 1 },
                    file,
                    environment,
                    settings: &mut self.settings,
                    problems: Vec::new(),
                };
                parser.run();
                parser.problems
            }
        }
    }
}

struct Parser<'t> {
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
        self.problems.push(problem);
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
        self.skip(is_blank);
        match self.rest.chars().next() {
            Some('=' | ':') if name.is_empty() => {
                self.refuse(start, "", "a variable's name is missing");
                self.skip(|c| c != '\n');
            }
            Some('=' | ':') => {
                self.take(1);
                self.skip(is_blank);
                if let Some(value) = self.value(name) {
                    self.set(name, value, start);
                }
            }
            None | Some('\n') => {
                if let Some(value) = self.environment.get(name) {
                    self.set(name, value.clone(), start);
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

    fn set(&mut self, name: &str, value: String, position: Position) {
        let file = self.file.to_owned();
        self.settings.insert(
            name.to_owned(),
            Setting {
                value,
                file,
                position,
            },
        );
    }

    fn value(&mut self, name: &str) -> Option<String> {
        match self.rest.chars().next() {
            Some('"') => {
                let at = self.position;
                let quoted = self.quoted('"', name)?;
                self.interpolate(&unescape(&quoted), name, at)
            }
            Some('\'') => self.quoted('\'', name),
            _ => {
                let at = self.position;
                let line = self.skip(|c| c != '\n');
                let value = line.split_once(" #").map_or(line, |(value, _)| value);
                self.interpolate(value.trim_end(), name, at)
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
