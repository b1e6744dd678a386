//! Hides secrets in text that anybody may have written. Two nets: every value that is known to be secret, in each form in which it may be
//! written; and every word that looks like one.

use std::collections::BTreeSet;
use std::fs;

use atlas_backup::notify::Target;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::app::App;
use crate::checks::Facts;
use crate::input::Inputs;
use crate::model::EnvValue;

/// Shorter values would hide ordinary words; they are hidden where they stand by the nets of names.
const SHORTEST: usize = 4;
/// Shorter parts of a path are words such as `services`.
const SEGMENT: usize = 9;
/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// Beginnings of tokens that no catalogue names: GitHub, Slack, AWS, age, Google, JSON Web Tokens.
const TOKENS: [&str; 14] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AGE-SECRET-KEY-1",
    "AIza",
    "ya29.",
    "eyJ",
];
/// After such a word comes a secret: `Authorization: Bearer …`.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];
/// A name that ends like this is followed by a secret: `"client_secret": "…"`, `password=…`.
const NAMES: [&str; 8] = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "authorization",
];

/// What is known to be secret.
pub(super) struct Redactor {
    /// Longest first, so that a secret within another leaves nothing of the other.
    literals: Vec<String>,
    prefixes: Vec<String>,
}

impl Redactor {
    /// Gathers from .env, atlas.yaml, the process environment, the secret files, and what containers were given.
    pub(super) fn of<'a>(
        app: &App,
        facts: &Facts,
        portraits: impl Iterator<Item = &'a Value>,
    ) -> Self {
        let inputs = &facts.inputs;
        let mut values: BTreeSet<String> = BTreeSet::new();
        for (name, setting) in inputs.dotenv.iter() {
            if !is_plain(inputs, name) {
                values.insert(setting.value.clone());
            }
        }
        for (name, value) in &app.environment {
            let known = inputs.dotenv.get(name).is_some() || is_named(inputs, name);
            if (known && !is_plain(inputs, name)) || looks_secret(name) {
                values.insert(value.clone());
            }
        }
        values.extend(of_manifest(inputs));
        values.extend(of_files(app));
        values.extend(of_deployment(facts));
        for portrait in portraits {
            values.extend(of_container(inputs, portrait));
        }
        let mut literals: BTreeSet<String> = BTreeSet::new();
        for value in values.iter().flat_map(|value| parts(value)) {
            literals.extend(forms(&value));
        }
        let mut literals: Vec<String> = literals.into_iter().collect();
        literals.sort_by_key(|literal| std::cmp::Reverse(literal.len()));
        let entries = inputs.catalogue.entries();
        let variables = entries.flat_map(|entry| entry.environment.values());
        let of_vendors = variables
            .filter(|v| v.secret)
            .flat_map(|v| v.begins_with.clone());
        let of_vendors = of_vendors.filter(|begin| !begin.contains("://"));
        let prefixes = TOKENS.iter().map(|token| (*token).to_owned());
        Self {
            literals,
            prefixes: prefixes.chain(of_vendors).collect(),
        }
    }

    /// The text without secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = self.without_literals(text);
        text = without_keys(&text);
        let lines = text.split_inclusive('\n');
        lines.map(|line| self.line(line)).collect()
    }

    /// Whether a known secret is still there.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.literals.iter().any(|literal| text.contains(literal))
    }

    fn without_literals(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for literal in &self.literals {
            if text.contains(literal) {
                text = text.replace(literal, HIDDEN);
            }
        }
        text
    }

    /// Hides what looks like a secret, word by word; what stands between the words stays.
    fn line(&self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        let mut hide_next = false;
        while !rest.is_empty() {
            let end = rest.find(is_between).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let gap = after.find(|c| !is_between(c)).unwrap_or(after.len());
            let (gap, after) = after.split_at(gap);
            let lower = word.to_ascii_lowercase();
            let is_scheme = SCHEMES.contains(&lower.as_str());
            match hide_next && !is_scheme && !word.is_empty() && !is_word_of_prose(word) {
                true => out += HIDDEN,
                false => out += &self.word(word),
            }
            let assigns = gap.contains([':', '=']);
            hide_next = is_scheme || (looks_secret(&lower) && assigns);
            out += gap;
            rest = after;
        }
        without_userinfo(&out)
    }

    fn word(&self, word: &str) -> String {
        let begins = self.prefixes.iter().any(|prefix| {
            let rest = word.strip_prefix(prefix.as_str());
            rest.is_some_and(|rest| rest.len() >= SHORTEST)
        });
        match begins {
            true => HIDDEN.to_owned(),
            false => word.to_owned(),
        }
    }
}

/// What separates words; `-`, `_`, `.`, `/`, `+` and `*` are parts of tokens.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\''
                | ':'
                | '='
                | ','
                | ';'
                | '{'
                | '}'
                | '['
                | ']'
                | '('
                | ')'
                | '<'
                | '>'
                | '&'
                | '`'
                | '\\'
        )
}

/// `token is missing`: nothing that must be hidden, and worth reading.
fn is_word_of_prose(word: &str) -> bool {
    matches!(
        word,
        HIDDEN
            | "null"
            | "true"
            | "false"
            | "set"
            | "not"
            | "is"
            | "missing"
            | "empty"
            | "required"
            | "none"
    )
}

fn looks_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    NAMES.iter().any(|ending| lower.ends_with(ending))
}

/// Whether the catalogue has a variable of that name.
fn is_named(inputs: &Inputs, name: &str) -> bool {
    let mut entries = inputs.catalogue.entries();
    entries.any(|entry| entry.environment.contains_key(name))
}

/// Whether the catalogue says that a variable is no secret.
fn is_plain(inputs: &Inputs, name: &str) -> bool {
    let entries = inputs.catalogue.entries();
    let mut known = entries
        .filter_map(|entry| entry.environment.get(name))
        .peekable();
    known.peek().is_some() && known.all(|variable| !variable.secret)
}

/// Values that people wrote into atlas.yaml themselves, and addresses of notifications, whose paths are keys.
fn of_manifest(inputs: &Inputs) -> Vec<String> {
    let project = &inputs.project;
    let mut values = Vec::new();
    for overrides in project.services.values() {
        for (name, value) in &overrides.value.environment {
            if let (Some(value), false) = (&value.value, is_plain(inputs, name)) {
                values.push(value.clone());
            }
        }
    }
    let targets = project.backup.notify.iter().map(|target| &target.value);
    for target in targets {
        if let Target::Hook(address) = target {
            values.push(address.clone());
            // A log may tell the path alone.
            let path = address.splitn(4, '/').nth(3).unwrap_or_default();
            let segments = path.split(['/', '?', '&', '=']);
            let keys = segments.filter(|segment| segment.len() >= SEGMENT);
            values.extend(keys.map(str::to_owned));
        }
    }
    values
}

/// Secret files, keys, and lines of .env that are commented out: they may hold the old password that a log still tells.
fn of_files(app: &App) -> Vec<String> {
    let mut values = Vec::new();
    let own = app.directory.join(".atlas");
    for folder in [own.join("secrets"), own.clone()] {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.path().is_file()) {
            let is_secret = entry
                .path()
                .parent()
                .is_some_and(|p| p.ends_with("secrets"))
                || entry
                    .path()
                    .extension()
                    .is_some_and(|ending| ending == "key");
            if is_secret {
                values.extend(fs::read_to_string(entry.path()));
            }
        }
    }
    let text = fs::read_to_string(app.directory.join(".env")).unwrap_or_default();
    for line in text.lines() {
        let comment = line.trim_start().strip_prefix('#').map(str::trim);
        let value = comment.and_then(|comment| comment.split_once('='));
        if let Some((name, value)) = value
            && !name.contains(' ')
        {
            values.push(value.trim_matches(['"', '\'']).to_owned());
        }
    }
    values
}

fn of_deployment(facts: &Facts) -> Vec<String> {
    let Ok(deployment) = &facts.deployment else {
        return Vec::new();
    };
    let files = deployment.secrets.values();
    let services = deployment.services.values();
    let variables = services.flat_map(|service| service.environment.values());
    let variables = variables.filter_map(|value| match value {
        EnvValue::Plain(_) => None,
        EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. } => Some(value),
    });
    let secrets = files.chain(variables);
    secrets.map(|secret| secret.expose().to_owned()).collect()
}

/// What a container was given and the deployment of today may not know any more.
fn of_container(inputs: &Inputs, portrait: &Value) -> Vec<String> {
    let environment = portrait["Config"]["Env"].as_array();
    let entries = environment.into_iter().flatten().filter_map(Value::as_str);
    let pairs = entries.filter_map(|entry| entry.split_once('='));
    let secret = pairs.filter(|(name, _)| {
        looks_secret(name) || (is_named(inputs, name) && !is_plain(inputs, name))
    });
    secret.map(|(_, value)| value.to_owned()).collect()
}

/// The value, its lines and words, and the password of an address.
fn parts(value: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![value.trim().to_owned()];
    parts.extend(value.split_whitespace().map(str::to_owned));
    if let Some((_, rest)) = value.split_once("://")
        && let Some((user, _)) = rest.rsplit_once('@')
        && let Some((_, password)) = user.split_once(':')
    {
        parts.push(password.to_owned());
    }
    parts.retain(|part| part.len() >= SHORTEST && !is_word_of_prose(part));
    parts
}

/// A secret as it may be written: as it is, in JSON, in an address, in base64.
fn forms(secret: &str) -> Vec<String> {
    let json = Value::String(secret.to_owned()).to_string();
    let json = json.trim_matches('"').to_owned();
    let mut encoded = String::new();
    for byte in secret.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    let lower = encoded.to_ascii_lowercase();
    let mut forms = vec![secret.to_owned(), json, encoded, STANDARD.encode(secret)];
    if lower.contains('%') {
        forms.push(lower);
    }
    forms
}

/// Keys in PEM form, their frames too.
fn without_keys(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(begin);
        out += before;
        let heading = block.lines().next().unwrap_or_default();
        if !heading.contains("PRIVATE KEY") {
            let (heading, after) = block.split_at(BEGIN.len());
            out += heading;
            rest = after;
            continue;
        }
        out += HIDDEN;
        let end = block.find(END).map(|end| end + END.len());
        let after = end.map_or("", |end| &block[end..]);
        rest = after.split_once("-----").map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// `scheme://user:password@host` without what stands before the `@`.
fn without_userinfo(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out += before;
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/' | '?'));
        let (authority, after) = after.split_at(end.unwrap_or(after.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => out += &format!("{HIDDEN}@{host}"),
            None => out += authority,
        }
        rest = after;
    }
    out + rest
}
