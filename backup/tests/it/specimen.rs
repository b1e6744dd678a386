//! Small backups that say what they are.

use std::collections::BTreeMap;
use std::path::Path;

use atlas_backup::Error;
use atlas_backup::manifest::{Consistency, File, Manifest, MongoPart, SCHEMA};
use atlas_backup::repository::{Credentials, Draft, Location, Repository};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A second of 23 November 2026.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_392_000 + second).unwrap()
}

pub(crate) fn id(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

pub(crate) async fn try_open(root: &Path) -> Result<Repository, Error> {
    let location = Location::parse(root.to_str().unwrap(), &Credentials::default())?;
    Repository::open(&location).await
}

pub(crate) async fn open(root: &Path) -> Repository {
    try_open(root).await.unwrap()
}

/// A manifest of one file.
pub(crate) fn manifest(at: Timestamp, content: &[u8]) -> Manifest {
    let hash = Sha256::digest(content);
    Manifest {
        schema: SCHEMA.to_owned(),
        id: id(at),
        project: "shop".to_owned(),
        started: at,
        finished: at,
        atlas: "0.1.0".to_owned(),
        tags: Vec::new(),
        mongodb: Some(MongoPart {
            file: File {
                name: "mongodb.archive".to_owned(),
                size: content.len() as u64,
                sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
                raw_size: content.len() as u64,
                compression: "none".to_owned(),
                encryption: None,
            },
            engine: "native".to_owned(),
            server_version: "7.0.14".to_owned(),
            feature_version: None,
            topology: "standalone".to_owned(),
            consistency: Consistency::PerDocument,
            databases: Vec::new(),
            users_and_roles: false,
            namespaces: Vec::new(),
            skipped: BTreeMap::new(),
        }),
        redis: None,
        embedded: None,
        missing: BTreeMap::new(),
    }
}

/// A draft with one file, written on a thread as a dump does.
pub(crate) async fn draft(
    repository: &Repository,
    at: Timestamp,
    content: &[u8],
) -> (Draft, Manifest) {
    let manifest = manifest(at, content);
    let mut draft = repository.begin(&manifest.id).await.unwrap();
    let mut writer = draft.file("mongodb.archive").unwrap();
    let content = content.to_vec();
    let write = move || writer.write_all(&content).and_then(|()| writer.flush());
    tokio::task::spawn_blocking(write).await.unwrap().unwrap();
    (draft, manifest)
}

/// Makes a backup, and tells its id.
pub(crate) async fn backup(repository: &Repository, at: Timestamp, content: &[u8]) -> String {
    let (draft, manifest) = self::draft(repository, at, content).await;
    draft.publish(&manifest).await.unwrap();
    manifest.id
}

/// What lies in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
