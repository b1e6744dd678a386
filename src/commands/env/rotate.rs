//! `atlas env rotate`: another password or key, in the store and in the services, and a way back. What is under way stands in
//! .atlas/rotation.env, so that the next run after a crash completes it; replaced values are kept in .atlas/replaced.env.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::json;

use super::store::Store;
use crate::app::App;
use crate::cli::Up;
use crate::commands::{dotenv, init, lock, up};
use crate::engines::Engine;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;
use crate::input::{Dotenv, Environment, Inputs};
use crate::model::Kind;
use crate::targets::{Artifact, Contents};

const JOURNAL: &str = ".atlas/rotation.env";
const REPLACED: &str = ".atlas/replaced.env";
/// What settings are encrypted with.
const SEALING: &str = "ATLAS_SECRET_KEY";

/// One password on its way from an old value to a new one.
struct Rotation {
    name: String,
    old: String,
    new: String,
    /// Whether the store may have the new one already, by this run or by the one that was cut off.
    attempted: Cell<bool>,
}

pub(super) async fn rotate(app: &App, target: &str) -> Result<Exit, Error> {
    let inputs = app.inputs();
    let (name, store) = find(&inputs, target)?;
    let guard = lock::take(&app.directory, "env rotate")?;
    let rotation = Rotation::begin(app, &inputs, &name)?;
    let before = rotation.store(app, &inputs, store.as_deref()).await;
    let outcome = match before {
        Ok(store) => rotation.forth(app, store.as_ref()).await,
        Err(error) => Err(error),
    };
    drop(guard);
    let outcome = match outcome {
        Ok(()) => rotation.prove(app, &inputs, store.as_deref()).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(handed_out) => {
            rotation.keep(app)?;
            rotation.told(app, handed_out);
            Ok(Exit::Ok)
        }
        Err(error) => Err(rotation.back(app, &inputs, store.as_deref(), error).await),
    }
}

/// The variable that is meant, and the store that keeps it.
fn find(inputs: &Inputs, target: &str) -> Result<(String, Option<String>), Error> {
    let wanted = target.to_ascii_lowercase().replace('-', "_");
    let mut known = Vec::new();
    let mut found = None;
    for entry in inputs.catalogue.entries() {
        for (name, _) in entry.environment.iter().filter(|(_, v)| v.generate) {
            let is_store = entry.kind == Kind::Store;
            let lower = name.to_ascii_lowercase();
            let short = lower.strip_prefix("atlas_").unwrap_or(&lower);
            known.push(match is_store {
                true => entry.name.to_string(),
                false => short.replace('_', "-"),
            });
            if wanted == lower || wanted == short || (is_store && target == entry.name.as_str()) {
                found = Some((name.clone(), is_store.then(|| entry.name.to_string())));
            }
        }
    }
    let Some((name, store)) = found else {
        let message = format!("there is no generated password or key `{target}`");
        let hint = format!(
            "known are {}; all others are set by `atlas env set`",
            known.join(", ")
        );
        return Err(Error::new(Exit::Usage, message).hint(hint));
    };
    if name == SEALING {
        let message = format!(
            "`{name}` is not changed: the gateway has encrypted its users' settings with it, and could not read them any more"
        );
        let hint = "if that loss is meant: `atlas env set ATLAS_SECRET_KEY`, then `atlas up`; users enter their credentials again";
        return Err(Error::failed(message).hint(hint));
    }
    if inputs.dotenv.refers(&name) {
        let message = format!("`{name}` stands in a secret store, which atlas does not change");
        return Err(Error::failed(message).hint("change it there, then `atlas up`"));
    }
    Ok((name, store))
}

/// Makes what runs equal to .env; whether anything runs.
async fn hand_out(app: &App, inputs: &Inputs) -> Result<bool, Error> {
    let Ok(engine) = app.engine(None).await else {
        return Ok(false);
    };
    let project = app.project_name(inputs)?;
    if engine.observe(&project, None).await?.containers.is_empty() {
        return Ok(false);
    }
    up::up(&app.quiet_stdout(), &Up::whole()).await?;
    Ok(true)
}

impl Rotation {
    /// A new one, or the one that a crash left.
    fn begin(app: &App, inputs: &Inputs, name: &str) -> Result<Self, Error> {
        if let Some(left) = init::read(&app.directory, JOURNAL)? {
            let mut dotenv = Dotenv::default();
            dotenv.parse(JOURNAL, left.as_bytes(), &Environment::new());
            let get = |key: &str| {
                dotenv
                    .get(key)
                    .map(|set| set.value.clone())
                    .unwrap_or_default()
            };
            let rotation = Self {
                name: get("VARIABLE"),
                old: get("OLD"),
                new: get("NEW"),
                attempted: Cell::new(true),
            };
            if rotation.name == name && !rotation.new.is_empty() {
                app.say(&format!(
                    "going on with the change of `{name}` that was cut off"
                ));
                return Ok(rotation);
            }
            let message = format!("the change of `{}` was cut off", rotation.name);
            let hint = format!("complete it first: `atlas env rotate {}`", rotation.name);
            return Err(Error::failed(message).hint(hint));
        }
        let old = inputs
            .dotenv
            .get(name)
            .map(|set| set.value.clone())
            .unwrap_or_default();
        if old.is_empty() || app.environment.contains_key(name) {
            let error = Error::failed(format!("`{name}` is not set in .env"));
            return Err(error.hint("`atlas init` makes one where there is none; the process environment is not changed"));
        }
        let rotation = Self {
            name: name.to_owned(),
            old,
            new: dotenv::random()?,
            attempted: Cell::new(false),
        };
        let values = [
            ("VARIABLE", &rotation.name),
            ("OLD", &rotation.old),
            ("NEW", &rotation.new),
        ];
        let lines = values.map(|(key, value)| format!("{key}={}\n", dotenv::quoted(value)));
        private(app, JOURNAL, lines.concat())?;
        Ok(rotation)
    }

    /// Into the store, then into .env.
    async fn forth(&self, app: &App, store: Option<&Store>) -> Result<(), Error> {
        if let Some(store) = store
            && !store.accepts(&self.new).await
        {
            self.attempted.set(true);
            store.change(&self.old, &self.new).await?;
        }
        self.write(app, &self.new)
    }

    fn write(&self, app: &App, value: &str) -> Result<(), Error> {
        let values = BTreeMap::from([(self.name.clone(), value.to_owned())]);
        super::write(app, dotenv::set(&super::text(app)?, &values))
    }

    /// The store that keeps it, as it runs now: `up` may have replaced its container.
    async fn store(
        &self,
        app: &App,
        inputs: &Inputs,
        service: Option<&str>,
    ) -> Result<Option<Store>, Error> {
        match service {
            Some(service) => Store::find(app, inputs, service).await,
            None => Ok(None),
        }
    }

    /// Hands it to the services, then asks the store for both; whether anything runs.
    async fn prove(
        &self,
        app: &App,
        inputs: &Inputs,
        service: Option<&str>,
    ) -> Result<bool, Error> {
        let handed_out = hand_out(app, inputs).await?;
        if let Some(store) = self.store(app, inputs, service).await?
            && (!store.accepts(&self.new).await || store.accepts(&self.old).await)
        {
            let said = "the new one does not open it, or the old one still does";
            return Err(Error::failed(format!(
                "failed to change `{}`: {said}",
                self.name
            )));
        }
        Ok(handed_out)
    }

    /// Puts everything back; the error says what failed and what became of it.
    async fn back(&self, app: &App, inputs: &Inputs, service: Option<&str>, error: Error) -> Error {
        let name = &self.name;
        let mut error = error;
        match self.restore(app, inputs, service).await {
            Ok(()) => {
                error.message = format!("{}; `{name}` is what it was", error.message);
                // Services that were replaced already need the old one again.
                if let Err(second) = hand_out(app, inputs).await {
                    let hint = "`atlas up` hands the old one out again";
                    error.details.push(format!("also: {second}; {hint}"));
                }
            }
            Err(second) => {
                error.message = format!("{}; going back failed too: {second}", error.message);
                let hint =
                    format!("`atlas env rotate {name}` goes on; both values are in {JOURNAL}");
                error.hint = Some(hint);
            }
        }
        error
    }

    async fn restore(
        &self,
        app: &App,
        inputs: &Inputs,
        service: Option<&str>,
    ) -> Result<(), Error> {
        match self.store(app, inputs, service).await {
            Ok(Some(store)) if !store.accepts(&self.old).await => {
                store.change(&self.new, &self.old).await?;
            }
            // MongoDB keeps its password in its data: only while it runs can be told which one it is.
            Err(second) if service == Some("mongodb") && self.attempted.get() => {
                return Err(second);
            }
            _ => {}
        }
        self.write(app, &self.old)?;
        remove(app)
    }

    /// Keeps the old value, commented out and dated, and ends the journal.
    fn keep(&self, app: &App) -> Result<(), Error> {
        let mut text = init::read(&app.directory, REPLACED)?.unwrap_or_default();
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        text += &format!("# {now}\n# {}={}\n", self.name, dotenv::quoted(&self.old));
        private(app, REPLACED, text)?;
        remove(app)
    }

    fn told(&self, app: &App, handed_out: bool) {
        let name = &self.name;
        if app.global.json {
            let object = json!({
                "schema": "atlas/v1", "kind": "env-rotate", "variable": name, "handed_out": handed_out, "kept": REPLACED,
            });
            return app.out(&object.to_string());
        }
        app.say(&format!(
            "{name} was replaced; the old value is kept in {REPLACED}"
        ));
        if !handed_out {
            app.say("next: `atlas up` hands it to the services");
        }
    }
}

fn private(app: &App, path: &str, text: String) -> Result<(), Error> {
    let artifact = Artifact {
        path: path.into(),
        contents: Contents::Text(text),
        mode: 0o600,
        group: None,
    };
    files::write(&app.directory, &[artifact], true)?;
    Ok(())
}

fn remove(app: &App) -> Result<(), Error> {
    std::fs::remove_file(app.directory.join(JOURNAL)).map_err(|cause| {
        Error::failed(format!(
            "failed to remove `{JOURNAL}`: {}",
            crate::error::cause(&cause)
        ))
    })
}
