//! An archive into a dump folder, which has another name until it is whole. Overwrites nothing.

use std::collections::HashMap;
use std::fs::{DirBuilder, File};
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use serde_json::json;

use super::{BUCKETS, escaped, interrupted};
use crate::Error;
use crate::archive::{Item, Metadata, Reader};
use crate::mongo::Cancel;
use crate::progress::{Event, Progress};

/// Writes the folder of an archive, each file compressed where `gzip` says so; `from` is read to its end. It has its name only
/// when it is [kept](Draft::keep).
///
/// # Errors
/// A folder that holds something; what is wrong in the archive; what the file system refuses. Then nothing is left.
pub fn unpack(
    from: impl Read,
    into: &Path,
    gzip: bool,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Draft, Error> {
    let draft = Draft::begin(into, gzip)?;
    let mut reader = Reader::new(from)?;
    let header = reader.header();
    let versions =
        json!({ "ServerVersion": header.server_version, "ToolVersion": header.tool_version });
    let buckets = buckets_apart(&header.server_version);
    let all = reader.metadata().to_vec();
    draft.text(&draft.partial.join("prelude.json"), &versions.to_string())?;
    for one in &all {
        draft.metadata(one)?;
    }
    let mut open: HashMap<usize, Sink> = HashMap::new();
    while let Some(item) = reader.next()? {
        if *cancel.borrow() {
            return Err(interrupted(&into.display().to_string()));
        }
        match item {
            Item::Documents {
                namespace,
                documents,
                count,
            } => {
                let sink = match open.entry(namespace) {
                    std::collections::hash_map::Entry::Occupied(there) => there.into_mut(),
                    std::collections::hash_map::Entry::Vacant(new) => {
                        new.insert(draft.file(&draft.documents(&all[namespace], buckets)?)?)
                    }
                };
                sink.write(&documents)?;
                progress.report(Event::Advanced {
                    bytes: documents.len() as u64,
                    documents: count,
                });
            }
            Item::End { namespace, .. } => {
                let one = &all[namespace];
                match open.remove(&namespace) {
                    Some(sink) => sink.finish()?,
                    None if one.kind == "view" => {}
                    None => draft.file(&draft.documents(one, buckets)?)?.finish()?,
                }
            }
        }
    }
    Ok(draft)
}

/// Whether the documents of time series are in collections of their own: up to 8.2.
fn buckets_apart(server: &str) -> bool {
    let mut numbers = server.split('.').map(|part| part.parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < (8, 3),
        _ => true,
    }
}

/// The folder while it is written; gone when it is not kept.
#[derive(Debug)]
pub struct Draft {
    into: PathBuf,
    partial: PathBuf,
    gzip: bool,
}

impl Draft {
    fn begin(into: &Path, gzip: bool) -> Result<Self, Error> {
        match std::fs::read_dir(into).map(|mut entries| entries.next().is_some()) {
            Ok(true) => {
                let name = into.display().to_string();
                return Err(Error::failed("write", name, "it holds something")
                    .hint("choose a folder that is new or empty"));
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("write", into, &error));
            }
            _ => {}
        }
        let mut name = into.file_name().unwrap_or_default().to_owned();
        name.push(format!(".partial-{}", std::process::id()));
        let partial = into.with_file_name(name);
        let made = DirBuilder::new().mode(0o700).create(&partial);
        made.map_err(|error| Error::io("write", &partial, &error))?;
        Ok(Self {
            into: into.to_owned(),
            partial,
            gzip,
        })
    }

    /// The folder of a database, made where it is not there.
    fn database(&self, one: &Metadata) -> Result<PathBuf, Error> {
        if one.is_oplog() {
            return Ok(self.partial.clone());
        }
        let wrong = one.db.is_empty() || one.db.contains(['/', '\\', '.', '\0']);
        if wrong {
            return Err(Error::damaged(one.namespace(), "no name of a database"));
        }
        let folder = self.partial.join(&one.db);
        let made = DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&folder);
        made.map_err(|error| Error::io("write", &folder, &error))?;
        Ok(folder)
    }

    fn documents(&self, one: &Metadata, buckets: bool) -> Result<PathBuf, Error> {
        let name = match one.kind == "timeseries" && buckets {
            true => escaped(&format!("{BUCKETS}{}", one.collection)),
            false => escaped(&one.collection),
        };
        Ok(self.database(one)?.join(format!("{name}.bson")))
    }

    fn metadata(&self, one: &Metadata) -> Result<(), Error> {
        if one.metadata.is_empty() {
            return Ok(());
        }
        let name = format!("{}.metadata.json", escaped(&one.collection));
        self.text(&self.database(one)?.join(name), &one.metadata)
    }

    fn text(&self, path: &Path, text: &str) -> Result<(), Error> {
        let mut sink = self.file(path)?;
        sink.write(text.as_bytes())?;
        sink.finish()
    }

    fn file(&self, path: &Path) -> Result<Sink, Error> {
        let mut name = path.as_os_str().to_owned();
        if self.gzip {
            name.push(".gz");
        }
        let path = PathBuf::from(name);
        let mut options = File::options();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let file = BufWriter::new(file.map_err(|error| Error::io("write", &path, &error))?);
        let to = match self.gzip {
            true => To::Gzip(Box::new(GzEncoder::new(
                file,
                flate2::Compression::default(),
            ))),
            false => To::Plain(file),
        };
        Ok(Sink { path, to })
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// A folder of that name which holds something by now is refused by the system itself.
    pub fn keep(self) -> Result<(), Error> {
        std::fs::rename(&self.partial, &self.into)
            .map_err(|error| Error::io("write", &self.into, &error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it was kept there is nothing of that name.
        let _ = std::fs::remove_dir_all(&self.partial);
    }
}

/// One file being written.
struct Sink {
    path: PathBuf,
    to: To,
}

enum To {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.to {
            To::Plain(to) => to.write_all(bytes),
            To::Gzip(to) => to.write_all(bytes),
        };
        written.map_err(|error| Error::io("write", &self.path, &error))
    }

    fn finish(self) -> Result<(), Error> {
        let flushed = match self.to {
            To::Plain(to) => Ok(to),
            To::Gzip(to) => to.finish(),
        };
        flushed
            .and_then(|to| to.into_inner().map_err(std::io::IntoInnerError::into_error))
            .and_then(|file| file.sync_all())
            .map_err(|error| Error::io("write", &self.path, &error))
    }
}
