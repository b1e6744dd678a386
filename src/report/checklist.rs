//! Items of the checklist as text for a terminal or a pipe. Owns lines, indents and colours; what is said stands in the
//! assessments.

use std::time::Duration;

use super::findings::wrapped;
use super::style::{Style, seconds};
use crate::checks::checklist::{Assessment, State};

/// Columns of the word before each item.
const WORD: usize = 16;
/// Columns of the label of a paragraph.
const LABEL: usize = 6;
/// Lines are not made longer than this, however wide the terminal.
const WIDEST: usize = 110;

/// One item: what it is, why, what was found, how to fix it. What passed is told without its reason.
pub fn item(style: Style, width: usize, number: usize, item: &Assessment) -> String {
    let width = width.min(WIDEST);
    let word = format!("{:WORD$}", item.state.word());
    let word = match item.state {
        State::Failed => style.bad(&word),
        State::Warned | State::Unanswered => style.warn(&word),
        State::NotChecked | State::DoesNotApply => style.faint(&word),
        State::Passed => style.good(&word),
    };
    let optional = if item.required { "" } else { " (not required)" };
    let head = format!("{number}. {}{optional}", item.title);
    let mut text = String::new();
    for (index, line) in wrapped(&head, width.saturating_sub(WORD))
        .iter()
        .enumerate()
    {
        let word = if index == 0 {
            word.clone()
        } else {
            " ".repeat(WORD)
        };
        text += &format!("{word}{}\n", style.strong(line));
    }
    text += &paragraph("what", item.what.as_deref(), width);
    if !item.state.is_fine() {
        text += &paragraph("why", item.why.as_deref(), width);
    }
    for (index, line) in item.evidence.iter().enumerate() {
        let label = if index == 0 { "found" } else { "" };
        text += &paragraph(label, Some(line), width);
    }
    if let Some(asked) = &item.asked {
        text += &paragraph("asked", Some(&asked.question), width);
    }
    for fix in &item.fixes {
        text += &paragraph("fix", Some(&fix.text), width);
        if let Some(command) = &fix.command {
            // Not wrapped: it is to be copied.
            let command = style.strong(&format!("$ {command}"));
            text += &format!("{:1$}{command}\n", "", WORD + LABEL);
        }
    }
    if !item.state.is_fine() && !item.checks.is_empty() {
        let ids = match &item.checks[..] {
            [id] => format!("atlas explain {id}"),
            ids => format!("atlas explain ID, for {}", ids.join(", ")),
        };
        for (index, line) in wrapped(&ids, width.saturating_sub(WORD + LABEL))
            .iter()
            .enumerate()
        {
            let label = if index == 0 { "more" } else { "" };
            text += &format!(
                "{:WORD$}{}\n",
                "",
                style.faint(&format!("{label:LABEL$}{line}"))
            );
        }
    }
    text
}

fn paragraph(label: &str, text: Option<&str>, width: usize) -> String {
    let mut out = String::new();
    let lines = text.map(|text| wrapped(text, width.saturating_sub(WORD + LABEL)));
    for (index, line) in lines.iter().flatten().enumerate() {
        let label = if index == 0 { label } else { "" };
        out += &format!("{:WORD$}{label:LABEL$}{line}\n", "");
    }
    out
}

/// `11 items: 8 passed, 1 failure, 2 unanswered`.
pub(super) fn items_summary(items: &[Assessment]) -> String {
    let states = [
        (State::Passed, "passed"),
        (State::Failed, "failed"),
        (State::Warned, "with warnings"),
        (State::NotChecked, "not checked"),
        (State::Unanswered, "unanswered"),
        (State::DoesNotApply, "not applicable"),
    ];
    let counts = states.iter().map(|(state, words)| {
        let count = items.iter().filter(|item| item.state == *state).count();
        (count, words)
    });
    let parts = counts.filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    format!("{} items: {}", items.len(), parts.join(", "))
}

/// What it comes to: ready, or what stands in the way.
pub(super) fn conclusion(items: &[Assessment]) -> String {
    let lacking: Vec<&str> = items
        .iter()
        .filter(|item| item.lacks())
        .map(|item| item.key.as_str())
        .collect();
    match lacking.is_empty() {
        true => "every required item passes".to_owned(),
        false => format!("not ready for production: {}", lacking.join(", ")),
    }
}

/// The last lines: how many of what, how long it took, what it comes to.
pub fn ending(width: usize, items: &[Assessment], took: Duration) -> String {
    let width = width.min(WIDEST);
    let summary = format!("{} in {}", items_summary(items), seconds(took));
    [summary, conclusion(items)]
        .iter()
        .flat_map(|line| wrapped(line, width))
        .collect::<Vec<String>>()
        .join("\n")
}

/// What an item came to after it was answered.
pub fn verdict(style: Style, width: usize, item: &Assessment) -> String {
    let width = width.min(WIDEST).saturating_sub(WORD);
    let word = format!("{:WORD$}", item.state.word());
    let mut text = match item.state.is_fine() {
        true => style.good(&word),
        false => style.bad(&word),
    };
    let line = item.evidence.first().map_or("", String::as_str);
    text += &wrapped(line, width).join(&format!("\n{:WORD$}", ""));
    text
}

/// What stops a start: a line for each item, with the most telling thing seen and what mends it.
pub fn stops(items: &[Assessment]) -> Vec<String> {
    let mut lines = Vec::new();
    for item in items {
        lines.push(format!(
            "{}: {} ({})",
            item.key,
            item.title,
            item.state.word()
        ));
        lines.extend(item.evidence.first().map(|line| format!("  {line}")));
        if let Some(fix) = item.fixes.first() {
            let command = fix
                .command
                .as_ref()
                .map_or_else(String::new, |command| format!(": {command}"));
            lines.push(format!("  fix: {}{command}", fix.text));
        }
    }
    lines
}
