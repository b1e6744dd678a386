//! Values that one service of the deployment provides to another. Owns their composition from secrets.

use super::assembly::{Assembly, Origin};
use super::{Scope, value};
use crate::diagnostic::{Diagnostic, Position, Topic};
use crate::input::catalogue::{Entry, Variable};
use crate::model::{DataMode, Kind, ServiceName};

impl<'i> Scope<'i> {
    /// A variable that another service provides, if that one is there; whether `.env` shall be asked instead.
    pub(super) fn put_provided(
        &mut self,
        to: &mut Assembly<'_, 'i>,
        name: &str,
        variable: &Variable,
        from: &ServiceName,
    ) -> bool {
        if let Some(provider) = to.selection.entries.get(from) {
            self.put_value_of(to, name, variable, provider);
            return false;
        }
        match self.inputs.catalogue.get(from.as_str()) {
            Some(provider) => {
                provider.kind == Kind::Store && to.settings.data == DataMode::External
            }
            None if self.inputs.catalogue.is_broken(from.as_str()) => false,
            None => {
                let problem = self.unknown(from.as_str());
                self.in_catalogue(to.entry, name, problem);
                false
            }
        }
    }

    fn put_value_of(
        &mut self,
        to: &mut Assembly<'_, 'i>,
        name: &str,
        variable: &Variable,
        provider: &'i Entry,
    ) {
        let Some(provided) = provider.provides.get(name) else {
            let problem =
                Diagnostic::error(format!("`{}` does not provide `{name}`", provider.name));
            return self.in_catalogue(to.entry, name, problem);
        };
        let set = self.inputs.dotenv.get(name);
        if provider.kind == Kind::Store && set.is_some_and(|set| !set.value.is_empty()) {
            let message = format!("is not used: `{}` runs in a container", provider.name);
            let hint = "set `data: external` in atlas.yaml to use it";
            self.in_variable(name, Diagnostic::warning(message).hint(hint));
        }
        // Where a password is missing, the provider says so.
        let Some((composed, encoded)) = self.compose(&provided.value) else {
            return;
        };
        if !provided.secret && !variable.secret {
            return to.plain(name, composed);
        }
        if let (false, Some(password)) = (to.spec.secret_files, encoded) {
            let problem = Diagnostic::error(
                "may hold letters, digits, `-`, `.`, `_` and `~` only, because it becomes part of a URL",
            )
            .topic(Topic::Shape);
            self.in_variable(
                password,
                problem.hint("`atlas init` makes such a value when there is none"),
            );
        }
        to.secret(name, variable, composed, &Origin::Composed(&provided.value));
    }

    fn in_catalogue(&mut self, entry: &Entry, variable: &str, problem: Diagnostic) {
        let problem = problem.at(entry.file.clone(), Position::default());
        self.problems
            .push(problem.key(format!("environment.{variable}.from")));
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
}
