//! .env as commands write it: one section for each service, nothing of the user's lost. Owns the text and the generated
//! secrets; the grammar belongs to `input::dotenv`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Error;
use crate::input::catalogue::{Entry, Variable};
use crate::input::{Dotenv, Environment, Inputs};
use crate::model::{DataMode, Deployment};
use crate::targets::templates;

/// Letters of generated secrets: safe in URLs, YAML, shells and .env without quotes.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BOM: char = '\u{feff}';
/// 40 of 62 letters are 238 bits.
const LENGTH: usize = 40;

/// Fresh values for the variables that the catalogue says are to be generated.
pub(super) fn generated(inputs: &Inputs) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for entry in inputs.catalogue.entries() {
        for (name, variable) in &entry.environment {
            if variable.generate {
                values.insert(name.clone(), random()?);
            }
        }
    }
    Ok(values)
}

/// A fresh secret.
pub(super) fn random() -> Result<String, Error> {
    let mut secret = String::with_capacity(LENGTH);
    while secret.len() < LENGTH {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(|cause| {
            Error::failed(format!(
                "failed to get random numbers from the system: {cause}"
            ))
        })?;
        // 248 = 4 × 62: larger bytes would favour the first letters.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        secret.extend(fair.map(|byte| char::from(LETTERS[usize::from(byte % 62)])));
    }
    secret.truncate(LENGTH);
    Ok(secret)
}

/// The new text: what was there, edited where `--set` says so, and what is missing. Comments, order, line ends and a byte
/// order mark stay; a value is replaced by its bytes, so that one of several lines goes as a whole.
pub(super) fn merge(
    before: Option<&str>,
    inputs: &Inputs,
    deployment: &Deployment,
    generated: &BTreeMap<String, String>,
    asked: &BTreeMap<String, String>,
) -> String {
    let whole = before.unwrap_or(templates::DOTENV);
    let text = whole.strip_prefix(BOM).unwrap_or(whole);
    let lines = Lines::of(text);
    let mut text = lines.edited(text, generated, asked);
    let mut written = lines.commented.keys().cloned().collect::<BTreeSet<_>>();
    // Commented out, a generated one is missing all the same; and it may be the only copy of an old password.
    written.retain(|name| !generated.contains_key(name));
    written.extend(lines.set.keys().cloned());
    let mut missing = String::new();
    for entry in entries(inputs, deployment) {
        let mut section = String::new();
        for (name, variable) in ordered(entry) {
            if !belongs(variable, deployment) || !written.insert(name.clone()) {
                continue;
            }
            let value = asked.get(name).or_else(|| generated.get(name));
            section += &lines_of(name, variable, value);
        }
        if !section.is_empty() {
            missing += &format!(
                "\n# --- {}: {} ---\n{section}",
                entry.name, entry.description
            );
        }
    }
    for (name, value) in asked {
        if written.insert(name.clone()) {
            missing += &format!("\n{name}={}\n", quoted(value));
        }
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !missing.is_empty() && !text.is_empty() && !text.ends_with('\n') {
        text += end;
    }
    text += &missing.replace('\n', end);
    match whole.starts_with(BOM) {
        true => format!("{BOM}{text}"),
        false => text,
    }
}

/// The text with these values, each where its variable stands or else at the end.
pub(super) fn set(before: &str, asked: &BTreeMap<String, String>) -> String {
    let bare = before.strip_prefix(BOM).unwrap_or(before);
    let lines = Lines::of(bare);
    let mut text = lines.edited(bare, &BTreeMap::new(), asked);
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    for (name, value) in asked {
        if !lines.set.contains_key(name) && !lines.commented.contains_key(name) {
            if !text.is_empty() && !text.ends_with('\n') {
                text += end;
            }
            text += &format!("{name}={}{end}", quoted(value));
        }
    }
    match before.starts_with(BOM) {
        true => format!("{BOM}{text}"),
        false => text,
    }
}

/// The text with these variables commented out.
pub(super) fn without(before: &str, names: &BTreeSet<String>) -> String {
    let bare = before.strip_prefix(BOM).unwrap_or(before);
    let lines = Lines::of(bare);
    let mut places: Vec<&Range<usize>> = names.iter().filter_map(|n| lines.set.get(n)).collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.start));
    let mut text = bare.to_owned();
    for place in places {
        let begin = bare
            .get(..place.start)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |at| at + 1);
        let commented = text
            .get(begin..place.end)
            .unwrap_or_default()
            .replace('\n', "\n# ");
        text.replace_range(begin..place.end, &format!("# {commented}"));
    }
    match before.starts_with(BOM) {
        true => format!("{BOM}{text}"),
        false => text,
    }
}

/// The variables that a text sets or has commented out.
pub(super) fn names(text: &str) -> BTreeSet<String> {
    let lines = Lines::of(text.strip_prefix(BOM).unwrap_or(text));
    lines
        .set
        .into_keys()
        .chain(lines.commented.into_keys())
        .collect()
}

/// In the order in which a person has them at hand: addresses and names, then secrets.
pub(super) fn ordered(entry: &Entry) -> Vec<(&String, &Variable)> {
    let mut variables: Vec<_> = entry.environment.iter().collect();
    variables.sort_by_key(|(name, variable)| (variable.secret, *name));
    variables
}

/// Where the text sets variables.
struct Lines {
    /// The bytes of each value.
    set: BTreeMap<String, Range<usize>>,
    /// The bytes of each `# NAME=…`.
    commented: BTreeMap<String, Range<usize>>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let mut dotenv = Dotenv::default();
        dotenv.parse(".env", text.as_bytes(), &Environment::new());
        let set: BTreeMap<String, Range<usize>> = dotenv
            .iter()
            .map(|(name, setting)| (name.to_owned(), setting.span.clone()))
            .collect();
        let mut commented = BTreeMap::new();
        let mut begin = 0;
        for line in text.split_inclusive('\n') {
            let inside = set.values().any(|value| value.contains(&begin));
            if let Some(name) = commented_name(line).filter(|_| !inside) {
                commented.insert(name.to_owned(), begin..begin + line.trim_end().len());
            }
            begin += line.len();
        }
        Self { set, commented }
    }

    /// The text with what was asked for, and with generated values where there are empty ones.
    fn edited(
        &self,
        text: &str,
        generated: &BTreeMap<String, String>,
        asked: &BTreeMap<String, String>,
    ) -> String {
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for (name, value) in asked {
            if let Some(at) = self.set.get(name) {
                let before = text.get(..at.start).unwrap_or_default().trim_end();
                let sign = if before.ends_with(['=', ':']) {
                    ""
                } else {
                    "="
                };
                edits.push((at.clone(), format!("{sign}{}", quoted(value))));
            } else if let Some(at) = self.commented.get(name) {
                edits.push((at.clone(), format!("{name}={}", quoted(value))));
            }
        }
        for (name, value) in generated {
            let empty = |at: &&Range<usize>| {
                matches!(text.get((*at).clone()), Some("" | "''" | "\"\""))
                    && text
                        .get(..at.start)
                        .is_some_and(|t| t.trim_end().ends_with(['=', ':']))
            };
            if let Some(at) = self.set.get(name).filter(empty)
                && !asked.contains_key(name)
            {
                edits.push((at.clone(), value.clone()));
            }
        }
        edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        let mut text = text.to_owned();
        for (at, value) in edits {
            text.replace_range(at, &value);
        }
        text
    }
}

/// `# NAME=…`
fn commented_name(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim_start();
    let right = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(right)).then_some(name)
}

/// The services of the deployment and those that one of them answers for.
fn entries<'a>(inputs: &'a Inputs, deployment: &Deployment) -> Vec<&'a Entry> {
    let mut names: Vec<String> = deployment
        .services
        .keys()
        .map(ToString::to_string)
        .collect();
    names.sort_by_key(|name| {
        deployment
            .services
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .map(|(_, s)| s.kind)
    });
    for name in names.clone() {
        let substitution = inputs
            .catalogue
            .get(&name)
            .and_then(|e| e.answers_for.as_ref());
        if let Some(substitution) = substitution
            && !deployment.services.contains_key(&substitution.without)
        {
            names.extend(substitution.services.iter().map(ToString::to_string));
        }
    }
    names
        .iter()
        .filter_map(|name| inputs.catalogue.get(name))
        .collect()
}

/// Whether a person (or `init`) sets it: not fixed, and not given by another service of the deployment.
fn belongs(variable: &Variable, deployment: &Deployment) -> bool {
    let given = match &variable.from {
        None => false,
        Some(_) if variable.secret => deployment.data != DataMode::External,
        Some(_) => true,
    };
    variable.value.is_none() && !given
}

fn lines_of(name: &str, variable: &Variable, value: Option<&String>) -> String {
    let mut text = format!("# {}\n", variable.description);
    if let Some(place) = &variable.obtain {
        text += &format!("# where: {place}\n");
    }
    text += &match (value, &variable.default) {
        (Some(value), _) => format!("{name}={}\n", quoted(value)),
        (None, Some(default)) => format!("# {name}={}\n", quoted(default)),
        (None, None) if variable.required => format!("{name}=\n"),
        (None, None) => format!("# {name}=\n"),
    };
    text
}

/// A value so that Compose reads it back as it is.
pub(super) fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=*~".contains(c);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    if !value.contains(['\'', '\\', '\n', '\r']) {
        return format!("'{value}'");
    }
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_reads_back_as_it_was() {
        for value in [
            "plain",
            "with space",
            "a$b",
            "it's",
            "say \"hi\"",
            "a\\b'c",
            "#hash",
            "x=y",
            "ü",
            "ends with \\",
            "\\",
            "\\'",
            "two\nlines\r\n",
            " spaces ",
            "${X:-$Y}",
            "\\n",
            "\\$",
        ] {
            let mut dotenv = Dotenv::default();
            let line = format!("NAME={}\n", quoted(value));
            let problems = dotenv.parse(".env", line.as_bytes(), &Environment::new());
            assert!(problems.is_empty(), "{value}: {problems:?}");
            assert_eq!(dotenv.get("NAME").map(|s| s.value.as_str()), Some(value));
        }
    }

    fn edited(text: &str, asked: &[(&str, &str)], generated: &[(&str, &str)]) -> String {
        let map = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            owned.collect::<BTreeMap<_, _>>()
        };
        Lines::of(text).edited(text, &map(generated), &map(asked))
    }

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        let before = "# mine\nexport A=1\nB = 2 # two\r\nC=\"x\n# D=1\ny\" # three\nE\n";
        assert_eq!(
            edited(
                before,
                &[("A", "9"), ("B", "3"), ("C", "a b"), ("D", "4")],
                &[]
            ),
            "# mine\nexport A=9\nB = 3 # two\r\nC='a b' # three\nE\n"
        );
        assert_eq!(edited("A=1\nA=2", &[("A", "3")], &[]), "A=1\nA=3");
        assert_eq!(edited("# A=1\nB=2", &[("A", "3")], &[]), "A=3\nB=2");
    }

    #[test]
    fn only_an_empty_secret_is_generated() {
        let before = "A=\nB=''\nC=${X}\nD=mine\n# E=old\n";
        let fresh = [("A", "1"), ("B", "2"), ("C", "3"), ("D", "4"), ("E", "5")];
        assert_eq!(
            edited(before, &[], &fresh),
            "A=1\nB=2\nC=${X}\nD=mine\n# E=old\n"
        );
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (one, two) = (random().expect("random"), random().expect("random"));
        assert_eq!(one.len(), 40);
        assert_ne!(one, two);
    }
}
