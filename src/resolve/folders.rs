//! Folders of the host that a service is given: mounts that it cannot write to, and the variable that tells it about them.

use std::collections::BTreeMap;

use super::{Scope, value};
use crate::diagnostic::Diagnostic;
use crate::input::catalogue::Entry;
use crate::input::project::Overrides;
use crate::model::{EnvValue, Mount};

impl Scope<'_> {
    /// The mounts of a service's folders. What the user says of the variable itself goes before what they imply.
    pub(super) fn folders(
        &mut self,
        entry: &Entry,
        overrides: &Overrides,
        environment: &mut BTreeMap<String, EnvValue>,
    ) -> Vec<Mount> {
        let Some(folders) = &entry.folders else {
            if let Some(folder) = overrides.folders.values().next() {
                let problem = Diagnostic::error(format!("`{}` takes no folders", entry.name))
                    .key(format!("services.{}.folders", entry.name))
                    .hint("remove `folders`");
                self.in_project(problem, folder.position);
            }
            return Vec::new();
        };
        let mut mounts = Vec::new();
        let mut told = Vec::new();
        for (name, folder) in &overrides.folders {
            let target = format!("{}/{name}", folders.target);
            told.push(format!(
                "{target}={}",
                address(&folder.value.to_string_lossy())
            ));
            mounts.push(Mount::Bind {
                source: folder.value.clone(),
                target,
                read_only: true,
            });
        }
        if !told.is_empty() {
            environment
                .entry(folders.variable.clone())
                .or_insert(EnvValue::Plain(told.join(",")));
        }
        mounts
    }
}

/// `file://` and the path, so that results name files by the place where the user has them.
fn address(path: &str) -> String {
    let parts: Vec<String> = path.split('/').map(value::percent_encode).collect();
    format!("file://{}", parts.join("/"))
}
