//! .env as `init` writes it: one section for each service, nothing of the user's lost. Owns the text and the generated
//! secrets; the grammar belongs to `input::dotenv`.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::Settings;
use crate::error::Error;
use crate::input::Inputs;
use crate::input::catalogue::{Entry, Variable};
use crate::model::{DataMode, Deployment};

/// Letters of generated secrets: safe in URLs, YAML, shells and .env without quotes.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// 40 of 62 letters are 238 bits.
const LENGTH: usize = 40;

const HEAD: &str = "# Credentials, read by Docker Compose's rules. Yours to edit; `atlas init` only adds what is missing.\n\
# Quote values that contain $, #, quotes or spaces: NAME='value'\n";

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

fn random() -> Result<String, Error> {
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

/// The new text: what was there, edited where `--set` says so, and what is missing.
pub(super) fn merge(
    before: Option<&str>,
    inputs: &Inputs,
    deployment: &Deployment,
    generated: &BTreeMap<String, String>,
    settings: &Settings,
) -> String {
    let mut text = before.unwrap_or(HEAD).to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut written: BTreeSet<String> = mentioned(&text);
    for (name, value) in &settings.variables {
        if written.contains(name) {
            text = replaced(&text, name, value);
        }
    }
    for (name, value) in generated {
        // An empty generated secret is one that was never made.
        let empty = inputs
            .dotenv
            .get(name)
            .is_some_and(|set| set.value.is_empty());
        if empty && !settings.variables.contains_key(name) {
            text = replaced(&text, name, value);
        }
    }
    for entry in entries(inputs, deployment) {
        let mut section = String::new();
        for (name, variable) in &entry.environment {
            if !belongs(variable, deployment) || !written.insert(name.clone()) {
                continue;
            }
            let value = settings.variables.get(name).or_else(|| generated.get(name));
            section += &lines(name, variable, value);
        }
        if !section.is_empty() {
            text += &format!(
                "\n# --- {}: {} ---\n{section}",
                entry.name, entry.description
            );
        }
    }
    for (name, value) in &settings.variables {
        if written.insert(name.clone()) {
            text += &format!("\n{name}={}\n", quoted(value));
        }
    }
    text
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

fn lines(name: &str, variable: &Variable, value: Option<&String>) -> String {
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
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=*~".contains(c);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    if !value.contains('\'') && !value.contains('\n') {
        return format!("'{value}'");
    }
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// The variable that a line sets, commented out or not.
fn name_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let name = line.split(['=', ':']).next()?.trim_end();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && line.len() > name.len()).then_some(name)
}

fn mentioned(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(name_of)
        .map(str::to_owned)
        .collect()
}

fn replaced(text: &str, name: &str, value: &str) -> String {
    let line = |line: &str| match name_of(line) == Some(name) {
        true => format!("{name}={}\n", quoted(value)),
        false => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Dotenv;
    use crate::input::Environment;

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
        ] {
            let mut dotenv = Dotenv::default();
            let line = format!("NAME={}\n", quoted(value));
            let problems = dotenv.parse(".env", line.as_bytes(), &Environment::new());
            assert!(problems.is_empty(), "{value}: {problems:?}");
            assert_eq!(dotenv.get("NAME").map(|s| s.value.as_str()), Some(value));
        }
    }

    #[test]
    fn a_line_is_replaced_where_it_stands() {
        let before = "# mine\nexport A=1\nB=2 # two\n";
        assert_eq!(replaced(before, "B", "3"), "# mine\nexport A=1\nB=3\n");
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (one, two) = (random().expect("random"), random().expect("random"));
        assert_eq!(one.len(), 40);
        assert_ne!(one, two);
    }
}
