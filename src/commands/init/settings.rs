//! What `init` was told: options, `--set`, `--set-from`, answers. Owns the questions; writes nothing.

use std::collections::BTreeMap;
use std::io::Read;

use crate::app::App;
use crate::cli::{self, Selection};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::exit::Exit;
use crate::input::Inputs;
use crate::resolve;

/// Keys of atlas.yaml that `--set` knows.
const KEYS: [&str; 5] = ["name", "stage", "profile", "data", "images"];

/// Decisions of the user.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Keys of atlas.yaml.
    pub(super) keys: BTreeMap<String, String>,
    /// `services-to-run`, when services were named instead of a profile.
    pub(super) services: Vec<String>,
    /// Variables of .env; values may be secret.
    pub(super) variables: BTreeMap<String, String>,
}

impl Settings {
    /// What a selection alone says.
    pub(super) fn of(selection: &Selection) -> Self {
        let mut settings = Self {
            services: selection.services.clone(),
            ..Self::default()
        };
        for (key, value) in [
            ("profile", &selection.profile),
            ("data", &selection.data),
            ("images", &selection.images),
        ] {
            if let Some(value) = value {
                settings.keys.insert(key.to_owned(), value.clone());
            }
        }
        settings
    }

    /// Options, `--set` and `--set-from`; every mistake at once.
    pub(super) fn read(app: &App, args: &cli::Init) -> Result<Self, Error> {
        let mut settings = Self::of(&args.selection);
        if let Some(name) = &app.global.project_name {
            settings.keys.insert("name".to_owned(), name.clone());
        }
        let mut problems = Vec::new();
        let mut lines = args.set.clone();
        if let Some(file) = &args.set_from {
            let mut text = String::new();
            let read = match file.to_str() {
                Some("-") => std::io::stdin().read_to_string(&mut text),
                _ => std::fs::File::open(file).and_then(|mut f| f.read_to_string(&mut text)),
            };
            read.map_err(|cause| {
                let message = format!("failed to read `{}`: {cause}", file.display());
                Error::new(Exit::Usage, message)
            })?;
            let given = text.lines().map(str::trim);
            lines.extend(
                given
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned),
            );
        }
        for line in lines {
            settings.set(&line, &mut problems);
        }
        match problems.is_empty() {
            true => Ok(settings),
            false => Err(Error {
                diagnostics: problems,
                ..Error::new(Exit::Usage, "`--set` was not understood")
            }),
        }
    }

    fn set(&mut self, line: &str, problems: &mut Vec<Diagnostic>) {
        let Some((key, value)) = line.split_once('=') else {
            let problem = Diagnostic::error(format!("`{line}` is not KEY=VALUE"));
            return problems.push(problem.key("--set"));
        };
        let is_variable = key.starts_with(|c: char| c.is_ascii_uppercase())
            && key
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if is_variable {
            self.variables.insert(key.to_owned(), value.to_owned());
        } else if KEYS.contains(&key) {
            self.keys.insert(key.to_owned(), value.to_owned());
        } else {
            let problem = Diagnostic::error(format!("unknown key `{key}`")).key("--set");
            problems.push(problem.did_you_mean(key, KEYS));
        }
    }

    /// A new atlas.yaml says so when the engine at hand is an old one, so that `docker compose` can run what is rendered.
    pub(super) async fn regard_engine(&mut self, app: &App, inputs: &Inputs) {
        if !inputs.project.file.is_empty() {
            return;
        }
        if let Ok(engine) = app.engine(None).await
            && !engine.knows_start_interval()
        {
            self.keys
                .insert("oldest-engine".to_owned(), "\"20.10\"".to_owned());
        }
    }

    /// Asks a person what was not said; nobody to ask means defaults.
    pub(super) fn ask(&mut self, app: &App, inputs: &Inputs) -> Result<(), Error> {
        if !app.prompt.is_interactive() {
            return Ok(());
        }
        let fresh = inputs.project.file.is_empty();
        if fresh && self.services.is_empty() && !self.keys.contains_key("profile") {
            self.ask_profile(app, inputs)?;
        }
        if fresh && !self.keys.contains_key("data") {
            self.ask_data(app)?;
        }
        self.ask_credentials(app, inputs)
    }

    fn ask_profile(&mut self, app: &App, inputs: &Inputs) -> Result<(), Error> {
        let profiles = resolve::profiles(&inputs.catalogue, &inputs.project);
        let mut names: Vec<&str> = profiles.keys().copied().collect();
        names.sort_by_key(|name| (*name != resolve::DEFAULT_PROFILE, profiles[name].len()));
        let mut items: Vec<String> = Vec::new();
        for name in &names {
            let members: Vec<String> = profiles[name].iter().map(ToString::to_string).collect();
            items.push(format!("{name:<10} {}", members.join(", ")));
        }
        items.push("choose services one by one".to_owned());
        let chosen = app.prompt.select("What shall run?", &items, 0)?;
        if let Some(name) = names.get(chosen) {
            self.keys.insert("profile".to_owned(), (*name).to_owned());
            return Ok(());
        }
        let entries: Vec<_> = inputs.catalogue.entries().collect();
        let lines: Vec<String> = entries
            .iter()
            .map(|entry| format!("{:<14} {}", entry.name, entry.description))
            .collect();
        let chosen = app
            .prompt
            .choose("Which services? (space marks, enter ends)", &lines)?;
        self.services = chosen
            .iter()
            .map(|i| entries[*i].name.to_string())
            .collect();
        Ok(())
    }

    fn ask_data(&mut self, app: &App) -> Result<(), Error> {
        if self
            .keys
            .get("profile")
            .is_some_and(|profile| profile == "minimal")
        {
            return Ok(());
        }
        let modes = ["containers", "embedded", "external"];
        let items = [
            "containers  MongoDB and Redis beside the services, with passwords made now",
            "embedded    no database: the gateway keeps its data in a volume",
            "external    MongoDB and Redis elsewhere; their URLs go into .env",
        ]
        .map(str::to_owned);
        let chosen = app.prompt.select("Where shall data be kept?", &items, 0)?;
        if chosen > 0 {
            self.keys
                .insert("data".to_owned(), modes[chosen].to_owned());
        }
        Ok(())
    }

    /// Credentials of the integrations that will run; an empty answer means "later".
    fn ask_credentials(&mut self, app: &App, inputs: &Inputs) -> Result<(), Error> {
        let profiles = resolve::profiles(&inputs.catalogue, &inputs.project);
        let written = inputs.project.profile.as_ref().map(|p| p.value.as_str());
        let profile = self.keys.get("profile").map(String::as_str).or(written);
        let mut names: Vec<String> = self.services.clone();
        if names.is_empty()
            && let Some(members) = profiles.get(profile.unwrap_or(resolve::DEFAULT_PROFILE))
        {
            names = members.iter().map(ToString::to_string).collect();
        }
        let mut told = false;
        for entry in names.iter().filter_map(|name| inputs.catalogue.get(name)) {
            for (name, variable) in &entry.environment {
                let wanted = variable.required && !variable.generate && variable.from.is_none();
                let known = inputs.dotenv.get(name).is_some_and(|s| !s.value.is_empty())
                    || self.variables.contains_key(name)
                    || variable.value.is_some()
                    || variable.default.is_some();
                if !wanted || known {
                    continue;
                }
                if !told {
                    app.say(
                        "Credentials (enter leaves one for later; a service without them says so)",
                    );
                    told = true;
                }
                if let Some(place) = &variable.obtain {
                    app.say(&format!("  {name}: {place}"));
                }
                let question = format!("{} ({name})", variable.description);
                let answer = match variable.secret {
                    true => app.prompt.secret(&question)?,
                    false => app.prompt.text(&question, "")?,
                };
                if !answer.is_empty() {
                    self.variables.insert(name.clone(), answer);
                }
            }
        }
        Ok(())
    }
}
