//! The wizard: profile, data, targets, credentials. Owns the questions, their order and wording; writes nothing.

mod targets;

use std::collections::BTreeMap;

use super::planned;
use super::settings::Settings;
use crate::app::App;
use crate::cli::Selection;
use crate::engines::docker::Builtin;
use crate::error::Error;
use crate::input::Inputs;
use crate::input::catalogue::{Entry, Variable};
use crate::model::Kind;
use crate::resolve;

/// Longer lines are cut: a terminal that wraps them cannot be redrawn cleanly.
const WIDTH: usize = 58;

/// Asks a person what was not said; nobody to ask means defaults.
pub(super) fn ask(
    app: &App,
    inputs: &Inputs,
    settings: &mut Settings,
    builtin: &Result<Builtin, Error>,
) -> Result<(), Error> {
    if !app.prompt.is_interactive() {
        return Ok(());
    }
    if inputs.project.file.is_empty() {
        if settings.services.is_empty() && !settings.keys.contains_key("profile") {
            ask_profile(app, inputs, settings)?;
        }
        if !settings.keys.contains_key("data") {
            ask_data(app, settings)?;
        }
        if settings.targets.is_empty() {
            targets::ask(app, settings)?;
        }
        targets::ask_for(app, inputs, settings)?;
    }
    ask_credentials(app, inputs, settings, builtin)
}

fn ask_profile(app: &App, inputs: &Inputs, settings: &mut Settings) -> Result<(), Error> {
    let profiles = resolve::profiles(&inputs.catalogue, &inputs.project);
    let mut names: Vec<&str> = profiles.keys().copied().collect();
    names.sort_by_key(|name| (*name != resolve::DEFAULT_PROFILE, profiles[name].len()));
    let width = names.iter().map(|name| name.chars().count()).max();
    let mut items: Vec<String> = Vec::new();
    for name in &names {
        let members: Vec<&str> = profiles[name].iter().copied().collect();
        items.push(line(name, width.unwrap_or(0), &members.join(", ")));
    }
    items.push("choose services one by one".to_owned());
    let chosen = app.prompt.select("What shall run?", &items, 0)?;
    if let Some(name) = names.get(chosen) {
        settings
            .keys
            .insert("profile".to_owned(), (*name).to_owned());
        return Ok(());
    }
    // Stores come with the services that need them.
    let entries: Vec<&Entry> = inputs
        .catalogue
        .entries()
        .filter(|entry| entry.kind != Kind::Store)
        .collect();
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| line(entry.name.as_str(), 14, &entry.description))
        .collect();
    let question = "Which services? Space marks, Enter goes on";
    loop {
        let chosen = app.prompt.choose(question, &lines)?;
        let names = chosen.iter().map(|i| entries[*i].name.to_string());
        settings.services = names.collect();
        if !settings.services.is_empty() {
            return Ok(());
        }
        app.say("  nothing is marked yet: move with the arrows, mark with Space");
    }
}

fn ask_data(app: &App, settings: &mut Settings) -> Result<(), Error> {
    let minimal = settings.services.is_empty()
        && settings.keys.get("profile").map(String::as_str) == Some("minimal");
    let other_images = settings
        .keys
        .get("images")
        .is_some_and(|images| images != "builtin");
    if minimal {
        return Ok(());
    }
    let mut items = vec![
        ("containers", "MongoDB and Redis run beside the services"),
        ("external", "your own MongoDB and Redis; asks for URLs"),
    ];
    if !other_images {
        let embedded = "no database: the gateway keeps a volume";
        items.insert(1, ("embedded", embedded));
    }
    let lines: Vec<String> = items.iter().map(|(m, text)| line(m, 10, text)).collect();
    let chosen = app.prompt.select("Where shall data be kept?", &lines, 0)?;
    if chosen > 0 {
        settings
            .keys
            .insert("data".to_owned(), items[chosen].0.to_owned());
    }
    Ok(())
}

/// Credentials of what will run, service by service; an empty answer means "later".
fn ask_credentials(
    app: &App,
    inputs: &Inputs,
    settings: &mut Settings,
    builtin: &Result<Builtin, Error>,
) -> Result<(), Error> {
    let (_, after) = planned(app, inputs, settings)?;
    let request = app.request(&Selection::default(), builtin);
    // What is wrong with the selection is told when the files are to be written.
    let Ok(wanted) = resolve::wanted(&after, &request) else {
        return Ok(());
    };
    let mut told = false;
    let mut answers: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for wanted in wanted {
        let is_open = |name: &str, variable: &Variable| {
            let set = after
                .dotenv
                .get(name)
                .is_some_and(|set| !set.value.is_empty());
            let known = set
                || settings.variables.contains_key(name)
                || request.environment.get(name).is_some_and(|v| !v.is_empty());
            variable.required && !variable.generate && variable.default.is_none() && !known
        };
        let mut open: Vec<_> = wanted.variables.clone();
        open.retain(|(name, variable)| is_open(name, variable));
        open.sort_by_key(|(name, variable)| (variable.secret, *name));
        if open.is_empty() {
            continue;
        }
        if !told {
            app.say("\nCredentials. Enter alone leaves one for later: it has its line in .env.");
            told = true;
        }
        app.say(&format!(
            "\n{}",
            app.talk.strong(&format!(
                "{}: {}",
                wanted.entry.title, wanted.entry.description
            ))
        ));
        for (name, variable) in open {
            let suffix = name.split_once('_').map(|(_, s)| s.to_owned());
            let same = answers
                .values()
                .find(|(_, of)| suffix.is_some() && *of == suffix);
            let default = same.map_or("", |(answer, _)| answer.as_str()).to_owned();
            let answer = ask_variable(app, name, variable, &default)?;
            if answer.is_empty() {
                app.say(&format!("  left for later: {name}"));
                continue;
            }
            if !variable.secret {
                answers.insert(name.to_owned(), (answer.clone(), suffix));
            }
            settings.variables.insert(name.to_owned(), answer);
        }
    }
    Ok(())
}

/// Until the answer can be right, or is empty. An answer is never shown again.
fn ask_variable(
    app: &App,
    name: &str,
    variable: &Variable,
    default: &str,
) -> Result<String, Error> {
    // Above the question, not in it: a question that the terminal wraps is drawn twice.
    app.say(&format!("  {}", variable.description));
    if let Some(place) = &variable.obtain {
        app.say(&app.talk.faint(&format!("  where: {place}")));
    }
    loop {
        let answer = match variable.secret {
            true => app.prompt.secret(name)?,
            false => app.prompt.text(name, default)?,
        };
        let answer = answer.trim().to_owned();
        match resolve::fault(variable, &answer).filter(|_| !answer.is_empty()) {
            Some(fault) => app.say(&format!("  it {fault}; try again, or press Enter alone")),
            None => return Ok(answer),
        }
    }
}

/// A name, what it is about, and no more than fits a terminal.
fn line(name: &str, width: usize, text: &str) -> String {
    let line = format!("{name:<width$}  {text}");
    match line.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", line[..at].trim_end_matches([' ', ','])),
        None => line,
    }
}
