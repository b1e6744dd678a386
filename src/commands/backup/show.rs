//! `atlas backup show`: everything that a backup says of itself, for people.

use std::fmt::Write as _;

use atlas_backup::manifest::{Consistency, File, Manifest, MongoPart, Verdict};
use atlas_backup::repository::Entry;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::age;
use super::place::Place;
use crate::app::App;
use crate::cli::backup::One;
use crate::error::Error;
use crate::exit::Exit;
use crate::report::{Style, bytes, count};

pub(super) async fn show(app: &App, args: &One) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let repository = place.open(&args.at).await?;
    let entry = place.find(&repository, &args.id).await?;
    let location = repository.location().to_string();
    match app.global.json {
        true => {
            let object = json!({
                "schema": "atlas/v1", "kind": "backup", "location": location, "size": entry.size,
                "pinned": entry.pinned, "manifest": entry.manifest, "verified": entry.verified,
            });
            app.out(&object.to_string());
        }
        false => app.out(&text(app.style, &entry, &location, Timestamp::now())),
    }
    Ok(Exit::Ok)
}

/// Lines of a name and what is said of it.
struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn line(&mut self, name: &str, words: impl AsRef<str>) {
        let name = self.style.faint(&format!("{name:<13}"));
        // Writing into a text cannot fail.
        let _ = writeln!(self.text, "{name}{}", words.as_ref());
    }

    fn heading(&mut self, name: &str) {
        let _ = writeln!(self.text, "\n{}", self.style.strong(name));
    }

    fn file(&mut self, file: &File) {
        let closed = match file.encryption.as_deref() {
            Some(kind) => format!(", encrypted by age ({kind})"),
            None => String::new(),
        };
        let (size, raw) = (bytes(file.size), bytes(file.raw_size));
        let how = match file.compression.as_str() {
            "none" => size,
            compression => format!("{size}, {raw} before {compression}"),
        };
        self.line("file", format!("{}, {how}{closed}", file.name));
        self.line("sha256", &file.sha256);
    }
}

fn text(style: Style, entry: &Entry, location: &str, now: Timestamp) -> String {
    let manifest = &entry.manifest;
    let mut page = Page {
        text: String::new(),
        style,
    };
    page.line("backup", style.strong(&manifest.id));
    page.line("project", &manifest.project);
    page.line("place", location);
    let local = manifest.started.to_zoned(TimeZone::system());
    let took = manifest.finished.duration_since(manifest.started);
    page.line(
        "made",
        format!(
            "{} ({}), took {} seconds, by atlas {}",
            local.strftime("%Y-%m-%d %H:%M:%S %Z"),
            age::ago(manifest.started, now),
            took.as_secs(),
            manifest.atlas
        ),
    );
    page.line("size", bytes(entry.size));
    if !manifest.tags.is_empty() {
        page.line("tags", manifest.tags.join(", "));
    }
    if entry.pinned {
        page.line("pinned", "yes: `atlas backup prune` never removes it");
    }
    for (part, reason) in &manifest.missing {
        page.line("missing", style.bad(&format!("{part}: {reason}")));
    }
    proofs(&mut page, entry, now);
    parts(&mut page, manifest);
    page.text
}

fn proofs(page: &mut Page, entry: &Entry, now: Timestamp) {
    let verified = &entry.verified;
    let levels = [
        ("sizes and hashes", &verified.quick),
        ("every byte decoded", &verified.full),
        ("restored and compared", &verified.restored),
    ];
    let mut never = true;
    for (what, verdict) in levels {
        if let Some(verdict) = verdict {
            never = false;
            proof(page, what, verdict, now);
        }
    }
    if never {
        let words = page.style.warn("never; `atlas backup verify` does it");
        page.line("verified", words);
    }
}

fn proof(page: &mut Page, what: &str, verdict: &Verdict, now: Timestamp) {
    let when = age::ago(verdict.at, now);
    let words = match verdict.passed {
        true => page.style.good(&format!("{what}, {when}")),
        false => page.style.bad(&format!("FAILED: {what}, {when}")),
    };
    page.line("verified", words);
    for line in &verdict.evidence {
        page.line("", line);
    }
}

fn parts(page: &mut Page, manifest: &Manifest) {
    if let Some(part) = &manifest.mongodb {
        mongodb(page, part);
    }
    if let Some(part) = &manifest.redis {
        page.heading("Redis");
        page.file(&part.file);
        page.line(
            "server",
            format!("{}, RDB version {}", part.server_version, part.rdb_version),
        );
        page.line(
            "keys",
            format!(
                "{}, {} of them expire",
                count(part.keys),
                count(part.expiring)
            ),
        );
    }
    if let Some(part) = &manifest.embedded {
        page.heading("Embedded store");
        page.file(&part.file);
        page.line("service", &part.service);
        for (table, entries) in &part.tables {
            page.line("", format!("{table}: {} entries", count(*entries)));
        }
    }
}

fn mongodb(page: &mut Page, part: &MongoPart) {
    page.heading("MongoDB");
    page.file(&part.file);
    let feature = part.feature_version.as_ref();
    let feature = feature.map_or(String::new(), |version| {
        format!(", feature compatibility {version}")
    });
    page.line(
        "server",
        format!("{} ({}){feature}", part.server_version, part.topology),
    );
    page.line("engine", &part.engine);
    let consistency = match &part.consistency {
        Consistency::PerDocument => {
            "each document is whole; documents are of different moments".to_owned()
        }
        Consistency::Snapshot { seconds, increment } => {
            format!(
                "all documents are of one cluster time: {}",
                time(*seconds, *increment)
            )
        }
        Consistency::Oplog { seconds, increment } => {
            format!(
                "with its oplog replayed, all is of {}",
                time(*seconds, *increment)
            )
        }
    };
    page.line("consistency", consistency);
    if !part.databases.is_empty() {
        let chosen = part.databases.join(", ");
        page.line("databases", format!("{chosen} alone, by choice"));
    }
    page.line(
        "users",
        match part.users_and_roles {
            true => "users and roles are in it",
            false => "users and roles are not in it",
        },
    );
    for (namespace, reason) in &part.skipped {
        page.line("skipped", format!("{namespace}: {reason}"));
    }
    let names: Vec<String> = part
        .namespaces
        .iter()
        .map(|ns| match ns.db.is_empty() {
            true => ns.collection.clone(),
            false => format!("{}.{}", ns.db, ns.collection),
        })
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    for (name, ns) in names.iter().zip(&part.namespaces) {
        let kind = match ns.kind.as_str() {
            "" | "collection" => String::new(),
            kind => format!("  {kind}"),
        };
        let words = format!(
            "{name:<width$}  {:>11} documents  {:>10}  {:>2} indexes{kind}",
            count(ns.documents),
            bytes(ns.bytes),
            ns.indexes
        );
        page.line("", words);
    }
}

fn time(seconds: u32, increment: u32) -> String {
    let time = Timestamp::from_second(i64::from(seconds)).unwrap_or_default();
    format!("{time} ({seconds}:{increment})")
}
