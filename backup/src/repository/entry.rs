//! What lies in a repository, judged by what is in a backup's folder. Owns no reading: it is handed names, sizes and texts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{MANIFEST, PINNED, name};
use crate::manifest::{File, Manifest, SAFETY, SCHEMA, Verified};
use crate::{Error, Kind};

/// A backup all of whose files are there in their sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What was proven of it; nothing if that record cannot be read.
    pub verified: Verified,
    /// Bytes of its files.
    pub size: u64,
    /// Whether rules leave it alone.
    pub pinned: bool,
}

impl Entry {
    /// Whether it is a complete one of a project. What a restore saved of what it overwrote does not count, nor do chosen
    /// databases.
    pub fn is_complete_of(&self, project: &str) -> bool {
        let manifest = &self.manifest;
        manifest.project == project
            && !manifest.tags.iter().any(|tag| tag == SAFETY)
            && manifest.missing.is_empty()
            && manifest
                .mongodb
                .as_ref()
                .is_none_or(|part| part.databases.is_empty())
    }

    /// Whether every byte of it was decoded since it was made, and all agreed.
    pub fn is_proven(&self) -> bool {
        let proven = self.verified.verdict();
        proven.is_some_and(|(level, verdict)| verdict.passed && level != "quick")
    }

    /// The files that its manifest names.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        files(&self.manifest)
    }
}

/// A backup, or what is left of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed {
    /// It is whole, as far as names and sizes tell.
    Whole(Box<Entry>),
    /// It has a manifest, and cannot be used.
    Broken {
        /// The name of its folder.
        id: String,
        /// Why: `mongodb.archive.gz is missing`.
        reason: String,
    },
}

impl Listed {
    /// The name of its folder.
    pub fn id(&self) -> &str {
        match self {
            Self::Whole(entry) => &entry.manifest.id,
            Self::Broken { id, .. } => id,
        }
    }

    /// What is whole.
    pub fn whole(&self) -> Option<&Entry> {
        match self {
            Self::Whole(entry) => Some(entry),
            Self::Broken { .. } => None,
        }
    }

    /// Broken ones first, as they have no time that could be trusted; then by time.
    pub(super) fn order(&self) -> (Option<Timestamp>, &str) {
        (self.whole().map(|entry| entry.manifest.started), self.id())
    }
}

/// What lies in the folder of a backup.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    /// Sizes of the files by name.
    pub(super) sizes: BTreeMap<String, u64>,
    /// The manifest's text, or why it cannot be read; `None` if there is no such file.
    pub(super) manifest: Option<Result<Vec<u8>, String>>,
    /// The text of `verified.json`, if it is there and readable.
    pub(super) verified: Option<Vec<u8>>,
}

impl Contents {
    /// What was proven; nothing if that cannot be read, as then nothing is proven.
    pub(super) fn verified(&self) -> Verified {
        self.verified
            .as_deref()
            .and_then(|text| serde_json::from_slice(text).ok())
            .unwrap_or_default()
    }
}

/// Tells what a folder is; `None` if it is no backup at all.
pub(super) fn judge(id: String, contents: Contents) -> Option<Listed> {
    let text = contents.manifest.as_ref()?;
    Some(
        match text
            .clone()
            .and_then(|text| whole(&id, &text, &contents.sizes))
        {
            Err(reason) => Listed::Broken { id, reason },
            Ok(manifest) => Listed::Whole(Box::new(Entry {
                verified: contents.verified(),
                size: files(&manifest).map(|file| file.size).sum(),
                pinned: contents.sizes.contains_key(PINNED),
                manifest,
            })),
        },
    )
}

fn whole(id: &str, text: &[u8], sizes: &BTreeMap<String, u64>) -> Result<Manifest, String> {
    let manifest = parse(text)?;
    differences(id, &manifest, sizes)?;
    Ok(manifest)
}

/// That a draft is what its manifest says, and holds nothing else.
pub(super) fn agree(
    id: &str,
    manifest: &Manifest,
    sizes: &BTreeMap<String, u64>,
) -> Result<(), Error> {
    let stray = sizes
        .keys()
        .find(|name| files(manifest).all(|file| file.name != **name));
    differences(id, manifest, sizes)
        .and_then(|()| match stray {
            None => Ok(()),
            Some(name) => Err(format!("its manifest does not name {name}")),
        })
        .map_err(|cause| Error::new(Kind::Damaged, "publish", id, cause))
}

fn differences(id: &str, manifest: &Manifest, sizes: &BTreeMap<String, u64>) -> Result<(), String> {
    if manifest.id != id {
        return Err(format!("its manifest is that of {}", manifest.id));
    }
    files(manifest).try_for_each(|file| agrees(file, sizes))
}

/// The files that a manifest names.
pub(super) fn files(manifest: &Manifest) -> impl Iterator<Item = &File> {
    let mongodb = manifest.mongodb.iter().map(|part| &part.file);
    let redis = manifest.redis.iter().map(|part| &part.file);
    let embedded = manifest.embedded.iter().map(|part| &part.file);
    mongodb.chain(redis).chain(embedded)
}

/// The manifest of a text, if it is of the form that this version knows.
fn parse(text: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Form {
        schema: String,
    }
    let unreadable = |error: serde_json::Error| format!("{MANIFEST} cannot be read: {error}");
    let form: Form = serde_json::from_slice(text).map_err(unreadable)?;
    if form.schema != SCHEMA {
        return Err(format!(
            "it is of the form {}, which this version of atlas does not know",
            form.schema
        ));
    }
    serde_json::from_slice(text).map_err(unreadable)
}

/// That a file of a manifest is there in its size.
fn agrees(file: &File, sizes: &BTreeMap<String, u64>) -> Result<(), String> {
    let File { name, size, .. } = file;
    if name::check_file(name).is_err() {
        return Err(format!("its manifest names a file {name:?}"));
    }
    match sizes.get(name) {
        None => Err(format!("{name} is missing")),
        Some(there) if there != size => Err(format!("{name} has {there} bytes instead of {size}")),
        Some(_) => Ok(()),
    }
}

/// The one that is meant by an id, the beginning of one, or `latest`.
pub(super) fn choose(listed: Vec<Listed>, id: &str, place: &str) -> Result<Entry, Error> {
    let chosen = if id == "latest" {
        listed.into_iter().rfind(|one| {
            one.whole()
                .is_some_and(|entry| entry.manifest.missing.is_empty())
        })
    } else {
        let exact = listed.iter().any(|one| one.id() == id);
        let mut meant: Vec<Listed> = listed
            .into_iter()
            .filter(|one| one.id() == id || (!exact && !id.is_empty() && one.id().starts_with(id)))
            .collect();
        if meant.len() > 1 {
            let ids: Vec<&str> = meant.iter().map(Listed::id).collect();
            let cause = format!("several backups begin so: {}", ids.join(", "));
            return Err(Error::new(Kind::Usage, "find", id, cause));
        }
        meant.pop()
    };
    match chosen {
        Some(Listed::Whole(entry)) => Ok(*entry),
        Some(Listed::Broken { id, reason }) => Err(Error::damaged(id, reason)),
        None => Err(not_found(id, place)),
    }
}

/// That there is no such backup.
pub(super) fn not_found(id: &str, place: &str) -> Error {
    let cause = if id == "latest" {
        format!("there is no complete backup in {place}")
    } else {
        format!("there is no such backup in {place}")
    };
    Error::new(Kind::NotFound, "find", id, cause)
}
