//! The full-text index: one SQLite file with an FTS5 table, written by one thread, read by many. Losing it loses nothing but time:
//! what is damaged, of another version or of other settings is made anew.
//!
//! The words lie in a table without contents; the text for snippets lies beside it, compressed.

mod file;
mod reader;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::extract::Document;
use super::folder::Stamp;
use super::words::spaced;
use file::{FILE, connect, failure, unusable};
pub(super) use file::{IndexError, remove};
pub(super) use reader::{Filters, Found, Readers};

/// Raised with every change of the tables or of what is put into them.
const VERSION: i64 = 1;
/// Marks the file as ours ("Atlp").
const APPLICATION: i64 = 0x4174_6c70;
/// Work is made lasting after so many changes or so long, whichever is first.
const BATCH: usize = 256;
const BATCH_TIME: Duration = Duration::from_secs(1);

const TABLES: &str = "
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE files (
        id INTEGER PRIMARY KEY, folder TEXT NOT NULL, path BLOB NOT NULL,
        size INTEGER NOT NULL, modified INTEGER NOT NULL, changed INTEGER NOT NULL, inode INTEGER NOT NULL,
        outcome TEXT NOT NULL, UNIQUE (folder, path));
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY, file INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,
        title TEXT NOT NULL, url TEXT, text BLOB NOT NULL);
    CREATE INDEX documents_of_files ON documents (file);
    CREATE VIRTUAL TABLE words USING fts5 (
        title, path, text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
";

/// What is known of a file.
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) stamp: Stamp,
    /// `read`, or why not.
    pub(super) outcome: String,
}

/// A file as it shall be known.
pub(super) struct Entry<'a> {
    pub(super) folder: &'a str,
    /// Relative to the folder, as the file system has it.
    pub(super) path: &'a [u8],
    pub(super) stamp: Stamp,
    pub(super) outcome: &'a str,
    /// What results call its type.
    pub(super) kind: &'a str,
    /// Title of documents without one.
    pub(super) title: &'a str,
    pub(super) documents: &'a [Document],
}

/// The one writer.
pub(super) struct Index {
    connection: Connection,
    folder: PathBuf,
    documents: i64,
    /// Looks and changes since the last commit, and when the first of them was.
    pending: Option<(usize, Instant)>,
}

impl Index {
    /// Opens the index in `folder`, or begins a new one if there is none that `settings` made; says which.
    pub(super) fn open(folder: &Path, settings: &str) -> Result<(Self, bool), IndexError> {
        let unusable = |cause: io::Error| unusable(folder, &cause.to_string());
        fs::create_dir_all(folder).map_err(unusable)?;
        match Self::existing(folder, settings) {
            Ok(Some(index)) => return Ok((index, false)),
            Ok(None) | Err(IndexError::Damaged(_)) => {}
            Err(error) => return Err(error),
        }
        remove(folder).map_err(unusable)?;
        // It holds what the files hold, and they may be nobody else's business.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(folder.join(FILE));
        file.map_err(unusable)?;
        let connection = connect(folder)?;
        let made = connection.execute_batch(&format!(
            "BEGIN; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
        ));
        made.map_err(|error| failure(folder, &error))?;
        let mut index = Self::over(connection, folder)?;
        index.remember("settings", settings)?;
        Ok((index, true))
    }

    fn existing(folder: &Path, settings: &str) -> Result<Option<Self>, IndexError> {
        if !folder.join(FILE).exists() {
            return Ok(None);
        }
        let connection = connect(folder)?;
        let read = |sql: &str| {
            connection
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .map_err(|error| failure(folder, &error))
        };
        if read("PRAGMA application_id")? != APPLICATION || read("PRAGMA user_version")? != VERSION
        {
            return Ok(None);
        }
        let index = Self::over(connection, folder)?;
        Ok((index.fact("settings")?.as_deref() == Some(settings)).then_some(index))
    }

    fn over(connection: Connection, folder: &Path) -> Result<Self, IndexError> {
        let count = connection.query_row("SELECT count(*) FROM documents", [], |row| row.get(0));
        let documents = count.map_err(|error| failure(folder, &error))?;
        Ok(Self {
            connection,
            folder: folder.to_owned(),
            documents,
            pending: None,
        })
    }

    /// Reads everything once and says whether it is whole.
    pub(super) fn verify(&self) -> Result<(), IndexError> {
        // Asks FTS5 too, since SQLite 3.44.
        let found: String = self.asked(self.connection.query_row(
            "PRAGMA quick_check(1)",
            [],
            |row| row.get(0),
        ))?;
        if found == "ok" {
            Ok(())
        } else {
            Err(IndexError::Damaged(found))
        }
    }

    /// How many documents there are.
    pub(super) fn documents(&self) -> i64 {
        self.documents
    }

    /// When the last complete pass ended, if ever.
    pub(super) fn completed(&self) -> Result<Option<Timestamp>, IndexError> {
        Ok(self.fact("completed")?.and_then(|text| text.parse().ok()))
    }

    /// Notes the end of a complete pass.
    pub(super) fn complete(&mut self, now: Timestamp) -> Result<(), IndexError> {
        self.remember("completed", &now.to_string())?;
        self.commit()?;
        self.asked(self.connection.execute_batch("PRAGMA shrink_memory"))
    }

    /// Begins a pass: nothing has been seen yet.
    pub(super) fn begin_pass(&mut self) -> Result<(), IndexError> {
        self.commit()?;
        let begun = self.connection.execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY); DELETE FROM temp.seen;",
        );
        self.asked(begun)
    }

    /// What is known of a file. Counts as having seen it.
    pub(super) fn known(&mut self, folder: &str, path: &[u8]) -> Result<Option<Known>, IndexError> {
        // Looks are batched like changes: a transaction for each would cost more than the look.
        self.change()?;
        let known = self
            .connection
            .prepare_cached(
                "SELECT id, size, modified, changed, inode, outcome FROM files \
                 WHERE folder = ? AND path = ?",
            )
            .and_then(|mut select| {
                let row = select.query_row(params![folder, path], |row| {
                    let stamp = Stamp {
                        size: row.get(1)?,
                        modified: row.get(2)?,
                        changed: row.get(3)?,
                        inode: row.get(4)?,
                    };
                    Ok(Known {
                        id: row.get(0)?,
                        stamp,
                        outcome: row.get(5)?,
                    })
                });
                row.optional()
            });
        let known = self.asked(known)?;
        if let Some(known) = &known {
            self.see(known.id)?;
        }
        Ok(known)
    }

    /// Puts a file in the place of what was known of it.
    pub(super) fn put(&mut self, old: Option<i64>, entry: &Entry<'_>) -> Result<(), IndexError> {
        self.change()?;
        if let Some(old) = old {
            self.remove_file(old)?;
        }
        let stamp = entry.stamp;
        let row = params![
            entry.folder,
            entry.path,
            stamp.size,
            stamp.modified,
            stamp.changed,
            stamp.inode,
            entry.outcome
        ];
        let file = self.insert(
            "INSERT INTO files (folder, path, size, modified, changed, inode, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )?;
        let nothing = [Document::default()];
        // What could not be read is found by its name.
        let documents = if entry.documents.is_empty() {
            &nothing
        } else {
            entry.documents
        };
        let path = String::from_utf8_lossy(entry.path);
        for document in documents {
            let title = document.title.as_deref().unwrap_or(entry.title);
            let text = deflated(&document.text);
            let row = params![file, document.key, entry.kind, title, document.url, text];
            let id = self.insert("INSERT INTO documents (file, key, kind, title, url, text) VALUES (?, ?, ?, ?, ?, ?)", row)?;
            let row = params![id, spaced(title), spaced(&path), spaced(&document.text)];
            self.insert(
                "INSERT INTO words (rowid, title, path, text) VALUES (?, ?, ?, ?)",
                row,
            )?;
        }
        self.documents += documents.len() as i64;
        self.see(file)
    }

    /// Forgets the files of `folder` that this pass has not seen.
    pub(super) fn forget_unseen(&mut self, folder: &str) -> Result<(), IndexError> {
        self.forget(
            "SELECT id FROM files WHERE folder = ? AND id NOT IN temp.seen",
            params![folder],
        )
    }

    /// Forgets the files of folders that are not among `folders` any more.
    pub(super) fn forget_folders_but(&mut self, folders: &[&str]) -> Result<(), IndexError> {
        let folders = serde_json::json!(folders).to_string();
        self.forget(
            "SELECT id FROM files WHERE folder NOT IN (SELECT value FROM json_each(?))",
            params![folders],
        )
    }

    fn forget(&mut self, select: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), IndexError> {
        let ids = self.connection.prepare(select).and_then(|mut select| {
            let ids = select.query_map(values, |row| row.get(0))?;
            ids.collect::<Result<Vec<i64>, _>>()
        });
        for id in self.asked(ids)? {
            self.change()?;
            self.remove_file(id)?;
            self.commit_if_due()?;
        }
        Ok(())
    }

    fn remove_file(&mut self, id: i64) -> Result<(), IndexError> {
        self.run(
            "DELETE FROM words WHERE rowid IN (SELECT id FROM documents WHERE file = ?)",
            params![id],
        )?;
        self.documents -= self.run("DELETE FROM documents WHERE file = ?", params![id])? as i64;
        self.run("DELETE FROM files WHERE id = ?", params![id])?;
        Ok(())
    }

    fn see(&mut self, id: i64) -> Result<(), IndexError> {
        self.run("INSERT OR IGNORE INTO temp.seen VALUES (?)", params![id])
            .map(|_| ())
    }

    /// Ends the batch if it has become large or old; says whether it did.
    pub(super) fn commit_if_due(&mut self) -> Result<bool, IndexError> {
        let due = self
            .pending
            .is_some_and(|(changes, since)| changes >= BATCH || since.elapsed() >= BATCH_TIME);
        if due {
            self.commit()?;
        }
        Ok(due)
    }

    /// Makes lasting what was done.
    pub(super) fn commit(&mut self) -> Result<(), IndexError> {
        if self.pending.take().is_some() {
            self.asked(self.connection.execute_batch("COMMIT"))?;
        }
        Ok(())
    }

    fn change(&mut self) -> Result<(), IndexError> {
        match &mut self.pending {
            Some((changes, _)) => *changes += 1,
            None => {
                self.asked(self.connection.execute_batch("BEGIN IMMEDIATE"))?;
                self.pending = Some((1, Instant::now()));
            }
        }
        Ok(())
    }

    fn fact(&self, name: &str) -> Result<Option<String>, IndexError> {
        let fact =
            self.connection
                .query_row("SELECT value FROM facts WHERE name = ?", [name], |row| {
                    row.get(0)
                });
        self.asked(fact.optional())
    }

    fn remember(&mut self, name: &str, value: &str) -> Result<(), IndexError> {
        self.run(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)",
            params![name, value],
        )
        .map(|_| ())
    }

    fn run(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize, IndexError> {
        self.asked(
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(values)),
        )
    }

    fn insert(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<i64, IndexError> {
        self.run(sql, values)?;
        Ok(self.connection.last_insert_rowid())
    }

    fn asked<T>(&self, answer: rusqlite::Result<T>) -> Result<T, IndexError> {
        answer.map_err(|error| failure(&self.folder, &error))
    }
}

fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(text.as_bytes());
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests;
