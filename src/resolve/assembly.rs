//! The environment and the secret files of one service while they are put together. Owns how a value reaches the
//! service; where it comes from belongs to `environment` and `provided`.

use std::collections::{BTreeMap, BTreeSet};

use super::{selection::Selection, settings::Settings};
use crate::input::catalogue::{Entry, ImageSpec, Variable};
use crate::model::{EnvValue, Secret, SecretMount};

/// One service's part, next to what it is made from.
pub(super) struct Assembly<'a, 'i> {
    pub(super) settings: &'a Settings,
    pub(super) selection: &'a Selection<'i>,
    pub(super) entry: &'i Entry,
    pub(super) spec: &'a ImageSpec,
    /// Secret files of the whole deployment.
    pub(super) files: &'a mut BTreeMap<String, Secret>,
    pub(super) environment: BTreeMap<String, EnvValue>,
    pub(super) mounts: BTreeSet<SecretMount>,
    /// Credentials of integrations that nobody set.
    pub(super) missing: Vec<String>,
}

/// Where a secret is written down for Compose to find it.
pub(super) enum Origin<'v> {
    /// As the variable itself.
    Variable,
    /// As an expression of variables.
    Composed(&'v str),
}

impl Assembly<'_, '_> {
    pub(super) fn plain(&mut self, name: &str, value: impl Into<String>) {
        self.environment
            .insert(name.to_owned(), EnvValue::Plain(value.into()));
    }

    /// As a file where the image reads files, otherwise as a variable.
    pub(super) fn secret(
        &mut self,
        name: &str,
        variable: &Variable,
        value: String,
        origin: &Origin<'_>,
    ) {
        if !self.spec.secret_files && variable.content.is_none() {
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
            self.environment.insert(name.to_owned(), given);
            return;
        }
        let file = variable.file.clone().unwrap_or_else(|| name.to_lowercase());
        let content = match &variable.content {
            Some(content) => content.replace("{value}", &value),
            None => {
                self.plain(&format!("{name}_FILE"), format!("/run/secrets/{file}"));
                value
            }
        };
        self.files.insert(file.clone(), Secret::new(content));
        self.mounts.insert(SecretMount { name: file });
    }
}
