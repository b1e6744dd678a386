//! Questions to the user. The only owner of dialoguer; who may be asked is decided once, by `app`.

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, MultiSelect, Password, Select};

use crate::error::Error;
use crate::exit::Exit;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// A person at a terminal.
    Terminal,
    /// Nobody: every confirmation gets this answer, every other question its default.
    Assume(bool),
}

impl Prompt {
    /// Whether a person can be asked.
    pub fn is_interactive(self) -> bool {
        self == Self::Terminal
    }

    /// Yes or no.
    pub fn confirm(self, question: &str, default: bool) -> Result<bool, Error> {
        match self {
            Self::Assume(answer) => Ok(answer),
            Self::Terminal => Confirm::with_theme(&ColorfulTheme::default())
                .with_prompt(question)
                .default(default)
                .interact()
                .map_err(given_up),
        }
    }

    /// One of several; the answer is its index.
    pub fn select(self, question: &str, items: &[String], default: usize) -> Result<usize, Error> {
        match self {
            Self::Assume(_) => Ok(default),
            Self::Terminal => Select::with_theme(&ColorfulTheme::default())
                .with_prompt(question)
                .items(items)
                .default(default)
                .interact()
                .map_err(given_up),
        }
    }

    /// Some of several; the answer is their indexes.
    pub fn choose(self, question: &str, items: &[String]) -> Result<Vec<usize>, Error> {
        match self {
            Self::Assume(_) => Ok(Vec::new()),
            Self::Terminal => MultiSelect::with_theme(&ColorfulTheme::default())
                .with_prompt(question)
                .items(items)
                .interact()
                .map_err(given_up),
        }
    }

    /// A line of text; empty means the default.
    pub fn text(self, question: &str, default: &str) -> Result<String, Error> {
        match self {
            Self::Assume(_) => Ok(default.to_owned()),
            Self::Terminal => Input::with_theme(&ColorfulTheme::default())
                .with_prompt(question)
                .default(default.to_owned())
                .show_default(!default.is_empty())
                .allow_empty(true)
                .interact_text()
                .map_err(given_up),
        }
    }

    /// A secret; not shown while it is typed. Empty means "later".
    pub fn secret(self, question: &str) -> Result<String, Error> {
        match self {
            Self::Assume(_) => Ok(String::new()),
            Self::Terminal => Password::with_theme(&ColorfulTheme::default())
                .with_prompt(question)
                .allow_empty_password(true)
                .interact()
                .map_err(given_up),
        }
    }
}

/// Ctrl-C or a closed terminal in the middle of a question.
fn given_up(_: dialoguer::Error) -> Error {
    Error::new(Exit::Interrupted, "interrupted; nothing was changed")
}
