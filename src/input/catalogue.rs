//! The catalogue: every service that can be deployed, the embedded ones and the user's. Owns which services and profiles
//! exist; which of them are deployed belongs to `resolve`.

mod credential;
mod entry;
mod images;
mod reader;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub use credential::Credential;
pub use entry::{
    Dependency, Embedded, Entry, Folders, Format, ImageSpec, Images, Internet, Provided,
    Substitution, Variable,
};

use crate::diagnostic::{Diagnostic, Position};
use crate::model::ServiceName;

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Services by name.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    entries: BTreeMap<ServiceName, Entry>,
    /// Services whose file could not be read; a mention of them is no second problem.
    broken: BTreeSet<String>,
}

impl Catalogue {
    /// The services inside this executable.
    pub fn embedded() -> (Self, Vec<Diagnostic>) {
        let mut catalogue = Self::default();
        let mut problems = Vec::new();
        for (stem, text) in EMBEDDED {
            catalogue.add(
                &format!("services/{stem}.yaml"),
                stem,
                text.as_bytes(),
                &mut problems,
            );
        }
        (catalogue, problems)
    }

    /// Adds the service that a file describes, or replaces the one of that name; `stem` is the file's name without ending.
    pub fn add(&mut self, file: &str, stem: &str, bytes: &[u8], problems: &mut Vec<Diagnostic>) {
        match reader::read(file, stem, bytes) {
            Ok(entry) => {
                self.entries.insert(entry.name.clone(), entry);
            }
            Err(found) => {
                self.broken.insert(stem.to_owned());
                problems.extend(found);
            }
        }
    }

    /// Adds every `*.yaml` and `*.yml` of a folder. I/O.
    pub(super) fn add_folder(
        &mut self,
        folder: &Path,
        shown: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> std::io::Result<()> {
        let mut files = Vec::new();
        for file in std::fs::read_dir(folder)? {
            let path = file?.path();
            if path
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml")
            {
                files.push(path);
            }
        }
        files.sort();
        let mut seen = BTreeSet::new();
        for path in files {
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let file = format!("{}/{name}", shown.trim_end_matches('/'));
            if !seen.insert(stem.clone()) {
                let message = format!("`{stem}` is described by two files");
                problems.push(Diagnostic::error(message).at(file, Position::default()));
                continue;
            }
            match std::fs::read(&path) {
                Ok(bytes) => self.add(&file, &stem, &bytes, problems),
                Err(error) => {
                    let problem = Diagnostic::error(format!("failed to read the file: {error}"));
                    problems.push(problem.at(file, Position::default()));
                    self.broken.insert(stem);
                }
            }
        }
        Ok(())
    }

    /// A service.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(&name.parse::<ServiceName>().ok()?)
    }

    /// Every service, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.entries.values()
    }

    /// Every profile with its members, both sorted.
    pub fn profiles(&self) -> BTreeMap<&str, BTreeSet<&ServiceName>> {
        let mut profiles: BTreeMap<&str, BTreeSet<&ServiceName>> = BTreeMap::new();
        for entry in self.entries() {
            for profile in &entry.profiles {
                profiles.entry(profile).or_default().insert(&entry.name);
            }
        }
        profiles
    }

    /// Whether a service of that name was there but could not be read.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }
}
