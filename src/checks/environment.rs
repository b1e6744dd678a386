//! .env and its values, and the files around it: rights, git. Owns what all of these rules read; each file holds some of them.
//!
//! One fault has one id: a stray character explains a wrong shape, a placeholder explains a weak password.

mod files;
mod references;
mod secrets;
mod values;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::facts::{Facts, Unknown, seen};
use super::rule::{Fix, Rule};
use crate::diagnostic::{Diagnostic, Topic};
use crate::input::catalogue::{Entry, Variable};

pub use writing::Written;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The files of variables, as written.
    pub written: Vec<Written>,
    /// Names that the process environment sets; they go before `.env`.
    pub set: BTreeSet<String>,
    /// Files and folders that hold secrets, and what others may do with them.
    pub rights: Vec<Rights>,
    /// What git does with `.env`.
    pub git: Option<Git>,
    /// What became of each reference to a secret store: `None` where it resolves.
    pub references: BTreeMap<String, Option<String>>,
}

/// A file or folder that holds secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// Relative to the project directory.
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// The bits that it may have at most.
    pub most: u32,
}

/// What git does with `.env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Git {
    /// It is in the repository.
    pub tracked: bool,
    /// It is kept out by a rule.
    pub ignored: bool,
}

pub(super) const RULES: &[Rule] = &[
    writing::STRAY,
    values::MISSING,
    values::PLACEHOLDER,
    values::SHAPE,
    secrets::TWICE,
    files::RIGHTS,
    files::GIT,
    writing::UNREAD,
    secrets::WEAK,
    references::RESOLVE,
];

/// The files as they were looked at; nothing where there is no project.
fn looked(facts: &Facts) -> Result<&Environment, Unknown> {
    if super::configuration::is_nowhere(facts) || facts.inputs.project.unreadable {
        return Err(Unknown::Needs("CFG"));
    }
    seen(&facts.environment)
}

/// The problems of variables that belong to a topic.
fn problems(facts: &Facts, topic: Topic) -> impl Iterator<Item = &Diagnostic> {
    let all = match &facts.deployment {
        Ok(_) => &facts.warnings,
        Err(problems) => problems,
    };
    all.iter().filter(move |problem| problem.topic == topic)
}

/// The services whose variables matter: those of the deployment, or all where nobody can tell.
fn entries(facts: &Facts) -> impl Iterator<Item = &Entry> {
    facts.inputs.catalogue.entries().filter(|entry| {
        let deployment = facts.deployment.as_ref();
        deployment.map_or(true, |deployment| {
            deployment.services.contains_key(&entry.name)
        })
    })
}

/// What the catalogue says of a variable.
fn described<'f>(facts: &'f Facts, name: &str) -> Option<&'f Variable> {
    let mut entries = facts.inputs.catalogue.entries();
    entries.find_map(|entry| entry.environment.get(name))
}

/// A variable's value in `.env`, unless the process environment goes before it or it stands in a secret store.
fn value<'f>(facts: &'f Facts, looked: &Environment, name: &str) -> Option<&'f str> {
    let value = facts.inputs.dotenv.get(name)?.value.as_str();
    let own = !looked.set.contains(name) && !looked.references.contains_key(name);
    (own && !value.is_empty()).then_some(value)
}

/// The fix that asks for a value.
pub(super) fn set(names: &str, variable: Option<&Variable>) -> Fix {
    let text = match variable.and_then(|variable| variable.obtain.as_ref()) {
        Some(obtain) => format!("set {names}; get it from {obtain}"),
        None => format!("set {names}; it is asked for, and not shown"),
    };
    Fix::command(text, format!("atlas env set {names}"))
}

#[cfg(test)]
mod tests;
