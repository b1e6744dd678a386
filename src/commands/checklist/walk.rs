//! The walk through the checklist at a terminal: each item is told, and what is open is asked.

use jiff::Timestamp;

use super::{Seen, answer};
use crate::app::App;
use crate::checks::checklist::{Assessment, question};
use crate::error::Error;
use crate::exit::Exit;
use crate::input::answers::{self, Answers};
use crate::report;

/// Walks; what came of each item with the answers that were given on the way.
pub(super) fn walk(
    app: &App,
    seen: &Seen,
    answers: &mut Answers,
    now: Timestamp,
) -> Result<Vec<Assessment>, Error> {
    let count = seen.assess(answers, now).len();
    for index in 0..count {
        let items = seen.assess(answers, now);
        let Some(item) = items.get(index) else {
            break;
        };
        let told = match item.is_open() {
            true => asking(item),
            false => item.clone(),
        };
        app.out(&report::item(app.style, app.width(), index + 1, &told));
        if item.is_open() && ask(app, seen, item, answers, now).map_err(kept)? {
            let items = seen.assess(answers, now);
            if let Some(item) = items.get(index) {
                app.out(&report::verdict(app.style, app.width(), item));
            }
        }
        app.out("");
    }
    Ok(seen.assess(answers, now))
}

/// What was answered before an interruption stays answered.
fn kept(error: Error) -> Error {
    match error.exit {
        Exit::Interrupted => {
            Error::new(error.exit, "interrupted; the answers given so far are kept")
        }
        _ => error,
    }
}

/// An item that is asked now needs not be told how it could be answered.
fn asking(item: &Assessment) -> Assessment {
    let mut item = item.clone();
    let answers = format!("atlas checklist answer {}", item.key);
    let is_answer = |command: &String| command.starts_with(&answers);
    item.fixes
        .retain(|fix| !fix.command.as_ref().is_some_and(is_answer));
    item
}

/// Asks an open item; whether it was answered.
fn ask(
    app: &App,
    seen: &Seen,
    item: &Assessment,
    answers: &mut Answers,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some((text, again)) = question(&seen.facts.inputs.project.checklist, &item.key) else {
        return Ok(false);
    };
    let choices = ["yes", "no", "not now"].map(str::to_owned);
    // The question stands above, in lines that fit. Whoever presses Enter without reading has said nothing.
    let yes = match app.prompt.select("Your answer", &choices, 2)? {
        0 => true,
        1 => false,
        _ => return Ok(false),
    };
    let note = app.prompt.text("A note (Enter for none)", "")?;
    let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    let answer = answers::given(yes, text, note, answer::who(app), now, again);
    *answers = answer::keep(app, &item.key, Some(answer))?;
    Ok(true)
}
