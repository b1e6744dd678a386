//! Answers to what cannot be probed: read, given, taken back.

use std::io::ErrorKind;

use jiff::Timestamp;
use serde_json::json;

use crate::app::App;
use crate::checks::checklist::{keys, question};
use crate::cli;
use crate::commands::lock;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, cause};
use crate::exit::Exit;
use crate::files;
use crate::input::answers::{self, Answer, Answers, PATH};
use crate::input::{checklist, span};
use crate::targets::{Artifact, Contents};

/// What was answered so far.
pub(crate) fn read(app: &App) -> Result<Answers, Error> {
    let bytes = match std::fs::read(app.directory.join(PATH)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Answers::new()),
        Err(error) => {
            return Err(Error::failed(format!(
                "failed to read `{PATH}`: {}",
                cause(&error)
            )));
        }
    };
    let (answers, problems) = answers::parse(&bytes);
    match problems.is_empty() {
        true => Ok(answers),
        false => Err(Error::configuration(problems)),
    }
}

/// Keeps an answer. The file is read again: another may have answered meanwhile.
pub(super) fn keep(app: &App, key: &str, answer: Option<Answer>) -> Result<Answers, Error> {
    let _lock = lock::take(&app.directory, "checklist")?;
    let mut answers = read(app)?;
    match answer {
        Some(answer) => drop(answers.insert(key.to_owned(), answer)),
        None => drop(answers.remove(key)),
    }
    let artifact = Artifact {
        path: PATH.into(),
        contents: Contents::Text(answers::text(&answers)),
        mode: 0o644,
        group: None,
    };
    files::write(&app.directory, &[artifact], false)?;
    Ok(answers)
}

pub(super) fn give(app: &App, args: &cli::Answer) -> Result<Exit, Error> {
    let inputs = app.inputs();
    let own = &inputs.project.checklist;
    let (question, usual) = asked(own, &args.item)?;
    let again = args.ask_again.as_deref().unwrap_or(usual);
    if span::parse(again).is_none() {
        let message = format!("invalid span `{again}`");
        return Err(Error::new(Exit::Usage, message)
            .hint("write days, weeks, months or years such as `90d`"));
    }
    let note = args.note.clone().filter(|note| !note.trim().is_empty());
    let answer = answers::given(
        args.answer == "yes",
        question,
        note,
        who(app),
        Timestamp::now(),
        again,
    );
    let line = format!(
        "`{}`: {}, asked again on {}",
        args.item,
        answer.word(),
        answer.ask_again
    );
    keep(app, &args.item, Some(answer))?;
    done(app, &args.item, Some(&args.answer), &line);
    Ok(Exit::Ok)
}

pub(super) fn take_back(app: &App, args: &cli::Forget) -> Result<Exit, Error> {
    let known = read(app)?;
    if !known.contains_key(&args.item) {
        // An item that is gone may still have its answer; a slip of the pen has none.
        let inputs = app.inputs();
        asked(&inputs.project.checklist, &args.item)?;
        app.say(&format!("`{}` has no answer", args.item));
        return Ok(Exit::Ok);
    }
    keep(app, &args.item, None)?;
    done(
        app,
        &args.item,
        None,
        &format!("`{}` has no answer any more", args.item),
    );
    Ok(Exit::Ok)
}

fn done(app: &App, item: &str, answer: Option<&str>, line: &str) {
    if app.global.json {
        let object =
            json!({"schema": "atlas/v1", "kind": "answer", "item": item, "answer": answer});
        app.out(&object.to_string());
    }
    app.say(line);
}

/// The question of an item, or why it has none.
fn asked<'i>(own: &'i [checklist::Item], item: &str) -> Result<(&'i str, &'i str), Error> {
    if let Some(found) = question(own, item) {
        return Ok(found);
    }
    if keys(own).any(|key| key == item) {
        let message = format!("`{item}` is probed, not answered");
        return Err(
            Error::new(Exit::Usage, message).hint("`atlas checklist` shows what was seen of it")
        );
    }
    let answerable = keys(own).filter(|key| question(own, key).is_some());
    let answerable: Vec<&str> = answerable.collect();
    let problem = Diagnostic::error("").did_you_mean(item, answerable.iter().copied());
    let error = Error::new(Exit::Usage, format!("there is no item `{item}`"));
    Err(Error {
        hint: problem.hint,
        ..error
    })
}

/// `user@host`.
pub(super) fn who(app: &App) -> String {
    let named = |names: [&str; 2]| {
        let mut values = names.iter().filter_map(|name| app.environment.get(*name));
        values.find(|value| !value.is_empty()).cloned()
    };
    let user = named(["USER", "LOGNAME"]).unwrap_or_else(|| match rustix::process::getuid() {
        id if id.is_root() => "root".to_owned(),
        id => format!("user {}", id.as_raw()),
    });
    let system = rustix::system::uname();
    let host = named(["HOSTNAME", "HOST"]);
    format!(
        "{user}@{}",
        host.unwrap_or_else(|| system.nodename().to_string_lossy().into_owned())
    )
}
