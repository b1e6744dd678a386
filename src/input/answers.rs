//! `.atlas/checklist.yaml`: what people answered to questions of the checklist. Owns the file's form, both ways; what an answer
//! is worth belongs to `checks`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::fields::{Fields, Reader, join};
use super::span;
use super::yaml::{self, Node, Value};
use crate::diagnostic::{At, Diagnostic};

/// Where the file lies in the project directory.
pub const PATH: &str = ".atlas/checklist.yaml";
const VERSION: &str = "1";
const KEYS: &[&str] = &["version", "answers"];
const ANSWER_KEYS: &[&str] = &["answer", "question", "note", "who", "when", "ask-again"];
const HEAD: &str = "# Answers to what `atlas checklist` cannot find out by itself.\n\
# `atlas checklist answer ITEM yes|no` changes one, `atlas checklist forget ITEM` takes it back.\n";

/// Answers by item.
pub type Answers = BTreeMap<String, Answer>;

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it holds.
    pub yes: bool,
    /// What was asked; another question has no answer yet.
    pub question: String,
    /// What the person added.
    pub note: Option<String>,
    /// `user@host`.
    pub who: String,
    /// When.
    pub when: Timestamp,
    /// From this day on (UTC) it counts no more.
    pub ask_again: Date,
}

impl Answer {
    /// `yes` or `no`.
    pub fn word(&self) -> &'static str {
        if self.yes { "yes" } else { "no" }
    }

    /// Whether it still counts: young enough, and an answer to this question.
    pub fn counts(&self, question: &str, now: Timestamp) -> bool {
        self.question == question && today(now) < self.ask_again
    }
}

/// The day at a time, in UTC.
pub fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Reads the file's bytes; what could be understood and every problem.
pub fn parse(bytes: &[u8]) -> (Answers, Vec<Diagnostic>) {
    let root = match yaml::text(PATH, bytes).and_then(|text| yaml::parse(PATH, text)) {
        Ok(root) => root,
        Err(problem) => return (Answers::new(), vec![*problem]),
    };
    let mut reader = Reader::new(PATH);
    let mut answers = Answers::new();
    if root.value != Value::Null
        && let Some(fields) = reader.fields(&root, "", KEYS)
    {
        match fields.get("version") {
            None => reader.refuse(fields.position, "version", "is missing"),
            Some((node, path)) => drop(reader.choice(node, &path, &[(VERSION, ())])),
        }
        let node = fields
            .get("answers")
            .filter(|(node, _)| node.value != Value::Null);
        let entries = node.and_then(|(node, path)| Some((reader.entries(node, &path)?, path)));
        let (entries, path) = entries.unwrap_or_default();
        for (key, node) in entries {
            if let Some(answer) = answer(&mut reader, node, &join(&path, &key.value)) {
                answers.insert(key.value.clone(), answer);
            }
        }
    }
    (answers, reader.problems)
}

fn answer(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Answer> {
    let fields = reader.fields(node, path, ANSWER_KEYS)?;
    let yes = needed(reader, &fields, "answer", |reader, node, path| {
        reader.choice(node, path, &[("yes", true), ("no", false)])
    });
    let question = needed(reader, &fields, "question", Reader::text);
    let note = fields.get("note");
    let note = note.and_then(|(node, path)| reader.text(node, &path));
    let who = needed(reader, &fields, "who", Reader::text);
    let when = needed(reader, &fields, "when", |reader, node, path| {
        reader.formed(
            node,
            path,
            "a time such as `2026-11-27T17:00:00Z`",
            |text| text.parse().ok(),
        )
    });
    let ask_again = needed(reader, &fields, "ask-again", |reader, node, path| {
        reader.formed(node, path, "a day such as `2027-02-25`", |text| {
            text.parse().ok()
        })
    });
    Some(Answer {
        yes: yes?,
        question: question?,
        note: note.map(|note| note.value),
        who: who?,
        when: when?,
        ask_again: ask_again?,
    })
}

fn needed<'f, T>(
    reader: &mut Reader<'f>,
    fields: &Fields<'_>,
    key: &str,
    read: impl FnOnce(&mut Reader<'f>, &Node, &str) -> Option<At<T>>,
) -> Option<T> {
    let Some((node, path)) = fields.get(key) else {
        reader.refuse(fields.position, &fields.path(key), "is missing");
        return None;
    };
    read(reader, node, &path).map(|found| found.value)
}

#[derive(Serialize)]
struct File<'a> {
    version: u32,
    answers: BTreeMap<&'a str, Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    answer: &'static str,
    question: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    who: &'a str,
    when: String,
    #[serde(rename = "ask-again")]
    ask_again: String,
}

/// The file's text.
pub fn text(answers: &Answers) -> String {
    let entries = answers.iter().map(|(key, answer)| {
        let entry = Entry {
            answer: answer.word(),
            question: &answer.question,
            note: answer.note.as_deref(),
            who: &answer.who,
            when: format!("{:.0}", answer.when),
            ask_again: answer.ask_again.to_string(),
        };
        (key.as_str(), entry)
    });
    let file = File {
        version: 1,
        answers: entries.collect(),
    };
    let body = serde_saphyr::to_string(&file).expect("texts and maps are always YAML");
    format!("{HEAD}{body}")
}

/// A new answer that counts for a span such as `90d`.
pub fn given(
    yes: bool,
    question: &str,
    note: Option<String>,
    who: String,
    now: Timestamp,
    ask_again: &str,
) -> Answer {
    let span = span::parse(ask_again).unwrap_or_default();
    Answer {
        yes,
        question: question.to_owned(),
        note,
        who,
        when: now,
        ask_again: span::after(today(now), span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_reads_well() {
        let now: Timestamp = "2026-11-27T17:00:00.123Z".parse().expect("a time");
        let note = Some("Grafana: \"pages\" the on-call".to_owned());
        let yes = given(true, "Is it?", note, "ops@host".into(), now, "90d");
        let no = given(false, "Are they?", None, "ops@host".into(), now, "1mo");
        let answers = Answers::from([("monitoring".to_owned(), yes), ("logs".to_owned(), no)]);
        let text = text(&answers);
        assert_eq!(
            text,
            "# Answers to what `atlas checklist` cannot find out by itself.
# `atlas checklist answer ITEM yes|no` changes one, `atlas checklist forget ITEM` takes it back.
version: 1
answers:
  logs:
    answer: \"no\"
    question: Are they?
    who: ops@host
    when: \"2026-11-27T17:00:00Z\"
    ask-again: \"2026-12-27\"
  monitoring:
    answer: \"yes\"
    question: Is it?
    note: \"Grafana: \\\"pages\\\" the on-call\"
    who: ops@host
    when: \"2026-11-27T17:00:00Z\"
    ask-again: \"2027-02-25\"
"
        );
        let (mut read, problems) = parse(text.as_bytes());
        assert_eq!(problems, []);
        for answer in read.values_mut() {
            answer.when = now;
        }
        assert_eq!(read, answers);
        assert_eq!(parse(b""), (Answers::new(), vec![]));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        let text = "version: 2\nanswers:\n  logs: {answer: maybe, who: x, when: now, ask-again: 2027-13-01, by: me}\n";
        let (answers, problems) = parse(text.as_bytes());
        assert!(answers.is_empty());
        let mut said: Vec<String> = problems.iter().map(Diagnostic::said).collect();
        said.sort();
        assert_eq!(
            said,
            [
                ".atlas/checklist.yaml:1:10: version: unknown value `2`",
                ".atlas/checklist.yaml:3:18: answers.logs.answer: unknown value `maybe`",
                ".atlas/checklist.yaml:3:39: answers.logs.when: expected a time such as `2026-11-27T17:00:00Z`, found `now`",
                ".atlas/checklist.yaml:3:55: answers.logs.ask-again: expected a day such as `2027-02-25`, found `2027-13-01`",
                ".atlas/checklist.yaml:3:67: answers.logs.by: unknown key `by`",
                ".atlas/checklist.yaml:3:9: answers.logs.question: is missing",
            ]
        );
    }
}
