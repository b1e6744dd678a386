//! Findings, answers and the user's probes → what came of each item. Owns what decides an item, and what stops a start.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Probed;
use super::assessment::{Asked, Assessment, State};
use super::items::ITEMS;
use super::weighing::Weighing;
use crate::checks::Facts;
use crate::checks::finding::Finding;
use crate::checks::rule::Fix;
use crate::diagnostic::Diagnostic;
use crate::input::answers::{Answer, Answers};
use crate::input::checklist::{self, How};

/// Everything that items are decided by.
pub struct Evidence<'e> {
    /// What was looked at.
    pub facts: &'e Facts,
    /// What came of all rules.
    pub findings: &'e [Finding],
    /// What the configuration lacks to be production's.
    pub production: &'e [Diagnostic],
    /// What people answered.
    pub answers: &'e Answers,
    /// What came of the user's own probes, by item.
    pub probed: &'e BTreeMap<String, Probed>,
    /// The time.
    pub now: Timestamp,
}

/// Every item, atlas' own first.
pub fn assess(evidence: &Evidence<'_>) -> Vec<Assessment> {
    let builtin = ITEMS
        .iter()
        .map(|item| Weighing::of(evidence, item).weigh(item, item.rules));
    let own = evidence.facts.inputs.project.checklist.iter();
    builtin.chain(own.map(|item| evidence.own(item))).collect()
}

/// The required items that stop `atlas up --production` before anything is touched: those that are known already to fail. What
/// can be seen of running containers only is left for later, and so are backups where there is no data yet.
pub fn unfit(evidence: &Evidence<'_>, has_data: bool) -> Vec<Assessment> {
    let builtin = ITEMS.iter().map(|item| {
        let rules = match item.key {
            "backups" if !has_data => &[],
            _ => item.before,
        };
        Weighing::of(evidence, item).weigh(item, rules)
    });
    let own = evidence.facts.inputs.project.checklist.iter();
    let asked = own.filter(|item| matches!(item.how, How::Question { .. }));
    let all = builtin.chain(asked.map(|item| evidence.own(item)));
    let stops = |a: &Assessment| a.lacks() && a.state != State::NotChecked;
    all.filter(stops).collect()
}

impl Evidence<'_> {
    /// An item of the user.
    fn own(&self, item: &checklist::Item) -> Assessment {
        let key = &item.id.value;
        let mut assessment = Assessment {
            key: key.clone(),
            title: item.title.value.clone(),
            what: None,
            why: item.why.as_ref().map(|why| why.value.clone()),
            required: item.required,
            state: State::Passed,
            evidence: Vec::new(),
            fixes: Vec::new(),
            checks: Vec::new(),
            asked: None,
        };
        if let How::Question { text, .. } = &item.how {
            let heard = self.hear(key, text);
            heard.into(&mut assessment);
            return assessment;
        }
        let not_run = || Probed::NotChecked("it was not run".to_owned());
        let probed = self.probed.get(key).cloned().unwrap_or_else(not_run);
        (assessment.state, assessment.evidence) = match probed {
            Probed::Passed(seen) => (State::Passed, seen),
            Probed::Failed(seen) => (State::Failed, seen),
            Probed::NotChecked(reason) => {
                (State::NotChecked, vec![format!("not checked: {reason}")])
            }
        };
        if assessment.state == State::Failed {
            let what = match &item.how {
                How::Http { url, .. } => format!("see why {url} answers so"),
                How::Command(_) | How::Question { .. } => "see what the command says".to_owned(),
            };
            assessment.fixes.push(Fix::by_hand(what));
        }
        assessment
    }

    /// What a person said to a question, and what that is worth.
    pub(super) fn hear(&self, key: &str, question: &str) -> Heard {
        let given = self.answers.get(key);
        let answer = given
            .filter(|answer| answer.counts(question, self.now))
            .cloned();
        let answering = format!("atlas checklist answer {key} yes");
        let (state, line) = match (&answer, given) {
            (Some(answer), _) => {
                let state = if answer.yes {
                    State::Passed
                } else {
                    State::Failed
                };
                (state, said(answer))
            }
            (None, Some(old)) if old.question != question => {
                let line = format!("the question is another than {} answered", old.who);
                (State::Unanswered, line)
            }
            (None, Some(old)) => {
                let line = format!("{}, which ran out on {}", said_on(old), old.ask_again);
                (State::Unanswered, line)
            }
            (None, None) => (State::Unanswered, "nobody has answered yet".to_owned()),
        };
        let fix = match state {
            State::Passed => None,
            State::Failed => Some(Fix::command("make it so, then take back the no", answering)),
            _ => Some(Fix::command(
                "answer it at a terminal by `atlas checklist`, or by",
                answering,
            )),
        };
        let asked = Asked {
            question: question.to_owned(),
            answer,
        };
        Heard {
            state,
            line,
            fix,
            asked,
        }
    }
}

fn said(answer: &Answer) -> String {
    let note = answer
        .note
        .as_ref()
        .map_or_else(String::new, |note| format!(": {note}"));
    format!(
        "{}{note} (asked again on {})",
        said_on(answer),
        answer.ask_again
    )
}

fn said_on(answer: &Answer) -> String {
    format!(
        "{} said {} on {:.10}",
        answer.who,
        answer.word(),
        answer.when.to_string()
    )
}

/// What became of a question.
pub(super) struct Heard {
    state: State,
    line: String,
    fix: Option<Fix>,
    asked: Asked,
}

impl Heard {
    pub(super) fn into(self, assessment: &mut Assessment) {
        assessment.state = assessment.state.min(self.state);
        assessment.evidence.insert(0, self.line);
        assessment.fixes.extend(self.fix);
        assessment.asked = Some(self.asked);
    }
}
