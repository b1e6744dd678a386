//! The production checklist: what must hold before real users come. Owns the items, what decides each, and what answers of
//! people are worth; what is seen comes from the other areas' rules, and asking belongs to the commands.
//!
//! An item passes only when every rule that decides it passed. What was not checked, not answered, or answered too long ago has
//! not passed.

mod assess;
mod assessment;
mod items;
mod weighing;

#[cfg(test)]
mod tests;

pub use assess::{Evidence, assess, unfit};
pub use assessment::{Asked, Assessment, State, exit, lacking};
pub use items::{Absent, ITEMS, Item, Question};

use crate::input::checklist;

/// After how long a question is asked again.
pub const AGAIN: &str = "90d";

/// What came of an item of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// It passed, and what was seen.
    Passed(Vec<String>),
    /// It did not, and what was seen.
    Failed(Vec<String>),
    /// Nobody looked, and why.
    NotChecked(String),
}

/// An item that a person answers: its key, question, and after how long it is asked again.
pub fn question<'i>(own: &'i [checklist::Item], key: &str) -> Option<(&'i str, &'i str)> {
    let item = ITEMS.iter().find(|item| item.key == key);
    if let Some(question) = item.and_then(|item| item.question.as_ref()) {
        return Some((question.text, AGAIN));
    }
    let item = own.iter().find(|item| item.id.value == key)?;
    match &item.how {
        checklist::How::Question { text, ask_again } => {
            Some((text, ask_again.as_deref().unwrap_or(AGAIN)))
        }
        checklist::How::Command(_) | checklist::How::Http { .. } => None,
    }
}

/// Keys of all items, atlas' own first.
pub fn keys(own: &[checklist::Item]) -> impl Iterator<Item = &str> {
    let builtin = ITEMS.iter().map(|item| item.key);
    builtin.chain(own.iter().map(|item| item.id.value.as_str()))
}
