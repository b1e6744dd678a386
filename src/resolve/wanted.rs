//! Which variables a person may set for a selection, before any of them is. Owns what `atlas init` writes into `.env`.

use super::{Request, Scope};
use crate::diagnostic::{Diagnostic, Severity};
use crate::input::Inputs;
use crate::input::catalogue::{Entry, Variable};
use crate::model::{DataMode, Kind};

/// A service and the variables of `.env` that it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted<'i> {
    /// The service.
    pub entry: &'i Entry,
    /// Variables by name, sorted; without those that are fixed or come from another service.
    pub variables: Vec<(&'i str, &'i Variable)>,
}

/// One item for each selected service that reads variables, and for each whose work another does; the gateway first,
/// then by kind and name. `Err` holds every error of the selection and of the files, but none of the variables.
pub fn wanted<'i>(
    inputs: &'i Inputs,
    request: &'i Request,
) -> Result<Vec<Wanted<'i>>, Vec<Diagnostic>> {
    let mut scope = Scope {
        inputs,
        request,
        problems: inputs.problems.clone(),
    };
    let settings = scope.settings();
    let selection = scope.selection(&settings);
    scope
        .problems
        .retain(|problem| problem.severity == Severity::Error);
    if !scope.problems.is_empty() {
        return Err(scope.sorted());
    }
    let mut entries: Vec<&Entry> = selection.entries.values().copied().collect();
    for entry in selection.entries.values() {
        let absent = entry
            .answers_for
            .as_ref()
            .filter(|others| !selection.has(&others.without));
        for name in absent.into_iter().flat_map(|others| &others.services) {
            entries.extend(
                inputs
                    .catalogue
                    .get(name.as_str())
                    .filter(|_| !selection.has(name)),
            );
        }
    }
    entries.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    entries.dedup_by(|a, b| a.name == b.name);
    let external = settings.data == DataMode::External;
    let is_set = |variable: &Variable| match &variable.from {
        None => variable.value.is_none(),
        Some(from) => {
            let provider = inputs.catalogue.get(from.as_str());
            external && provider.is_some_and(|provider| provider.kind == Kind::Store)
        }
    };
    let wanted = entries.into_iter().map(|entry| Wanted {
        entry,
        variables: entry
            .environment
            .iter()
            .filter(|(_, variable)| is_set(variable))
            .map(|(name, variable)| (name.as_str(), variable))
            .collect(),
    });
    Ok(wanted
        .filter(|wanted| !wanted.variables.is_empty())
        .collect())
}
