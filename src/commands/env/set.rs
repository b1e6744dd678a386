//! `atlas env set`: values from a person or standard input, never from arguments, checked before the file is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde_json::json;

use crate::app::App;
use crate::commands::dotenv;
use crate::diagnostic::Diagnostic;
use crate::error::{Error, cause};
use crate::exit::Exit;
use crate::input::Inputs;
use crate::input::catalogue::Variable;
use crate::input::dotenv::is_reference;
use crate::model::Kind;
use crate::resolve;

const STDIN: &str = "-";

pub(super) fn set(app: &App, keys: &[String]) -> Result<Exit, Error> {
    let inputs = app.inputs();
    let piped = keys.iter().any(|key| key == STDIN) || !app.prompt.is_interactive();
    let keys: Vec<&str> = keys
        .iter()
        .map(String::as_str)
        .filter(|k| *k != STDIN)
        .collect();
    let mut variables = Vec::new();
    for key in keys {
        variables.push((key, known(&inputs, key)?));
    }
    let values = match piped {
        true => read(&variables)?,
        false => ask(app, &variables)?,
    };
    let mut problems = Vec::new();
    for (name, variable) in &variables {
        let value = values.get(*name).map_or("", String::as_str);
        let fault = match variable {
            _ if value.is_empty() => Some("no value was given".to_owned()),
            Some(variable) if !is_reference(value) => resolve::fault(variable, value),
            _ => None,
        };
        if let Some(fault) = fault {
            let problem = Diagnostic::error(fault).key(*name);
            let obtain = variable.and_then(|variable| variable.obtain.as_ref());
            problems.push(match obtain {
                Some(obtain) => problem.hint(format!("get it from {obtain}")),
                None => problem,
            });
        }
    }
    if !problems.is_empty() {
        let error = Error::new(Exit::Usage, "nothing was written");
        return Err(Error {
            diagnostics: problems,
            ..error
        });
    }
    let before = super::text(app)?;
    super::write(app, dotenv::set(&before, &values))?;
    told(app, &inputs, &values);
    Ok(Exit::Ok)
}

fn told(app: &App, inputs: &Inputs, values: &BTreeMap<String, String>) {
    let names: Vec<&String> = values.keys().collect();
    if app.global.json {
        let object =
            json!({"schema": "atlas/v1", "kind": "env-set", "file": super::FILE, "set": names});
        return app.out(&object.to_string());
    }
    for name in names {
        app.say(&format!("{name} is set in .env"));
        let is_store = |entry: &&crate::input::catalogue::Entry| entry.kind == Kind::Store;
        let mut stores = inputs.catalogue.entries().filter(is_store);
        let store = stores.find(|entry| entry.environment.contains_key(name));
        if let (Some(store), Some(_)) = (store, inputs.dotenv.get(name)) {
            let store = &store.name;
            app.say(&format!("a {store} that has data keeps its old password; `atlas env rotate {store}` changes both"));
        }
    }
    app.say("next: `atlas up` hands it to the services");
}

/// What the catalogue says of a variable; `None` where only atlas.yaml or .env names it.
fn known<'i>(inputs: &'i Inputs, name: &str) -> Result<Option<&'i Variable>, Error> {
    let mut entries = inputs.catalogue.entries();
    if let Some(variable) = entries.find_map(|entry| entry.environment.get(name)) {
        return Ok(Some(variable));
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for entry in inputs.catalogue.entries() {
        names.extend(entry.environment.keys().map(String::as_str));
        names.extend(
            entry
                .credentials
                .iter()
                .filter_map(|c| c.base_variable.as_deref()),
        );
    }
    let overrides = inputs.project.services.values();
    let overrides: BTreeSet<&str> = overrides
        .flat_map(|o| o.value.environment.keys())
        .map(String::as_str)
        .collect();
    names.extend(&overrides);
    if names.contains(name) || inputs.dotenv.get(name).is_some() {
        return Ok(None);
    }
    // What is no name may be a secret that was pasted.
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if !is_name || name.len() > 40 {
        let hint = "name variables only; their values are asked for, or read from standard input";
        return Err(Error::new(Exit::Usage, "that is not the name of a variable").hint(hint));
    }
    let error = Error::new(Exit::Usage, format!("no service reads `{name}`"));
    Err(
        match crate::diagnostic::nearest(name, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("name it under `services.<name>.environment` in atlas.yaml first"),
        },
    )
}

fn ask(
    app: &App,
    variables: &[(&str, Option<&Variable>)],
) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for (name, variable) in variables {
        let value = match variable {
            Some(variable) if !variable.secret => app.prompt.text(name, "")?,
            _ => app.prompt.secret(name)?,
        };
        values.insert((*name).to_owned(), value.trim().to_owned());
    }
    Ok(values)
}

/// A line for each variable; the whole of it for one, so that a key of several lines can be given.
fn read(variables: &[(&str, Option<&Variable>)]) -> Result<BTreeMap<String, String>, Error> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| {
            let message = format!("failed to read standard input: {}", cause(&error));
            Error::new(Exit::Usage, message)
        })?;
    if let [(name, _)] = variables {
        return Ok(BTreeMap::from([(
            (*name).to_owned(),
            text.trim_end_matches(['\n', '\r']).to_owned(),
        )]));
    }
    let mut lines = text.lines();
    let values = variables.iter().map(|(name, _)| {
        (
            (*name).to_owned(),
            lines.next().unwrap_or_default().to_owned(),
        )
    });
    Ok(values.collect())
}
