//! One rule and what it may say. Owns the form; each area owns its rules, `examine` asks them.

use std::path::PathBuf;

use super::facts::{Facts, Unknown};

/// One thing that can be wrong, and how it is told from the facts.
pub struct Rule {
    /// `ATLAS-<AREA>-<NNN>`; it never changes its meaning.
    pub id: &'static str,
    /// What holds when all is well: "published ports are free".
    pub title: &'static str,
    /// Why it matters, in a sentence or two.
    pub why: &'static str,
    /// How atlas looks, and how it is mended in general; `atlas explain` shows it.
    pub manual: &'static str,
    /// Pages and threads where people met it or vendors describe it.
    pub see: &'static [&'static str],
    /// Beginnings of ids without `ATLAS-` (`ENG`, `CON-002`) whose failures make this one pointless: about the whole
    /// deployment, the same subject, or what the subject depends on.
    pub needs: &'static [&'static str],
    /// Whether `up` asks it silently before it starts anything.
    pub cheap: bool,
    /// Judges.
    pub judge: Judge,
}

/// Judges the facts. `Err` says why they are not there.
pub type Judge = fn(&Facts) -> Result<Verdict, Unknown>;

impl Rule {
    /// The id without `ATLAS-`.
    pub fn short(&self) -> &'static str {
        self.id.strip_prefix("ATLAS-").unwrap_or(self.id)
    }

    /// `NET` of `ATLAS-NET-003`.
    pub fn area(&self) -> &'static str {
        self.short().split('-').next().unwrap_or_default()
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// This deployment has nothing of the kind; the rule is left out.
    Irrelevant,
    /// All is well, and what was seen.
    Good(String),
    /// What is wrong; not empty.
    Bad(Vec<Problem>),
}

impl Verdict {
    /// Good with this evidence if there are no problems.
    pub fn of(problems: Vec<Problem>, evidence: impl Into<String>) -> Self {
        match problems.is_empty() {
            true => Self::Good(evidence.into()),
            false => Self::Bad(problems),
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, but not as it should or not for long.
    Warning,
    /// It does not work, or is not safe.
    Failure,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// What it is about: a service, a variable, a port; `None` for the whole deployment.
    pub subject: Option<String>,
    /// What was seen, the most telling line first. Never a secret.
    pub evidence: Vec<String>,
    /// What mends it.
    pub fix: Fix,
}

impl Problem {
    /// A failure.
    pub fn failure(evidence: impl Into<String>, fix: Fix) -> Self {
        Self {
            severity: Severity::Failure,
            subject: None,
            evidence: vec![evidence.into()],
            fix,
        }
    }

    /// A warning.
    pub fn warning(evidence: impl Into<String>, fix: Fix) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::failure(evidence, fix)
        }
    }

    /// Sets what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds a line of evidence.
    #[must_use]
    pub fn and(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

/// What mends a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// The edit or the act, in words; begins with a verb, lower case.
    pub text: String,
    /// The exact command for a shell in the project directory, where one does it.
    pub command: Option<String>,
    /// What `--fix` may do by itself.
    pub repair: Option<Repair>,
}

impl Fix {
    /// An edit or an act of the person.
    pub fn by_hand(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            command: None,
            repair: None,
        }
    }

    /// A command that does it.
    pub fn command(text: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            command: Some(command.into()),
            ..Self::by_hand(text)
        }
    }

    /// A repair that loses nothing, so that `--fix` may do it.
    #[must_use]
    pub fn safe(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }
}

/// A repair that loses nothing and can be done twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// Sets the mode of a file of ours.
    Mode {
        /// Relative to the project directory unless absolute.
        path: PathBuf,
        /// `0o600`.
        mode: u32,
    },
    /// Adds the lines to .gitignore that keep secrets out of git, as `atlas init` does.
    Ignore,
    /// Writes compose.yaml and the secret files again, as `atlas render compose` does.
    Render,
    /// Makes what runs equal to atlas.yaml, as `atlas up` does.
    Up,
}
