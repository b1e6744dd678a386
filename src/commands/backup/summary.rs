//! What is said of a backup that was just made, and how it is restored, with and without atlas.

use atlas_backup::manifest::{Consistency, File, Manifest, Namespace};
use atlas_backup::repository::Location;
use atlas_backup::verify::files;

use crate::report::{Style, bytes, several};

/// Commands that restore it: ours, then that of the stock tools where the file is at hand.
pub(super) fn ways(location: &Location, manifest: &Manifest) -> Vec<String> {
    let mut ways = vec![format!("atlas backup restore {}", manifest.id)];
    if let (Location::Folder(folder), Some(part)) = (location, &manifest.mongodb) {
        let path = folder.join(&manifest.id).join(&part.file.name);
        ways.push(stock(&part.file, &path.display().to_string()));
    }
    ways
}

/// The stock tools' command.
fn stock(file: &File, path: &str) -> String {
    let path = quoted(path);
    let open = match file.encryption.as_deref() {
        Some("passphrase") => Some(format!("age -d {path}")),
        Some(_) => Some(format!("age -d -i .atlas/backup.key {path}")),
        None => None,
    };
    match (open, file.compression.as_str()) {
        (None, "gzip") => format!("mongorestore --gzip --archive={path}"),
        (None, "zstd") => format!("zstd -dc {path} | mongorestore --archive"),
        (None, _) => format!("mongorestore --archive={path}"),
        (Some(open), "gzip") => format!("{open} | mongorestore --gzip --archive"),
        (Some(open), "zstd") => format!("{open} | zstd -dc | mongorestore --archive"),
        (Some(open), _) => format!("{open} | mongorestore --archive"),
    }
}

fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    match path.chars().all(plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Whether it is a collection of somebody's; the others hold users, roles or the oplog.
pub(super) fn is_collection(of: &Namespace) -> bool {
    let system = of.collection.starts_with("$admin.")
        || (of.db == "admin" && of.collection.starts_with("system."));
    !of.db.is_empty() && !system
}

/// What it holds: `1,234 documents in 12 collections, users and roles; 17 keys of Redis`.
pub(super) fn holds(manifest: &Manifest) -> String {
    let mut parts = Vec::new();
    if let Some(part) = &manifest.mongodb {
        let collections = part.namespaces.iter().filter(|ns| is_collection(ns));
        let documents: u64 = collections.clone().map(|ns| ns.documents).sum();
        let users = match part.users_and_roles {
            true => ", users and roles",
            false => "",
        };
        parts.push(format!(
            "{} in {}{users}",
            several(documents, "document"),
            several(collections.count() as u64, "collection")
        ));
    }
    if let Some(part) = &manifest.redis {
        parts.push(format!("{} of Redis", several(part.keys, "key")));
    }
    if let Some(part) = &manifest.embedded {
        let entries: u64 = part.tables.values().sum();
        parts.push(format!("{entries} entries of the embedded store"));
    }
    parts.join("; ")
}

fn consistency(manifest: &Manifest) -> &'static str {
    match manifest.mongodb.as_ref().map(|part| &part.consistency) {
        None => "all is of one moment",
        Some(Consistency::PerDocument) => {
            "each document is whole; documents are of different moments"
        }
        Some(Consistency::Snapshot { .. }) => "all documents are of one moment",
        Some(Consistency::Oplog { .. }) => "with its oplog replayed, all is of one moment",
    }
}

/// The whole of it.
pub(super) fn text(
    style: Style,
    location: &Location,
    manifest: &Manifest,
    proven: &str,
    ways: &[String],
) -> String {
    let size: u64 = files(manifest).map(|file| file.size).sum();
    let raw: u64 = files(manifest).map(|file| file.raw_size).sum();
    let mut lines = vec![
        ("place", location.to_string()),
        (
            "size",
            format!("{}, {} before compression", bytes(size), bytes(raw)),
        ),
        ("holds", holds(manifest)),
        ("consistency", consistency(manifest).to_owned()),
        ("verified", proven.to_owned()),
    ];
    let sealed = files(manifest).find_map(|file| file.encryption.as_deref());
    if let Some(kind) = sealed {
        lines.push(("encrypted", format!("by age ({kind})")));
    }
    for (part, reason) in &manifest.missing {
        lines.push(("missing", style.bad(&format!("{part}: {reason}"))));
    }
    for (index, way) in ways.iter().enumerate() {
        let name = if index == 0 { "restore" } else { "or" };
        lines.push((name, way.clone()));
    }
    let mut text = format!("backup {}\n", style.strong(&manifest.id));
    for (name, words) in lines {
        text += &format!("  {}{words}\n", style.faint(&format!("{name:<13}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_its_stock_command() {
        let command = |compression: &str, encryption: Option<&str>| {
            let file = File {
                name: "mongodb.archive".into(),
                size: 0,
                sha256: String::new(),
                raw_size: 0,
                compression: compression.into(),
                encryption: encryption.map(str::to_owned),
            };
            stock(&file, "/b/it's")
        };
        let path = r"'/b/it'\''s'";
        for (compression, encryption, expected) in [
            (
                "gzip",
                None,
                format!("mongorestore --gzip --archive={path}"),
            ),
            ("none", None, format!("mongorestore --archive={path}")),
            (
                "zstd",
                None,
                format!("zstd -dc {path} | mongorestore --archive"),
            ),
            (
                "gzip",
                Some("recipients"),
                format!("age -d -i .atlas/backup.key {path} | mongorestore --gzip --archive"),
            ),
            (
                "zstd",
                Some("passphrase"),
                format!("age -d {path} | zstd -dc | mongorestore --archive"),
            ),
        ] {
            assert_eq!(command(compression, encryption), expected);
        }
    }
}
