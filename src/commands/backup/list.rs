//! `atlas backup list`: one line for each backup, newest last, with what is proven of it.

use atlas_backup::manifest::{Consistency, Manifest, Verified};
use atlas_backup::repository::{Entry, Listed};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::place::Place;
use super::summary::is_collection;
use crate::app::App;
use crate::cli::backup::At;
use crate::error::Error;
use crate::exit::Exit;
use crate::report::{Style, bytes, count};

pub(super) async fn list(app: &App, at: &At) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let repository = place.open(at).await?;
    let listed = repository.list().await?;
    let now = Timestamp::now();
    let location = repository.location().to_string();
    if app.global.json {
        let backups: Vec<Value> = listed.iter().map(|one| object(one, now)).collect();
        let object = json!({
            "schema": "atlas/v1", "kind": "backups", "location": location, "backups": backups,
        });
        app.out(&object.to_string());
    } else if listed.is_empty() {
        app.say(&format!(
            "there are no backups in {location}; `atlas backup` makes one"
        ));
    } else {
        app.out(&table(app.style, app.width(), &listed, now));
    }
    Ok(Exit::Ok)
}

/// Documents of the MongoDB part, or entries of the embedded store.
fn documents(manifest: &Manifest) -> Option<u64> {
    let mongodb = manifest.mongodb.as_ref();
    let mongodb = mongodb.map(|part| {
        let collections = part.namespaces.iter().filter(|ns| is_collection(ns));
        collections.map(|ns| ns.documents).sum()
    });
    let embedded = manifest.embedded.as_ref();
    mongodb.or_else(|| embedded.map(|part| part.tables.values().sum()))
}

/// In one or two words.
pub(super) fn consistency(manifest: &Manifest) -> &'static str {
    let Some(part) = &manifest.mongodb else {
        return "one moment";
    };
    match part.consistency {
        Consistency::PerDocument => "per document",
        Consistency::Snapshot { .. } => "snapshot",
        Consistency::Oplog { .. } => "with oplog",
    }
}

/// `full, 5 minutes ago`, `never`, `FAILED, 2 hours ago`.
pub(super) fn proven(verified: &Verified, now: Timestamp) -> String {
    match verified.verdict() {
        None => "never".to_owned(),
        Some((level, verdict)) if verdict.passed => {
            format!("{level}, {}", age::ago(verdict.at, now))
        }
        Some((_, verdict)) => format!("FAILED, {}", age::ago(verdict.at, now)),
    }
}

fn row(entry: &Entry, now: Timestamp) -> Vec<String> {
    let manifest = &entry.manifest;
    let mut tags = manifest.tags.clone();
    if entry.pinned {
        tags.insert(0, "(pinned)".to_owned());
    }
    if !manifest.missing.is_empty() {
        let parts: Vec<&str> = manifest.missing.keys().map(String::as_str).collect();
        tags.insert(0, format!("(incomplete: no {})", parts.join(", ")));
    }
    vec![
        manifest.id.clone(),
        age::ago(manifest.started, now),
        bytes(entry.size),
        documents(manifest).map_or_else(|| "-".to_owned(), count),
        consistency(manifest).to_owned(),
        proven(&entry.verified, now),
        tags.join(" "),
    ]
}

const HEAD: [&str; 7] = [
    "ID",
    "MADE",
    "SIZE",
    "DOCUMENTS",
    "CONSISTENCY",
    "VERIFIED",
    "TAGS",
];

fn table(style: Style, width: usize, listed: &[Listed], now: Timestamp) -> String {
    let mut rows: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).into()];
    rows.extend(listed.iter().map(|one| match one {
        Listed::Whole(entry) => row(entry, now),
        Listed::Broken { id, reason } => {
            let mut cells = vec![id.clone(), "-".into(), "-".into(), "-".into(), "-".into()];
            cells.extend(["BROKEN".to_owned(), format!("({reason})")]);
            cells
        }
    }));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        })
        .collect();
    let shown = columns(&widths, width);
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for column in &shown {
            let (cell, width) = (&row[*column], widths[*column]);
            let cell = match column {
                2 | 3 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            };
            line += &match (index, *column) {
                (0, _) => style.faint(&cell),
                (_, 5) if cell.starts_with(['F', 'B']) => style.bad(&cell),
                (_, 5) if cell.starts_with('n') => style.warn(&cell),
                (_, 5) => style.good(&cell),
                _ => cell,
            };
            line += "  ";
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// As many columns as fit; dropped in the order consistency, documents, tags, size.
fn columns(widths: &[usize], width: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..widths.len()).collect();
    for least in [4, 3, 6, 2] {
        let needed: usize = shown.iter().map(|column| widths[*column] + 2).sum();
        if needed.saturating_sub(2) <= width {
            break;
        }
        shown.retain(|column| *column != least);
    }
    shown
}

fn object(one: &Listed, now: Timestamp) -> Value {
    match one {
        Listed::Broken { id, reason } => json!({"id": id, "broken": reason, "complete": false}),
        Listed::Whole(entry) => {
            let manifest = &entry.manifest;
            json!({
                "id": manifest.id,
                "project": manifest.project,
                "started": manifest.started,
                "finished": manifest.finished,
                "age_seconds": now.duration_since(manifest.started).as_secs(),
                "size": entry.size,
                "documents": documents(manifest),
                "consistency": manifest.mongodb.as_ref().map(|part| &part.consistency),
                "complete": manifest.missing.is_empty(),
                "missing": manifest.missing,
                "verified": entry.verified,
                "proven": entry.verified.verdict().map(|(level, verdict)| json!({
                    "level": level, "passed": verdict.passed, "at": verdict.at,
                })),
                "pinned": entry.pinned,
                "tags": manifest.tags,
            })
        }
    }
}
