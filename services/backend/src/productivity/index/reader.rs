//! Searching the index. Several at once, none of them waiting for the writer.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::read::ZlibDecoder;
use rusqlite::{Connection, InterruptHandle, OpenFlags, params};

use super::file::{FILE, IndexError, PATIENCE, failure, unusable};
use crate::productivity::extract::TEXT_MAX;
use crate::productivity::words::Query;

/// How much more a word in a title or a path is worth than one in the text.
const WEIGHTS: &str = "8.0, 3.0, 1.0";

/// One document that matches.
#[derive(Debug)]
pub(in crate::productivity) struct Found {
    pub(in crate::productivity) folder: String,
    pub(in crate::productivity) path: Vec<u8>,
    pub(in crate::productivity) size: i64,
    /// Nanoseconds since 1970.
    pub(in crate::productivity) modified: i64,
    pub(in crate::productivity) key: String,
    pub(in crate::productivity) kind: String,
    pub(in crate::productivity) title: String,
    pub(in crate::productivity) url: Option<String>,
    pub(in crate::productivity) text: String,
    /// 0 to 1, relative to the best; documents with all words stand above those with some.
    pub(in crate::productivity) score: f64,
}

/// Connections that only read.
pub(in crate::productivity) struct Readers {
    folder: PathBuf,
    idle: Mutex<Idle>,
}

/// Those nobody uses, all of one generation: a new index makes a new one.
#[derive(Default)]
struct Idle {
    generation: u64,
    connections: Vec<Connection>,
}

/// One connection, for one search at a time.
pub(in crate::productivity) struct Reader {
    generation: u64,
    connection: Connection,
}

/// Restrictions; an empty list restricts nothing.
#[derive(Clone, Debug, Default)]
pub(in crate::productivity) struct Filters {
    pub(in crate::productivity) kinds: Vec<String>,
    pub(in crate::productivity) folders: Vec<String>,
}

impl Readers {
    pub(in crate::productivity) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            idle: Mutex::default(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of all connections: the file they read has been replaced.
    pub(in crate::productivity) fn renew(&self) {
        let mut idle = self.idle();
        idle.generation += 1;
        idle.connections.clear();
    }

    /// A connection to search with, and what interrupts it.
    pub(in crate::productivity) fn take(&self) -> Result<(Reader, InterruptHandle), IndexError> {
        let (generation, known) = {
            let mut idle = self.idle();
            (idle.generation, idle.connections.pop())
        };
        let connection = match known {
            Some(connection) => connection,
            None if !self.folder.join(FILE).exists() => {
                return Err(unusable(&self.folder, "it is not made yet"));
            }
            None => self
                .connect()
                .map_err(|error| failure(&self.folder, &error))?,
        };
        let handle = connection.get_interrupt_handle();
        Ok((
            Reader {
                generation,
                connection,
            },
            handle,
        ))
    }

    /// Keeps a connection for the next search.
    pub(in crate::productivity) fn give_back(&self, reader: Reader) {
        let mut idle = self.idle();
        if idle.generation == reader.generation && idle.connections.len() < 2 {
            idle.connections.push(reader.connection);
        }
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        // Reading a write-ahead log needs its shared memory, so the file is not opened read-only; the connection is.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.folder.join(FILE), flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.execute_batch(
            "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;",
        )?;
        Ok(connection)
    }

    /// At most `limit` documents, best first.
    pub(in crate::productivity) fn search(
        &self,
        reader: &Reader,
        query: &Query,
        filters: &Filters,
        limit: usize,
    ) -> Result<Vec<Found>, IndexError> {
        let found = both(&reader.connection, query, filters, limit);
        found.map_err(|error| failure(&self.folder, &error))
    }
}

fn both(
    connection: &Connection,
    query: &Query,
    filters: &Filters,
    limit: usize,
) -> rusqlite::Result<Vec<Found>> {
    let mut found = Vec::new();
    let all = matching(connection, &query.all, filters, limit)?;
    add(connection, &mut found, &all, 0.5)?;
    if found.len() < limit && query.any != query.all {
        // Those with all words are among those with any.
        let mut any = matching(connection, &query.any, filters, limit)?;
        any.retain(|(id, _)| !all.iter().any(|(known, _)| known == id));
        any.truncate(limit - found.len());
        add(connection, &mut found, &any, 0.0)?;
    }
    Ok(found)
}

/// Documents and their ranks; lower is better, and below zero: <https://sqlite.org/fts5.html#the_bm25_function>
fn matching(
    connection: &Connection,
    expression: &str,
    filters: &Filters,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, f64)>> {
    // Restrictions are only looked up where there are any: they cost a look at each match.
    let mut sql =
        "SELECT words.rowid, bm25(words, ".to_owned() + WEIGHTS + ") AS rank_of FROM words";
    let mut restrictions = String::new();
    if !filters.kinds.is_empty() || !filters.folders.is_empty() {
        sql +=
            " JOIN documents ON documents.id = words.rowid JOIN files ON files.id = documents.file";
        if !filters.kinds.is_empty() {
            restrictions += " AND documents.kind IN (SELECT value FROM json_each(?2))";
        }
        if !filters.folders.is_empty() {
            restrictions += " AND files.folder IN (SELECT value FROM json_each(?3))";
        }
    }
    sql += &format!(" WHERE words MATCH ?1{restrictions} ORDER BY rank_of LIMIT ?4");
    let list = |values: &[String]| serde_json::json!(values).to_string();
    let mut select = connection.prepare_cached(&sql)?;
    let values = params![
        expression,
        list(&filters.kinds),
        list(&filters.folders),
        limit as i64
    ];
    let rows = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn add(
    connection: &Connection,
    found: &mut Vec<Found>,
    ranked: &[(i64, f64)],
    floor: f64,
) -> rusqlite::Result<()> {
    let best = ranked.first().map_or(0.0, |(_, rank)| *rank);
    let mut select = connection.prepare_cached(
        "SELECT folder, path, size, modified, key, kind, title, url, text FROM documents JOIN files ON files.id = documents.file WHERE documents.id = ?",
    )?;
    for (id, rank) in ranked {
        let relative = if best < 0.0 {
            (rank / best).clamp(0.0, 1.0)
        } else {
            1.0
        };
        found.push(select.query_row([id], |row| {
            Ok(Found {
                folder: row.get(0)?,
                path: row.get(1)?,
                size: row.get(2)?,
                modified: row.get(3)?,
                key: row.get(4)?,
                kind: row.get(5)?,
                title: row.get(6)?,
                url: row.get(7)?,
                text: inflated(row.get_ref(8)?.as_blob()?),
                score: floor + 0.5 * relative,
            })
        })?);
    }
    Ok(())
}

fn inflated(blob: &[u8]) -> String {
    let mut bytes = Vec::new();
    // A damaged text costs its snippet, not the search.
    let _ = ZlibDecoder::new(blob)
        .take(TEXT_MAX as u64)
        .read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}
