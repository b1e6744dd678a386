//! The variables of each service: fixed, from `.env`, defaults, and those of `atlas.yaml`. Owns where a value comes from;
//! its shape belongs to `value`, its way to the service to `assembly`.

use super::assembly::{Assembly, Origin};
use super::{Scope, settings::Settings, value};
use crate::diagnostic::{Diagnostic, Position, Topic, enumerate};
use crate::input::catalogue::{Entry, Variable};
use crate::input::dotenv::is_reference;
use crate::model::{EnvValue, Kind, Secret, Stage};

impl<'i> Scope<'i> {
    pub(super) fn assemble(&mut self, to: &mut Assembly<'_, 'i>) {
        for owner in self.owners(to) {
            for (name, variable) in &owner.environment {
                // What it reads for others is put in once, by the first that names it.
                if !to.environment.contains_key(name) && !self.is_overridden(to.entry, name) {
                    self.put(to, name, variable, owner.kind);
                }
            }
        }
        if let Some(kind) = to.entry.addresses_of {
            let others = to
                .selection
                .entries
                .values()
                .filter(|other| other.kind == kind);
            for (name, provided) in others.flat_map(|other| &other.provides) {
                if !provided.secret {
                    to.plain(name, provided.value.clone());
                }
            }
        }
        self.put_overrides(to);
        self.warn_of_missing(to.entry, &to.missing);
    }

    /// The service itself and those whose work it does in this deployment.
    fn owners(&self, to: &Assembly<'_, 'i>) -> Vec<&'i Entry> {
        let mut owners = vec![to.entry];
        if let Some(substitution) = &to.entry.answers_for
            && !to.selection.has(&substitution.without)
        {
            let catalogue = &self.inputs.catalogue;
            let others = substitution.services.iter();
            owners.extend(others.filter_map(|name| catalogue.get(name.as_str())));
        }
        owners
    }

    fn is_overridden(&self, entry: &Entry, name: &str) -> bool {
        let overrides = self.inputs.project.services.get(entry.name.as_str());
        let written = overrides.and_then(|overrides| overrides.value.environment.get(name));
        written.is_some_and(|written| written.value.is_some())
    }

    fn put(&mut self, to: &mut Assembly<'_, 'i>, name: &str, variable: &Variable, kind: Kind) {
        if let Some(fixed) = &variable.value {
            let stage = match to.settings.stage {
                Stage::Development => "development",
                Stage::Production => "production",
            };
            return to.plain(name, fixed.replace("{stage}", stage));
        }
        if let Some(from) = &variable.from
            && !self.put_provided(to, name, variable, from)
        {
            return;
        }
        let Some(value) = self.variable(name) else {
            return match &variable.default {
                Some(default) => {
                    self.refuse_unwise(to.settings, name, variable, default);
                    to.plain(name, default.clone());
                }
                None if variable.required => self.absent(to, name, variable, kind),
                None => {}
            };
        };
        // What a secret store has not been asked for yet has no shape; see `references`.
        if is_reference(value) && self.inputs.dotenv.refers(name) {
            return self.put_hidden(to, name, variable, value);
        }
        if let Some(fault) = value::fault(variable, value) {
            let problem = Diagnostic::error(fault).topic(value::topic(variable, value));
            let problem = match &variable.obtain {
                Some(obtain) => problem.hint(format!("get it from {obtain}")),
                None if variable.generate => problem.hint("empty it and run `atlas init`"),
                None => problem,
            };
            return self.in_variable(name, problem);
        }
        self.refuse_unwise(to.settings, name, variable, value);
        if variable.secret || self.inputs.dotenv.refers(name) {
            self.put_hidden(to, name, variable, value);
        } else {
            to.plain(name, value);
        }
    }

    /// What comes from a secret store is hidden, whatever the catalogue says of the variable.
    fn put_hidden(&self, to: &mut Assembly<'_, 'i>, name: &str, variable: &Variable, value: &str) {
        if variable.secret {
            return to.secret(name, variable, value.to_owned(), &Origin::Variable);
        }
        let given = EnvValue::Secret {
            variable: name.to_owned(),
            value: Secret::new(value.to_owned()),
        };
        to.environment.insert(name.to_owned(), given);
    }

    /// `services.<name>.environment` of `atlas.yaml`.
    fn put_overrides(&mut self, to: &mut Assembly<'_, 'i>) {
        let inputs = self.inputs;
        let entry = to.entry;
        let Some(overrides) = inputs.project.services.get(entry.name.as_str()) else {
            return;
        };
        let owners = self.owners(to);
        for (name, written) in &overrides.value.environment {
            let known = owners.iter().find_map(|owner| owner.environment.get(name));
            let variable = known.cloned().unwrap_or_default();
            let key = format!("services.{}.environment.{name}", entry.name);
            match &written.value {
                Some(_) if variable.secret => {
                    let problem = Diagnostic::error("a secret does not belong in atlas.yaml");
                    let problem = problem.key(key).hint(format!("set `{name}` in .env"));
                    self.in_project(problem, written.position);
                }
                Some(value) => {
                    if let Some(fault) = value::fault(&variable, value) {
                        self.in_project(Diagnostic::error(fault).key(key), written.position);
                    }
                    to.plain(name, value.clone());
                }
                // What the service reads anyway has been put in like every variable of it.
                None if known.is_some() => {}
                None => {
                    if let Some(value) = self.variable(name) {
                        to.secret(name, &variable, value.to_owned(), &Origin::Variable);
                    }
                }
            }
        }
    }

    fn absent(&mut self, to: &mut Assembly<'_, 'i>, name: &str, variable: &Variable, kind: Kind) {
        if self.inputs.dotenv.is_broken(name) {
            return;
        }
        let hint = match &variable.obtain {
            _ if variable.generate => "run `atlas init`".to_owned(),
            _ if kind == Kind::Integration => return to.missing.push(name.to_owned()),
            Some(obtain) => format!("set it in .env; see {obtain}"),
            None => "set it in .env".to_owned(),
        };
        let problem = Diagnostic::error("is needed but not set").topic(Topic::Missing);
        self.in_variable(name, problem.hint(hint));
    }

    /// An integration without credentials runs and says that it is not configured.
    fn warn_of_missing(&mut self, entry: &Entry, missing: &[String]) {
        let (is, them) = match missing {
            [] => return,
            [_] => ("is", "it"),
            _ => ("are", "them"),
        };
        let names = enumerate(missing);
        let message = format!("{names} {is} not set; it will run, but is not configured");
        let problem = Diagnostic::warning(message)
            .topic(Topic::Missing)
            .at(".env", Position::default())
            .key(entry.name.as_str())
            .hint(format!("set {them} in .env"));
        self.problems.push(problem);
    }

    fn refuse_unwise(&mut self, settings: &Settings, name: &str, variable: &Variable, value: &str) {
        let mut parts = variable.unwise_in_production.iter();
        let Some(part) = parts.find(|part| value.contains(part.as_str())) else {
            return;
        };
        if settings.stage == Stage::Production {
            let problem =
                Diagnostic::error(format!("holds `{part}`, which is too open for production"));
            let hint = match &variable.obtain {
                Some(obtain) => format!("narrow it down in .env; {obtain}"),
                None => "narrow it down in .env".to_owned(),
            };
            self.in_variable(name, problem.topic(Topic::Shape).hint(hint));
        }
    }
}
