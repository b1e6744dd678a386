//! Findings as text for a terminal or a pipe. Owns lines, indents and colours; what is said stands in the findings.

use super::style::Style;
use crate::checks::{Finding, Outcome};

/// Columns of the word before each finding.
const WORD: usize = 12;
/// Lines are not made longer than this, however wide the terminal.
const WIDEST: usize = 110;

/// Problems in full, then what was not checked by its reason, then, if asked for, what passed.
pub fn findings(style: Style, width: usize, all: bool, findings: &[Finding]) -> String {
    let width = width.min(WIDEST);
    let mut text = String::new();
    for finding in findings {
        match &finding.outcome {
            Outcome::Found(_) => text += &problem(style, width, finding),
            Outcome::NotChecked { .. } | Outcome::Passed(_) => {}
        }
    }
    text += &not_checked(style, width, findings);
    if all {
        text += &passed(style, width, findings);
    }
    text
}

/// `2 failures, 1 warning, 3 not checked, 40 passed`, without what there is none of.
pub fn summary(findings: &[Finding]) -> String {
    let count = |word: &str| findings.iter().filter(|f| f.word() == word).count();
    let parts = [
        (count("failure"), "failure", "failures"),
        (count("warning"), "warning", "warnings"),
        (count("not checked"), "not checked", "not checked"),
        (count("pass"), "passed", "passed"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    match parts.is_empty() {
        true => "nothing was asked for".to_owned(),
        false => parts.join(", "),
    }
}

fn problem(style: Style, width: usize, finding: &Finding) -> String {
    let Some(problem) = finding.problem() else {
        return String::new();
    };
    let word = format!("{:WORD$}", finding.word());
    let word = match finding.is_failure() {
        true => style.bad(&word),
        false => style.warn(&word),
    };
    let subject = problem.subject.as_ref();
    let subject = subject.map_or_else(String::new, |subject| format!("{subject}: "));
    let mut evidence = problem.evidence.iter();
    let first = evidence.next().map_or("", String::as_str);
    let head = wrapped(&format!("{subject}{first}"), width.saturating_sub(WORD));
    let mut text = String::new();
    for (index, line) in head.iter().enumerate() {
        text += &match index {
            0 => format!("{word}{}\n", style.strong(line)),
            _ => format!("{:WORD$}{}\n", "", style.strong(line)),
        };
    }
    for line in evidence {
        text += &lines("", line, width);
    }
    text += &lines("why", finding.why, width);
    text += &lines("fix", &problem.fix.text, width);
    if let Some(command) = &problem.fix.command {
        // Not wrapped: it is to be copied.
        text += &format!(
            "{:WORD$}     {}\n",
            "",
            style.strong(&format!("$ {command}"))
        );
    }
    let more = format!("atlas explain {}", finding.id);
    text += &format!(
        "{:WORD$}{}\n\n",
        "",
        style.faint(&format!("{:5}{more}", "more"))
    );
    text
}

/// A labelled paragraph below a finding's head.
fn lines(label: &str, text: &str, width: usize) -> String {
    let mut out = String::new();
    for (index, line) in wrapped(text, width.saturating_sub(WORD + 5))
        .iter()
        .enumerate()
    {
        let label = if index == 0 { label } else { "" };
        out += &format!("{:WORD$}{label:5}{line}\n", "");
    }
    out
}

/// One line for each reason: that the engine is away is told once.
fn not_checked(style: Style, width: usize, findings: &[Finding]) -> String {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for finding in findings {
        let Outcome::NotChecked { subject, reason } = &finding.outcome else {
            continue;
        };
        let name = match subject {
            Some(subject) => format!("{} ({subject})", finding.id),
            None => finding.id.to_owned(),
        };
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let mut text = String::new();
    for (reason, names) in reasons {
        let line = format!("{reason}: {}", names.join(", "));
        for (index, line) in wrapped(&line, width.saturating_sub(WORD))
            .iter()
            .enumerate()
        {
            let word = if index == 0 { "not checked" } else { "" };
            text += &format!("{}{line}\n", style.faint(&format!("{word:WORD$}")));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn passed(style: Style, width: usize, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        if let Outcome::Passed(seen) = &finding.outcome {
            let line = format!("{}: {seen}  {}", finding.title, finding.id);
            for (index, line) in wrapped(&line, width.saturating_sub(WORD))
                .iter()
                .enumerate()
            {
                let word = if index == 0 { "pass" } else { "" };
                text += &format!("{}{line}\n", style.good(&format!("{word:WORD$}")));
            }
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Words in lines of at most so many characters; a longer word stays whole.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}
