//! Bookmarks of browsers. Runs in the child. Only addresses that can be opened are taken: no scripts, no inner pages of the browser.
//!
//! Chrome: `Bookmarks`, JSON: <https://source.chromium.org/chromium/chromium/src/+/main:components/bookmarks/browser/bookmark_codec.cc>
//! Firefox: `places.sqlite`: <https://firefox-source-docs.mozilla.org/browser/places/architecture-overview.html>

use std::collections::HashMap;
use std::fs::File;
use std::io::{Cursor, Read};

use rusqlite::Connection;
use serde::Deserialize;

use super::{ANSWER_MAX, Document, Unread, text};

/// Longest address, in bytes: what is longer holds a page, not a place.
const URL_MAX: usize = 2048;
/// Folders in folders beyond this are a mistake or an attack.
const DEPTH_MAX: usize = 64;

/// Bookmarks as they are gathered; the sum stays below what may be answered.
#[derive(Default)]
struct Gathered {
    documents: Vec<Document>,
    bytes: usize,
}

impl Gathered {
    fn add(&mut self, key: &str, title: &str, url: &str, folders: &str) {
        let opens = ["http://", "https://", "ftp://"].iter().any(|scheme| {
            url.get(..scheme.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        });
        if !opens || url.len() > URL_MAX || url.contains(char::is_control) || key.len() > 64 {
            return;
        }
        let words = text::tidy(&format!("{folders} {url}"));
        let title = text::title(title).or_else(|| Some(url.to_owned()));
        // Quotes and backslashes double in JSON.
        self.bytes += 2 * (words.len() + url.len() + title.as_ref().map_or(0, String::len)) + 128;
        if self.bytes < ANSWER_MAX {
            self.documents.push(Document {
                key: key.to_owned(),
                title,
                url: Some(url.to_owned()),
                text: words,
            });
        }
    }

    fn finish(self) -> Result<Vec<Document>, Unread> {
        if self.documents.is_empty() {
            Err(Unread::Empty)
        } else {
            Ok(self.documents)
        }
    }
}

#[derive(Deserialize)]
struct Chrome {
    roots: HashMap<String, serde_json::Value>,
}

pub(super) fn chrome(mut file: File) -> Result<Vec<Document>, Unread> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|_| Unread::Forbidden)?;
    let bookmarks: Chrome = serde_json::from_slice(&bytes).map_err(|_| Unread::Damaged)?;
    let mut gathered = Gathered::default();
    let mut roots: Vec<_> = bookmarks.roots.into_iter().collect();
    roots.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, root) in &roots {
        chrome_node(root, "", 0, &mut gathered);
    }
    gathered.finish()
}

fn chrome_node(node: &serde_json::Value, folders: &str, depth: usize, gathered: &mut Gathered) {
    let field = |name: &str| {
        node.get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    if field("type") == "url" {
        gathered.add(field("guid"), field("name"), field("url"), folders);
    }
    if depth < DEPTH_MAX {
        let inside = if folders.is_empty() {
            field("name").to_owned()
        } else {
            format!("{folders} / {}", field("name"))
        };
        for child in node
            .get("children")
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
        {
            chrome_node(child, &inside, depth + 1, gathered);
        }
    }
}

/// Firefox may be writing: the file is copied through our own descriptor and read from memory, so nothing is locked, no path is
/// opened a second time, and a copy torn by a write is at worst `Damaged` until the next look.
pub(super) fn firefox(mut file: File) -> Result<Vec<Document>, Unread> {
    let size = file.metadata().map_err(|_| Unread::Forbidden)?.len() as usize;
    let mut header = [0; 100];
    file.read_exact(&mut header).map_err(|_| Unread::Damaged)?;
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(Unread::Damaged);
    }
    // The header says "write-ahead log" (2), which memory cannot have; 1 is the old way.
    // <https://sqlite.org/fileformat.html#file_format_version_numbers>
    header[18..20].fill(1);
    let whole = Cursor::new(header).chain(file);
    let gathered = firefox_rows(whole, size).map_err(|_| Unread::Damaged)?;
    gathered.finish()
}

fn firefox_rows(whole: impl Read, size: usize) -> rusqlite::Result<Gathered> {
    let mut places = Connection::open_in_memory()?;
    places.deserialize_read_exact("main", whole, size, true)?;
    // A schema can hold code that runs when it is read.
    places.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    places.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        false,
    )?;
    let mut folders: HashMap<i64, (i64, String)> = HashMap::new();
    let mut rows = places.prepare(
        "SELECT id, coalesce(parent, 0), coalesce(title, '') FROM moz_bookmarks WHERE type = 2",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        folders.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
    }
    let mut gathered = Gathered::default();
    let mut rows = places.prepare(
        "SELECT coalesce(b.guid, b.id), coalesce(b.title, p.title, ''), p.url, coalesce(b.parent, 0) \
         FROM moz_bookmarks b JOIN moz_places p ON p.id = b.fk WHERE b.type = 1 ORDER BY b.id",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let key: String = row
            .get_ref(0)?
            .as_str()
            .map(str::to_owned)
            .or_else(|_| row.get::<_, i64>(0).map(|id| id.to_string()))?;
        let (title, url): (String, String) = (row.get(1)?, row.get(2)?);
        gathered.add(&key, &title, &url, &way(&folders, row.get(3)?));
    }
    Ok(gathered)
}

/// The names of the folders a bookmark lies in, outermost first.
fn way(folders: &HashMap<i64, (i64, String)>, mut at: i64) -> String {
    let mut names = Vec::new();
    while let Some((parent, name)) = folders.get(&at).filter(|_| names.len() < DEPTH_MAX) {
        if !name.is_empty() {
            names.push(name.as_str());
        }
        if *parent == at {
            break;
        }
        at = *parent;
    }
    names.reverse();
    names.join(" / ")
}
