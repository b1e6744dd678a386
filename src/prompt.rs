//! Questions to the user. The only owner of dialoguer; who may be asked is decided once, by `app`.
//!
//! Ctrl-C ends a question like an answer does: dialoguer alone would die with the cursor hidden or the echo switched off.

use std::io::stdin;

use dialoguer::console::Term;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, MultiSelect, Password, Select};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

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
            Self::Terminal => {
                let question = question.to_owned();
                asked(move || {
                    Confirm::with_theme(&ColorfulTheme::default())
                        .with_prompt(question)
                        .default(default)
                        .interact()
                })
            }
        }
    }

    /// One of several; the answer is its index.
    pub fn select(self, question: &str, items: &[String], default: usize) -> Result<usize, Error> {
        match self {
            Self::Assume(_) => Ok(default),
            Self::Terminal => {
                let (question, items) = (question.to_owned(), items.to_owned());
                asked(move || {
                    Select::with_theme(&ColorfulTheme::default())
                        .with_prompt(question)
                        .items(&items)
                        .default(default)
                        .interact()
                })
            }
        }
    }

    /// Some of several; the answer is their indexes.
    pub fn choose(self, question: &str, items: &[String]) -> Result<Vec<usize>, Error> {
        match self {
            Self::Assume(_) => Ok(Vec::new()),
            Self::Terminal => {
                let (question, items) = (question.to_owned(), items.to_owned());
                asked(move || {
                    MultiSelect::with_theme(&ColorfulTheme::default())
                        .with_prompt(question)
                        .items(&items)
                        .interact()
                })
            }
        }
    }

    /// A line of text; empty means the default.
    pub fn text(self, question: &str, default: &str) -> Result<String, Error> {
        match self {
            Self::Assume(_) => Ok(default.to_owned()),
            Self::Terminal => {
                let (question, default) = (question.to_owned(), default.to_owned());
                asked(move || {
                    Input::with_theme(&ColorfulTheme::default())
                        .with_prompt(question)
                        .show_default(!default.is_empty())
                        .default(default)
                        .allow_empty(true)
                        .interact_text()
                })
            }
        }
    }

    /// A secret; not shown while it is typed. Empty means "later".
    pub fn secret(self, question: &str) -> Result<String, Error> {
        match self {
            Self::Assume(_) => Ok(String::new()),
            Self::Terminal => {
                let question = question.to_owned();
                asked(move || {
                    Password::with_theme(&ColorfulTheme::default())
                        .with_prompt(question)
                        .allow_empty_password(true)
                        .interact()
                })
            }
        }
    }
}

/// Asks on a thread of its own while another waits for signals. After Ctrl-C the terminal is as it was; the thread that
/// still waits for a key ends with the process.
fn asked<T: Send + 'static>(
    ask: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let terminal = tcgetattr(stdin()).ok();
    // Commands run inside a runtime, and one cannot be started inside another: hence the thread.
    let waiting = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        runtime.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt()).ok()?;
            let mut terminate = signal(SignalKind::terminate()).ok()?;
            let (tell, answer) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || tell.send(ask()));
            tokio::select! {
                answer = answer => answer.ok()?.ok(),
                _ = interrupt.recv() => None,
                _ = terminate.recv() => None,
            }
        })
    });
    if let Some(answer) = waiting.join().ok().flatten() {
        return Ok(answer);
    }
    let _ = Term::stderr().show_cursor();
    let _ = Term::stderr().write_line("");
    if let Some(terminal) = terminal {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &terminal);
    }
    Err(Error::new(
        Exit::Interrupted,
        "interrupted; nothing was changed",
    ))
}
