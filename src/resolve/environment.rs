//! The environment and the secret files of each service. Owns where a value comes from (`.env`, another service, a
//! default) and how it reaches the service; its shape belongs to `value`.

use std::collections::{BTreeMap, BTreeSet};

use super::selection::Selection;
use super::{Scope, settings::Settings, value};
use crate::diagnostic::{Diagnostic, enumerate};
use crate::input::catalogue::{Entry, ImageSpec, Variable};
use crate::model::{DataMode, EnvValue, Kind, Secret, SecretMount, Stage};

/// What a service gets.
#[derive(Default)]
pub(super) struct Surroundings {
    pub(super) environment: BTreeMap<String, EnvValue>,
    pub(super) secrets: BTreeSet<SecretMount>,
}

/// Where a service's environment is put together.
pub(super) struct Assembly<'a, 'i> {
    pub(super) settings: &'a Settings,
    pub(super) selection: &'a Selection<'i>,
    pub(super) entry: &'i Entry,
    pub(super) spec: &'a ImageSpec,
    /// Secret files of the deployment.
    pub(super) files: &'a mut BTreeMap<String, Secret>,
}

/// A secret on its way to a service.
enum Origin<'v> {
    Variable,
    Composed(&'v str),
}

impl<'i> Scope<'i> {
    pub(super) fn surroundings(&mut self, assembly: &mut Assembly<'_, 'i>) -> Surroundings {
        let mut to = Surroundings::default();
        let entry = assembly.entry;
        let mut missing = Vec::new();
        for owner in self.owners(assembly) {
            for (name, variable) in &owner.environment {
                // What it reads for others is written once, by the first that names it.
                if !to.environment.contains_key(name) && !self.is_overridden(entry, name) {
                    self.put(assembly, &mut to, name, variable, &mut missing, owner.kind);
                }
            }
        }
        if let Some(kind) = entry.addresses_of {
            for other in assembly
                .selection
                .entries
                .values()
                .filter(|other| other.kind == kind)
            {
                let plain = other
                    .provides
                    .iter()
                    .filter(|(_, provided)| !provided.secret);
                to.environment.extend(plain.map(|(name, provided)| {
                    (name.clone(), EnvValue::Plain(provided.value.clone()))
                }));
            }
        }
        self.overrides(assembly, &mut to);
        self.warn_of_missing(entry, &missing);
        to
    }

    /// The service itself and those whose work it does in this deployment.
    fn owners(&self, assembly: &Assembly<'_, 'i>) -> Vec<&'i Entry> {
        let mut owners = vec![assembly.entry];
        if let Some(substitution) = &assembly.entry.answers_for
            && !assembly.selection.has(&substitution.without)
        {
            let catalogue = &self.inputs.catalogue;
            owners.extend(
                substitution
                    .services
                    .iter()
                    .filter_map(|name| catalogue.get(name.as_str())),
            );
        }
        owners
    }

    fn is_overridden(&self, entry: &Entry, name: &str) -> bool {
        let overrides = self.inputs.project.services.get(entry.name.as_str());
        overrides.is_some_and(|overrides| overrides.value.environment.contains_key(name))
    }

    fn put(
        &mut self,
        assembly: &mut Assembly<'_, 'i>,
        to: &mut Surroundings,
        name: &str,
        variable: &Variable,
        missing: &mut Vec<String>,
        kind: Kind,
    ) {
        if let Some(fixed) = &variable.value {
            let stage = match assembly.settings.stage {
                Stage::Development => "development",
                Stage::Production => "production",
            };
            to.environment.insert(
                name.to_owned(),
                EnvValue::Plain(fixed.replace("{stage}", stage)),
            );
            return;
        }
        if let Some(from) = &variable.from {
            if let Some(provider) = assembly.selection.entries.get(from) {
                return self.put_provided(assembly, to, name, variable, provider);
            }
            let store = self
                .inputs
                .catalogue
                .get(from.as_str())
                .is_some_and(|from| from.kind == Kind::Store);
            if !store || assembly.settings.data != DataMode::External {
                return;
            }
        }
        let Some(value) = self.variable(name) else {
            match &variable.default {
                Some(default) => {
                    let default = default.clone();
                    self.warn_of_unwise(assembly.settings, name, variable, &default);
                    to.environment
                        .insert(name.to_owned(), EnvValue::Plain(default));
                }
                None if variable.required => self.absent(name, variable, missing, kind),
                None => {}
            }
            return;
        };
        if let Some(fault) = value::fault(variable, value) {
            let problem = Diagnostic::error(fault);
            let problem = match &variable.obtain {
                Some(obtain) => problem.hint(format!("get it from {obtain}")),
                None if variable.generate => problem.hint("run `atlas init`"),
                None => problem,
            };
            self.in_variable(name, problem);
            return;
        }
        self.warn_of_unwise(assembly.settings, name, variable, value);
        if variable.secret {
            give_secret(
                assembly,
                to,
                name,
                variable,
                value.to_owned(),
                &Origin::Variable,
            );
        } else {
            to.environment
                .insert(name.to_owned(), EnvValue::Plain(value.to_owned()));
        }
    }

    /// A value that another service of the deployment provides.
    fn put_provided(
        &mut self,
        assembly: &mut Assembly<'_, 'i>,
        to: &mut Surroundings,
        name: &str,
        variable: &Variable,
        provider: &'i Entry,
    ) {
        let Some(provided) = provider.provides.get(name) else {
            let problem =
                Diagnostic::error(format!("`{}` does not provide `{name}`", provider.name));
            let file = assembly.entry.file.clone();
            let problem = problem.at(file, crate::diagnostic::Position::default());
            self.problems
                .push(problem.key(format!("environment.{name}.from")));
            return;
        };
        if provider.kind == Kind::Store
            && self
                .inputs
                .dotenv
                .get(name)
                .is_some_and(|set| !set.value.is_empty())
        {
            let problem = Diagnostic::warning(format!(
                "is not used: `{}` runs in a container",
                provider.name
            ));
            self.in_variable(
                name,
                problem.hint("set `data: external` in atlas.yaml to use it"),
            );
        }
        // Where a password is missing, the provider says so.
        let Some((composed, encoded)) = self.compose(&provided.value) else {
            return;
        };
        if !provided.secret && !variable.secret {
            to.environment
                .insert(name.to_owned(), EnvValue::Plain(composed));
            return;
        }
        if let (false, Some(password)) = (assembly.spec.secret_files, encoded) {
            let problem = Diagnostic::error(
                "may hold letters, digits, `-`, `.`, `_` and `~` only, because it becomes part of a URL",
            );
            self.in_variable(
                password,
                problem.hint("run `atlas init` in a fresh folder to see one"),
            );
        }
        give_secret(
            assembly,
            to,
            name,
            variable,
            composed,
            &Origin::Composed(&provided.value),
        );
    }

    /// Replaces `${VARIABLE}` by percent-encoded values; also the name of a variable whose encoding differs from it.
    fn compose<'v>(&self, expression: &'v str) -> Option<(String, Option<&'v str>)> {
        let mut out = String::new();
        let mut encoded = None;
        let mut rest = expression;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, after) = after.split_once('}')?;
            let value = self.variable(name)?;
            let safe = value::percent_encode(value);
            if safe != value {
                encoded = Some(name);
            }
            out.push_str(&safe);
            rest = after;
        }
        out.push_str(rest);
        Some((out, encoded))
    }

    /// `services.<name>.environment` of `atlas.yaml`.
    fn overrides(&mut self, assembly: &mut Assembly<'_, 'i>, to: &mut Surroundings) {
        let inputs = self.inputs;
        let entry = assembly.entry;
        let Some(overrides) = inputs.project.services.get(entry.name.as_str()) else {
            return;
        };
        for (name, written) in &overrides.value.environment {
            let variable = entry.environment.get(name).cloned().unwrap_or_default();
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
                    to.environment
                        .insert(name.clone(), EnvValue::Plain(value.clone()));
                }
                None => {
                    let Some(value) = self.variable(name) else {
                        continue;
                    };
                    let value = value.to_owned();
                    let known = entry.environment.contains_key(name);
                    if known && !variable.secret {
                        to.environment.insert(name.clone(), EnvValue::Plain(value));
                    } else {
                        give_secret(assembly, to, name, &variable, value, &Origin::Variable);
                    }
                }
            }
        }
    }

    fn absent(&mut self, name: &str, variable: &Variable, missing: &mut Vec<String>, kind: Kind) {
        if variable.generate {
            let problem = Diagnostic::error("is needed but not set").hint("run `atlas init`");
            self.in_variable(name, problem);
        } else if kind == Kind::Integration {
            missing.push(name.to_owned());
        } else {
            let hint = match &variable.obtain {
                Some(obtain) => format!("set it in .env; see {obtain}"),
                None => "set it in .env".to_owned(),
            };
            self.in_variable(name, Diagnostic::error("is needed but not set").hint(hint));
        }
    }

    /// An integration without credentials runs and says that it is not configured.
    fn warn_of_missing(&mut self, entry: &Entry, missing: &[String]) {
        if missing.is_empty() {
            return;
        }
        let (is, them) = if missing.len() == 1 {
            ("is", "it")
        } else {
            ("are", "them")
        };
        let message = format!(
            "{} {is} not set; it will run, but is not configured",
            enumerate(missing)
        );
        let problem = Diagnostic::warning(message)
            .at(".env", crate::diagnostic::Position::default())
            .key(entry.name.as_str())
            .hint(format!("set {them} in .env"));
        self.problems.push(problem);
    }

    fn warn_of_unwise(
        &mut self,
        settings: &Settings,
        name: &str,
        variable: &Variable,
        value: &str,
    ) {
        let parts = &variable.unwise_in_production;
        let Some(part) = parts.iter().find(|part| value.contains(part.as_str())) else {
            return;
        };
        if settings.stage == Stage::Production {
            let problem =
                Diagnostic::warning(format!("holds `{part}`, which is too open for production"));
            let hint = variable.obtain.as_ref().map_or_else(
                || "narrow it down in .env".to_owned(),
                |obtain| format!("narrow it down in .env; {obtain}"),
            );
            self.in_variable(name, problem.hint(hint));
        }
    }
}

/// As a file where the image reads files, otherwise as a variable.
fn give_secret(
    assembly: &mut Assembly<'_, '_>,
    to: &mut Surroundings,
    name: &str,
    variable: &Variable,
    value: String,
    origin: &Origin<'_>,
) {
    if !assembly.spec.secret_files && variable.content.is_none() {
        let value = Secret::new(value);
        let given = match origin {
            Origin::Variable => EnvValue::Secret {
                variable: name.to_owned(),
                value,
            },
            Origin::Composed(expression) => EnvValue::Composed {
                expression: (*expression).to_owned(),
                value,
            },
        };
        to.environment.insert(name.to_owned(), given);
        return;
    }
    let file = variable.file.clone().unwrap_or_else(|| name.to_lowercase());
    let content = match &variable.content {
        Some(content) => content.replace("{value}", &value),
        None => {
            let path = format!("/run/secrets/{file}");
            to.environment
                .insert(format!("{name}_FILE"), EnvValue::Plain(path));
            value
        }
    };
    assembly.files.insert(file.clone(), Secret::new(content));
    to.secrets.insert(SecretMount { name: file });
}
