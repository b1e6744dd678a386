//! What came of an item, ready to be shown. Every rendering (text, JSON, Markdown, HTML) reads this and nothing else.

use serde_json::{Value, json};

use crate::checks::rule::Fix;
use crate::exit::Exit;
use crate::input::answers::Answer;

/// What came of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Its name in commands and in the file of answers.
    pub key: String,
    /// What holds when all is well.
    pub title: String,
    /// What it is about.
    pub what: Option<String>,
    /// Why it matters.
    pub why: Option<String>,
    /// Whether the checklist fails without it.
    pub required: bool,
    /// What came of it.
    pub state: State,
    /// What was seen, or why nothing was; the most telling line first. Never a secret.
    pub evidence: Vec<String>,
    /// What mends it; nothing when it passed.
    pub fixes: Vec<Fix>,
    /// The checks that decided it, for `atlas explain`.
    pub checks: Vec<&'static str>,
    /// The question, where a person had to be asked.
    pub asked: Option<Asked>,
}

/// A question and what is known of its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Answered by yes or no.
    pub question: String,
    /// The answer that counts; none when it was never given, or too long ago.
    pub answer: Option<Answer>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Something is wrong.
    Failed,
    /// Something is not as it should be.
    Warned,
    /// Nobody knows.
    NotChecked,
    /// A person has to say.
    Unanswered,
    /// The deployment has nothing of the kind.
    DoesNotApply,
    /// All is well.
    Passed,
}

impl State {
    /// As it is shown, in every rendering.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failure",
            Self::Warned => "warning",
            Self::NotChecked => "not checked",
            Self::Unanswered => "unanswered",
            Self::DoesNotApply => "does not apply",
            Self::Passed => "pass",
        }
    }

    /// Whether it does not stand in the way.
    pub fn is_fine(self) -> bool {
        matches!(self, Self::DoesNotApply | Self::Passed)
    }
}

impl Assessment {
    /// Whether the checklist fails by it.
    pub fn lacks(&self) -> bool {
        self.required && !self.state.is_fine()
    }

    /// Whether a person has to say something still.
    pub fn is_open(&self) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.answer.is_none())
    }

    /// As an object of `--json`.
    pub fn to_json(&self) -> Value {
        let fixes = self.fixes.iter();
        let fixes: Vec<Value> = fixes
            .map(|fix| json!({"text": fix.text, "command": fix.command}))
            .collect();
        let asked = self.asked.as_ref().map(
            |asked| json!({"text": asked.question, "answer": asked.answer.as_ref().map(answer)}),
        );
        json!({
            "item": self.key,
            "result": self.state.word(),
            "required": self.required,
            "title": self.title,
            "evidence": self.evidence,
            "what": self.what,
            "why": self.why,
            "fixes": fixes,
            "checks": self.checks,
            "question": asked,
        })
    }
}

fn answer(answer: &Answer) -> Value {
    json!({
        "answer": answer.word(),
        "note": answer.note,
        "who": answer.who,
        "when": answer.when.to_string(),
        "ask_again": answer.ask_again.to_string(),
    })
}

/// The required items that did not pass.
pub fn lacking(assessments: &[Assessment]) -> Vec<&Assessment> {
    assessments.iter().filter(|a| a.lacks()).collect()
}

/// How a command that shows these ends.
pub fn exit(assessments: &[Assessment]) -> Exit {
    match lacking(assessments).is_empty() {
        true => Exit::Ok,
        false => Exit::ChecksFailed,
    }
}
