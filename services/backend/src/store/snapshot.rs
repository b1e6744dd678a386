//! Copies of the embedded store while it serves: one process alone may hold its file, so that process makes the copy, and hands it to whoever
//! may open a socket beside the file. Owns the socket and the check of a copy; what is copied belongs to `embedded`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek as _, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _, TableHandle as _};

use super::embedded;
use crate::log::{Level, Line};

/// How long either side waits for the other to take or give the next bytes.
const PATIENCE: Duration = Duration::from_secs(60);
/// In place of a length: what follows is a sentence about what failed.
const REFUSED: u64 = u64::MAX;
/// The first bytes of a store's file.
const MAGIC: &[u8] = b"redb";

fn socket(folder: &Path) -> PathBuf {
    folder.join("snapshot.sock")
}

/// Hands out copies of a store, which lies in `folder`, as long as somebody else holds it.
///
/// # Errors
/// The socket cannot be made.
pub(super) fn offer(store: &Arc<Database>, folder: &Path) -> io::Result<()> {
    let path = socket(folder);
    // The file of the store is ours alone, so a socket that is there belongs to nobody any more.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let (store, folder) = (Arc::downgrade(store), folder.to_owned());
    std::thread::Builder::new()
        .name("snapshot".into())
        .spawn(move || {
            for asked in listener.incoming() {
                let Some(store) = store.upgrade() else { return };
                let given = asked.and_then(|asked| answer(&store, &folder, asked));
                if let Err(error) = given {
                    let event = "a copy of the embedded store could not be handed out";
                    Line::new(Level::Warn, event)
                        .with("cause", error.to_string())
                        .write();
                }
            }
        })?;
    Ok(())
}

fn answer(store: &Database, folder: &Path, mut to: UnixStream) -> io::Result<()> {
    to.set_write_timeout(Some(PATIENCE))?;
    match copy(store, folder) {
        Ok(mut file) => {
            to.write_all(&file.metadata()?.len().to_le_bytes())?;
            io::copy(&mut file, &mut to).map(drop)
        }
        Err(error) => {
            to.write_all(&REFUSED.to_le_bytes())?;
            to.write_all(error.to_string().as_bytes())
        }
    }
}

/// A copy at its first byte, in a file without a name: nothing is left of it, however this process ends.
fn copy(store: &Database, folder: &Path) -> Result<File, redb::Error> {
    let path = folder.join("snapshot.redb");
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    fs::remove_file(&path)?;
    let backend = FileBackend::new(file.try_clone()?)?;
    let target = Database::builder().create_with_backend(backend)?;
    embedded::copy(store, &target)?;
    drop(target);
    file.rewind()?;
    Ok(file)
}

/// Asks the process that serves the store in `folder` for a copy, and writes it to `to`.
///
/// # Errors
/// A sentence: nobody answers, it refused, or the copy broke off.
pub fn request(folder: &Path, to: &mut dyn Write) -> Result<(), String> {
    let path = socket(folder);
    let mut from = UnixStream::connect(&path).map_err(|error| {
        let path = path.display();
        format!("no gateway with an embedded store answers at {path}: {error}")
    })?;
    let broke = |error: io::Error| format!("the copy of the embedded store broke off: {error}");
    from.set_read_timeout(Some(PATIENCE)).map_err(broke)?;
    let mut length = [0; 8];
    from.read_exact(&mut length).map_err(broke)?;
    let length = u64::from_le_bytes(length);
    if length == REFUSED {
        let mut cause = String::new();
        from.read_to_string(&mut cause).map_err(broke)?;
        return Err(format!(
            "the gateway cannot copy its embedded store: {cause}"
        ));
    }
    let given = io::copy(&mut from, to).map_err(broke)?;
    to.flush().map_err(broke)?;
    match given == length {
        true => Ok(()),
        false => Err(format!(
            "the copy of the embedded store broke off: {given} of {length} bytes came"
        )),
    }
}

/// Opens a copy, checks every page of it, and counts the entries by table. The copy may be changed by that.
///
/// # Errors
/// A sentence: what is wrong with it.
pub fn check(mut copy: File) -> Result<BTreeMap<String, u64>, String> {
    let read = |error: &dyn std::fmt::Display| format!("it cannot be read: {error}");
    let mut magic = [0; MAGIC.len()];
    let begins = copy.read_exact(&mut magic);
    // An empty file would become an empty store.
    if begins.is_err() || magic != MAGIC {
        return Err("it is not an embedded store".into());
    }
    copy.rewind().map_err(|error| read(&error))?;
    let backend = FileBackend::new(copy).map_err(|error| read(&error))?;
    let opened = Database::builder().create_with_backend(backend);
    let mut database = opened.map_err(|error| read(&error))?;
    match database.check_integrity() {
        Ok(true) => count(&database).map_err(|error| read(&error)),
        Ok(false) => Err("its pages do not agree with their checksums".into()),
        Err(error) => Err(read(&error)),
    }
}

fn count(database: &Database) -> Result<BTreeMap<String, u64>, redb::Error> {
    let read = database.begin_read()?;
    let mut tables = BTreeMap::new();
    for table in read.list_tables()? {
        let name = table.name().to_owned();
        tables.insert(name, read.open_untyped_table(table)?.len()?);
    }
    Ok(tables)
}
