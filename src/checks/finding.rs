//! What came of a rule, ready to be shown. Every rendering (text, JSON, Markdown, HTML) reads this and nothing else.

use serde_json::{Value, json};

use super::rule::{Problem, Rule, Severity};
use crate::exit::Exit;

/// What came of one rule about one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's id.
    pub id: &'static str,
    /// The rule's title.
    pub title: &'static str,
    /// The rule's reason.
    pub why: &'static str,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All is well, and what was seen.
    Passed(String),
    /// Something is wrong.
    Found(Problem),
    /// Nobody knows, and why.
    NotChecked {
        /// What it would have been about.
        subject: Option<String>,
        /// Why.
        reason: String,
    },
}

impl Finding {
    pub(super) fn of(rule: &Rule, outcome: Outcome) -> Self {
        Self {
            id: rule.id,
            title: rule.title,
            why: rule.why,
            outcome,
        }
    }

    /// What it is about.
    pub fn subject(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Passed(_) => None,
            Outcome::Found(problem) => problem.subject.as_deref(),
            Outcome::NotChecked { subject, .. } => subject.as_deref(),
        }
    }

    /// The problem, if there is one.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.outcome {
            Outcome::Found(problem) => Some(problem),
            Outcome::Passed(_) | Outcome::NotChecked { .. } => None,
        }
    }

    /// Whether something does not work or is not safe.
    pub fn is_failure(&self) -> bool {
        self.problem()
            .is_some_and(|problem| problem.severity == Severity::Failure)
    }

    /// `failure`, `warning`, `not checked` or `pass`.
    pub fn word(&self) -> &'static str {
        match &self.outcome {
            Outcome::Passed(_) => "pass",
            Outcome::Found(problem) => match problem.severity {
                Severity::Failure => "failure",
                Severity::Warning => "warning",
            },
            Outcome::NotChecked { .. } => "not checked",
        }
    }

    /// What was seen, or why nothing was.
    pub fn evidence(&self) -> Vec<&str> {
        match &self.outcome {
            Outcome::Passed(seen) => vec![seen],
            Outcome::Found(problem) => problem.evidence.iter().map(String::as_str).collect(),
            Outcome::NotChecked { reason, .. } => vec![reason],
        }
    }

    /// As an object of `--json`.
    pub fn to_json(&self) -> Value {
        let fix = self.problem().map(|problem| {
            let fix = &problem.fix;
            json!({"text": fix.text, "command": fix.command, "safe": fix.repair.is_some()})
        });
        json!({
            "id": self.id,
            "result": self.word(),
            "subject": self.subject(),
            "title": self.title,
            "evidence": self.evidence(),
            "why": self.why,
            "fix": fix,
            "explain": format!("atlas explain {}", self.id),
        })
    }
}

/// How a command that shows these findings ends.
pub fn exit(findings: &[Finding]) -> Exit {
    match findings.iter().any(Finding::is_failure) {
        true => Exit::ChecksFailed,
        false => Exit::Ok,
    }
}
