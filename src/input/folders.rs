//! `services.<name>.folders` of atlas.yaml: folders of this machine, by the names that a service shall know them by. Owns their form and
//! whether they are there; which services take folders belongs to `resolve`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::fields::{Fields, Reader, join};
use super::{Environment, Inputs, form};
use crate::diagnostic::{At, Diagnostic};
use crate::error::cause;

/// Reads the key; paths stay as written.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, At<PathBuf>> {
    let mut folders = BTreeMap::new();
    let Some((node, path)) = fields.get("folders") else {
        return folders;
    };
    for (key, node) in reader.entries(node, &path).unwrap_or_default() {
        let path = join(&path, &key.value);
        if !form::is_profile(&key.value) {
            let message = format!("invalid folder name `{}`", key.value);
            let hint = "use letters, digits, `.`, `_` and `-`, beginning with a letter or digit; the path is the value";
            reader.refuse_with(key.position, &path, message, hint);
        } else if let Some(folder) = reader.text(node, &path) {
            let folder = At::new(PathBuf::from(folder.value), folder.position);
            folders.insert(key.value.clone(), folder);
        }
    }
    folders
}

impl Inputs {
    /// Makes the folders' paths absolute, and reports those that are none.
    pub(super) fn find_folders(&mut self, directory: &Path, environment: &Environment) {
        let home = environment.get("HOME").map(Path::new);
        let project = &mut self.project;
        for (service, overrides) in &mut project.services {
            for (name, folder) in &mut overrides.value.folders {
                let written = std::mem::take(&mut folder.value);
                folder.value = absolute(&written, directory, home);
                let metadata = std::fs::metadata(&folder.value);
                let why = match metadata {
                    Ok(metadata) if metadata.is_dir() => continue,
                    Ok(_) => "it is not a directory".to_owned(),
                    Err(error) => cause(&error),
                };
                let message = format!("failed to open the folder `{}`: {why}", written.display());
                let problem = Diagnostic::error(message)
                    .at(project.file.clone(), folder.position)
                    .key(format!("services.{service}.folders.{name}"))
                    .hint(
                        "the path is relative to the project directory; `~` is your home directory",
                    );
                self.problems.push(problem);
            }
        }
    }
}

fn absolute(written: &Path, directory: &Path, home: Option<&Path>) -> PathBuf {
    let path = match (written.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => directory.join(written),
    };
    // `./notes` reads as `notes`; `..` is left to the file system, which knows links.
    path.components().collect()
}
