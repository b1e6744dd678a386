//! Secrets that somebody else could guess or already knows. Never says a value, nor a part of one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Environment, described, entries, looked, value, writing};
use crate::checks::facts::{Facts, Unknown};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};
use crate::diagnostic::enumerate;

/// Letters that a password needs so that guessing it over the network is hopeless.
const SHORTEST: usize = 12;
/// Different letters in it.
const VARIETY: usize = 5;
/// What stands first in every list of passwords; a password made of one of these and digits is no better.
const KNOWN: [&str; 19] = [
    "admin", "atlas", "changeme", "changeit", "default", "dragon", "example", "iloveyou",
    "letmein", "mongo", "mongodb", "passw0rd", "password", "qwerty", "redis", "root", "secret",
    "test", "welcome",
];

/// What settings are encrypted with.
const SEALING: &str = "ATLAS_SECRET_KEY";

pub(super) const TWICE: Rule = Rule {
    id: "ATLAS-ENV-005",
    title: "no secret is used twice",
    why: "whoever gets one of the two has the other as well, and neither can be changed alone",
    manual: "The values of all secrets in .env are compared. Two services of one vendor may share a token, where it is taken from \
             the same page.",
    see: &["https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"],
    needs: &[],
    cheap: false,
    judge: is_once,
};

fn is_once(facts: &Facts) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    let mut by_value: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for entry in facts.inputs.catalogue.entries() {
        let secret = entry.environment.iter().filter(|(_, v)| v.secret);
        names.extend(secret.map(|(name, _)| name.as_str()));
    }
    for name in &names {
        let placeholder = |value: &&str| {
            let variable = described(facts, name);
            !variable.is_some_and(|v| v.placeholders.iter().any(|p| p == value))
        };
        if let Some(value) = value(facts, looked, name).filter(placeholder) {
            by_value.entry(value).or_default().push(name);
        }
    }
    let mut found = Vec::new();
    for same in by_value.values().filter(|same| same.len() > 1) {
        let places: BTreeSet<_> = same
            .iter()
            .map(|n| described(facts, n).and_then(|v| v.obtain.as_ref()))
            .collect();
        if places.len() == 1 && !places.contains(&None) {
            continue;
        }
        let Some(last) = same.last() else { continue };
        let said = format!("{} hold the same secret", enumerate(same));
        found.push(Problem::warning(said, another(facts, last)).about(*last));
    }
    Ok(Verdict::of(found, "every secret is used once"))
}

pub(super) const WEAK: Rule = Rule {
    id: "ATLAS-ENV-009",
    title: "passwords cannot be guessed",
    why: "short passwords and those of word lists are tried by everyone who reaches the port",
    manual: "Looked at are the passwords and keys that are yours to choose, and the ones in the addresses of external stores. \
             `atlas init` makes them of 40 random letters. What a store was made with stays in the store: changing .env alone locks \
             everyone out; `atlas env rotate` changes both.",
    see: &[
        "https://pages.nist.gov/800-63-4/sp800-63b.html",
        "https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html",
    ],
    needs: &[],
    cheap: false,
    judge: is_strong,
};

fn is_strong(facts: &Facts) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    let stray = writing::stray(facts, looked);
    let mut found = Vec::new();
    let mut count = 0;
    let mut told = BTreeSet::new();
    for entry in entries(facts) {
        for (name, variable) in &entry.environment {
            let Some(password) = password(facts, looked, name) else {
                continue;
            };
            let placeholder = variable.placeholders.iter().any(|p| p == password);
            if placeholder || stray.contains_key(name) || !told.insert(name) {
                continue;
            }
            count += 1;
            if let Some(weakness) = weakness(password) {
                found.push(Problem::failure(weakness, another(facts, name)).about(name.clone()));
            }
        }
    }
    Ok(Verdict::of(
        found,
        format!("{count} passwords and keys looked at"),
    ))
}

/// A password that a person chose: a variable's own, or the one in a store's address.
fn password<'f>(facts: &'f Facts, looked: &Environment, name: &str) -> Option<&'f str> {
    let variable = described(facts, name)?;
    let value = value(facts, looked, name)?;
    if variable.generate {
        return Some(value);
    }
    let address = variable.secret && variable.from.is_some();
    let (_, rest) = value.split_once("://").filter(|_| address)?;
    let (login, _) = rest.rsplit_once('@')?;
    login.split_once(':').map(|(_, password)| password)
}

/// What makes a password weak, if anything.
pub(super) fn weakness(password: &str) -> Option<String> {
    let lower = password.to_ascii_lowercase();
    let core = lower.trim_matches(|c: char| !c.is_ascii_alphabetic());
    if KNOWN.contains(&core) || KNOWN.contains(&lower.as_str()) {
        return Some("is made of a word that every list of passwords holds".to_owned());
    }
    let length = password.chars().count();
    if length < SHORTEST {
        return Some(format!("has {length} letters; {SHORTEST} are the least"));
    }
    let variety = password.chars().collect::<BTreeSet<_>>().len();
    (variety < VARIETY).then(|| format!("has only {variety} different letters"))
}

/// The fix that makes another secret.
fn another(facts: &Facts, name: &str) -> Fix {
    let owner = facts
        .inputs
        .catalogue
        .entries()
        .find(|e| e.environment.contains_key(name));
    let variable = described(facts, name);
    let generated = variable.is_some_and(|variable| variable.generate);
    match owner {
        Some(entry) if generated && entry.kind == crate::model::Kind::Store => Fix::command(
            "have another made, in the store and in .env",
            format!("atlas env rotate {}", entry.name),
        ),
        // What is encrypted with it would be lost; a person has to decide that.
        Some(_) if generated && name != SEALING => {
            Fix::command("have another made", format!("atlas env rotate {name}"))
        }
        _ => super::set(name, variable),
    }
}
