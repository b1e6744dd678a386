//! What `init` was told: options, `--set`, `--set-from`. Owns how they are read and checked; `questions` asks for the rest.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use crate::app::App;
use crate::cli::{self, Selection, Target};
use crate::diagnostic::{Diagnostic, nearest};
use crate::error::{Error, cause};
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::input::Inputs;
use crate::input::catalogue::Variable;
use crate::input::kubernetes::{self, Kubernetes};
use crate::input::project::{DATA_MODES, SOURCES, STAGES};
use crate::model::{ImageRef, ProjectName, PublicUrl};
use crate::resolve;

/// Keys of atlas.yaml that `--set` knows.
const KEYS: [&str; 6] = ["name", "stage", "profile", "data", "images", "public-url"];
/// How long an engine may take to say how old it is; it is not needed for anything else here.
const PATIENCE: Duration = Duration::from_secs(3);

/// Decisions of the user.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Keys of atlas.yaml and their YAML.
    pub(super) keys: BTreeMap<String, String>,
    /// `services-to-run`, when services were named instead of a profile.
    pub(super) services: Vec<String>,
    /// What to write files for.
    pub(super) targets: Vec<Target>,
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

    /// Options, `--set` and `--set-from`; every mistake at once. No message holds a value, nor what may be one.
    pub(super) fn read(app: &App, args: &cli::Init, inputs: &Inputs) -> Result<Self, Error> {
        let mut settings = Self::of(&args.selection);
        settings.targets.clone_from(&args.targets);
        let mut problems = Vec::new();
        if let Some(url) = &args.public_url {
            settings.set_key("--public-url", "public-url", url, inputs, &mut problems);
        }
        if let Some(image) = &args.image
            && let Err(problem) = settings.set_image(image, inputs)
        {
            problems.push(problem.key("--image"));
        }
        if let Some(name) = &app.global.project_name {
            settings.set_key("--project-name", "name", name, inputs, &mut problems);
        }
        for line in &args.set {
            settings.set("--set", line, inputs, &mut problems);
        }
        if let Some(file) = &args.set_from {
            let shown = match file.to_str() {
                Some("-") => "standard input".to_owned(),
                _ => file.display().to_string(),
            };
            let text = contents(file, &shown)?;
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    let place = format!("{shown}:{}", number + 1);
                    settings.set(&place, line, inputs, &mut problems);
                }
            }
        }
        match problems.is_empty() {
            true => Ok(settings),
            false => Err(Error {
                diagnostics: problems,
                ..Error::new(
                    Exit::Usage,
                    "the settings could not be used; nothing was written",
                )
            }),
        }
    }

    fn set(&mut self, place: &str, line: &str, inputs: &Inputs, problems: &mut Vec<Diagnostic>) {
        let Some((key, value)) = line.split_once('=') else {
            let problem = Diagnostic::error("expected KEY=VALUE").key(place);
            return problems.push(problem);
        };
        let key = key.trim();
        let is_variable = key.starts_with(|c: char| c.is_ascii_uppercase())
            && key
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if !is_variable {
            return self.set_key(place, key, value, inputs, problems);
        }
        if let Some(variable) = variable(inputs, key)
            && let Some(fault) = resolve::fault(variable, value).filter(|_| !value.is_empty())
        {
            let problem = Diagnostic::error(fault).key(format!("{place}: {key}"));
            return problems.push(match &variable.obtain {
                Some(obtain) => problem.hint(format!("get it from {obtain}")),
                None => problem,
            });
        }
        self.variables.insert(key.to_owned(), value.to_owned());
    }

    fn set_key(
        &mut self,
        place: &str,
        key: &str,
        value: &str,
        inputs: &Inputs,
        problems: &mut Vec<Diagnostic>,
    ) {
        let profiles = resolve::profiles(&inputs.catalogue, &inputs.project);
        let known: Vec<&str> = match key {
            "name" => {
                if let Err(error) = value.parse::<ProjectName>() {
                    return problems.push(Diagnostic::error(format!("{error}")).key(place));
                }
                vec![value]
            }
            "public-url" => {
                if let Err(error) = value.parse::<PublicUrl>() {
                    return problems
                        .push(Diagnostic::error(format!("`{value}` is {error}")).key(place));
                }
                vec![value]
            }
            "stage" => STAGES.iter().map(|(word, _)| *word).collect(),
            "data" => DATA_MODES.iter().map(|(word, _)| *word).collect(),
            "images" => SOURCES.iter().map(|(word, _)| *word).collect(),
            "profile" => profiles.keys().copied().collect(),
            _ => return problems.push(unknown(place, key, inputs)),
        };
        if known.contains(&value) {
            self.keys.insert(key.to_owned(), value.to_owned());
        } else {
            let problem = Diagnostic::error(format!("unknown value `{value}`"))
                .key(format!("{place}: {key}"))
                .did_you_mean(value, known.iter().copied());
            problems.push(problem);
        }
    }

    /// The built-in image's name for clusters. Only a section of which nothing else would be lost is written.
    pub(super) fn set_image(
        &mut self,
        image: &str,
        inputs: &Inputs,
    ) -> Result<(), Box<Diagnostic>> {
        let Some(image) = kubernetes::image(image) else {
            let problem = Diagnostic::error(format!("invalid image `{image}`"));
            let problem = problem.hint("give a reference such as `ghcr.io/acme/atlas:1`");
            return Err(Box::new(problem));
        };
        let written = &inputs.project.kubernetes;
        let named = |wanted: &ImageRef| written.image.as_ref().is_some_and(|n| n.value == *wanted);
        let rest = Kubernetes {
            image: None,
            ..written.clone()
        };
        if named(&image) {
            return Ok(());
        }
        if rest != Kubernetes::default() {
            let problem = Diagnostic::error("`kubernetes` of atlas.yaml holds more than an image");
            let problem = problem.hint("set `kubernetes.image` there yourself");
            return Err(Box::new(problem));
        }
        let value = format!("{{image: \"{image}\"}}");
        self.keys.insert("kubernetes".to_owned(), value);
        Ok(())
    }

    /// A variable that no service knows is kept, since `services.<name>.environment` may name it; a misspelt one is told.
    pub(super) fn warn_of_misspelt(&self, inputs: &Inputs, report: &dyn Report) {
        for name in self.variables.keys() {
            if variable(inputs, name).is_some() || inputs.dotenv.get(name).is_some() {
                continue;
            }
            let near = match nearest(name, variables(inputs)) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            report.report(Event::Warning {
                text: format!("no service reads `{name}`{near}"),
            });
        }
    }

    /// A new atlas.yaml says so when the engine at hand is an old one, so that `docker compose` can run what is rendered.
    pub(super) async fn regard_engine(&mut self, app: &App, inputs: &Inputs) {
        if !inputs.project.file.is_empty() {
            return;
        }
        if let Ok(Ok(engine)) = tokio::time::timeout(PATIENCE, app.engine(None)).await
            && !engine.knows_start_interval()
        {
            self.keys
                .insert("oldest-engine".to_owned(), "\"20.10\"".to_owned());
        }
    }
}

fn contents(file: &std::path::Path, shown: &str) -> Result<String, Error> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|mut f| f.read_to_string(&mut text)),
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(Error::new(
            Exit::Usage,
            format!("failed to read `{shown}`: {}", cause(&error)),
        )),
    }
}

/// What stands before `=` may be part of a pasted secret: it is shown only where it looks like a misspelt key.
fn unknown(place: &str, key: &str, inputs: &Inputs) -> Diagnostic {
    let upper = key.to_ascii_uppercase();
    if let Some(name) = variables(inputs).find(|name| *name == upper) {
        return Diagnostic::error("unknown key; variables are written in capitals")
            .key(place)
            .hint(format!("did you mean `{name}`?"));
    }
    let words = |c: char| c.is_ascii_lowercase() || c == '-';
    if key.len() <= 20 && !key.is_empty() && key.chars().all(words) {
        let problem = Diagnostic::error(format!("unknown key `{key}`")).key(place);
        return problem.did_you_mean(key, KEYS);
    }
    let hint = "give a variable in capitals, such as JIRA_URL, or one of `data`, `images`, `name`, `profile`, `public-url` and `stage`";
    Diagnostic::error("unknown key before `=`")
        .key(place)
        .hint(hint)
}

fn variables(inputs: &Inputs) -> impl Iterator<Item = &str> {
    let entries = inputs.catalogue.entries();
    entries.flat_map(|entry| entry.environment.keys().map(String::as_str))
}

fn variable<'i>(inputs: &'i Inputs, name: &str) -> Option<&'i Variable> {
    let mut entries = inputs.catalogue.entries();
    entries.find_map(|entry| entry.environment.get(name))
}
