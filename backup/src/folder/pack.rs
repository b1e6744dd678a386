//! A dump folder into an archive. Believes nothing: no links, no unknown files, every document walked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{BUCKETS, interrupted, shortened, unescaped};
use crate::archive::{Checked, Header, LONGEST, Metadata, Writer, document};
use crate::mongo::Cancel;
use crate::progress::{Event, Progress};
use crate::{Error, codec};

/// Documents are handed on when so many bytes of them are gathered.
const BATCH: usize = 1024 * 1024;

/// A collection of the folder.
struct Source {
    metadata: Metadata,
    /// Its documents, and the collection they are of; views have none.
    documents: Option<(PathBuf, Option<String>)>,
}

#[derive(Default)]
struct Files {
    bson: Option<PathBuf>,
    metadata: Option<PathBuf>,
}

/// Writes the archive of a folder; what it holds.
///
/// # Errors
/// [`Kind::Damaged`](crate::Kind::Damaged) for what is no whole dump, links and files that are none of it; what `to` refuses.
pub fn pack<W: Write>(
    folder: &Path,
    to: W,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Checked, Error> {
    let (header, sources) = listed(folder)?;
    let metadata: Vec<_> = sources.iter().map(|one| one.metadata.clone()).collect();
    let mut writer = Writer::new(to, &header, &metadata)?;
    for (index, source) in sources.iter().enumerate() {
        if let Some((path, body)) = &source.documents {
            let put = |documents: &[u8], count| {
                if *cancel.borrow() {
                    return Err(interrupted(&path.display().to_string()));
                }
                progress.report(Event::Advanced {
                    bytes: documents.len() as u64,
                    documents: count,
                });
                writer.documents(index, body.as_deref(), documents, count)
            };
            each_batch(path, put)?;
        }
        writer.end(index)?;
    }
    let (closed, _) = writer.finish()?;
    Ok(Checked {
        header,
        namespaces: metadata.into_iter().zip(closed).collect(),
    })
}

fn listed(folder: &Path) -> Result<(Header, Vec<Source>), Error> {
    let mut header = Header {
        concurrent_collections: 4,
        version: "0.1".to_owned(),
        // Stock mongorestore refuses what is not three numbers.
        server_version: "0.0.0".to_owned(),
        tool_version: String::new(),
    };
    let (mut sources, mut oplog) = (Vec::new(), None);
    for (name, path, is_folder) in entries(folder)? {
        match name.strip_suffix(".gz").unwrap_or(&name) {
            _ if is_folder => sources.extend(database(&name, &path)?),
            "prelude.json" => prelude(&path, &mut header)?,
            "oplog.bson" if oplog.is_none() => {
                let metadata = metadata("", "oplog".to_owned(), String::new(), "");
                let documents = Some((path, None));
                oplog = Some(Source {
                    metadata,
                    documents,
                });
            }
            _ => return Err(damaged(&path, "it is no file of a dump")),
        }
    }
    // Stock mongorestore needs them before everything else, and the oplog after it.
    sources.sort_by_key(|one: &Source| !one.metadata.is_users_and_roles());
    sources.extend(oplog);
    if sources.is_empty() {
        return Err(damaged(folder, "it holds no dump"));
    }
    Ok((header, sources))
}

fn prelude(path: &Path, header: &mut Header) -> Result<(), Error> {
    let value = json(path, &text(path)?)?;
    let get = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    header.server_version = get("ServerVersion");
    header.tool_version = get("ToolVersion");
    Ok(())
}

fn database(db: &str, folder: &Path) -> Result<Vec<Source>, Error> {
    let mut all: BTreeMap<String, Files> = BTreeMap::new();
    for (name, path, is_folder) in entries(folder)? {
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        if !is_folder && plain == "prelude.json" {
            continue;
        }
        let (base, is_bson) = match (
            plain.strip_suffix(".bson"),
            plain.strip_suffix(".metadata.json"),
        ) {
            (Some(base), _) if !is_folder => (base, true),
            (_, Some(base)) if !is_folder => (base, false),
            _ => return Err(damaged(&path, "it is no file of a dump")),
        };
        let files = all.entry(base.to_owned()).or_default();
        let place = match is_bson {
            true => &mut files.bson,
            false => &mut files.metadata,
        };
        if place.replace(path.clone()).is_some() {
            return Err(damaged(&path, "it is there twice, plain and compressed"));
        }
    }
    let mut sources = Vec::new();
    let mut buckets: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (base, files) in &all {
        let of = base
            .strip_prefix(BUCKETS)
            .filter(|of| all.contains_key(*of));
        if let (Some(of), None, Some(bson)) = (of, &files.metadata, &files.bson) {
            buckets.insert(of.to_owned(), bson.clone());
        }
    }
    for (base, files) in all {
        let own = base
            .strip_prefix(BUCKETS)
            .is_some_and(|of| buckets.contains_key(of));
        if !own {
            sources.push(source(db, &base, files, buckets.get(&base))?);
        }
    }
    Ok(sources)
}

fn source(db: &str, base: &str, files: Files, buckets: Option<&PathBuf>) -> Result<Source, Error> {
    let path = files.metadata.as_ref().or(files.bson.as_ref());
    let path = path.cloned().unwrap_or_default();
    let text = files.metadata.as_deref().map(text).transpose()?;
    let text = text.unwrap_or_default();
    let value = match text.is_empty() {
        true => Value::Null,
        false => json(&path, &text)?,
    };
    let told = value["collectionName"].as_str().map(str::to_owned);
    // Names of files differ by the age of the tool; what the metadata says does not.
    let name = match shortened(base) {
        true => told,
        false => told.or_else(|| unescaped(base)),
    };
    let name = name.filter(|name| !name.is_empty() && !name.contains('\0'));
    let name = name.ok_or_else(|| damaged(&path, "its name tells no collection"))?;
    let kind = match value["type"].as_str() {
        Some(kind) => kind,
        None if value["options"]["viewOn"].is_string() => "view",
        None if buckets.is_some() => "timeseries",
        None => "collection",
    };
    let documents = match (files.bson, buckets) {
        (None, Some(path)) => Some((path.clone(), Some(format!("{BUCKETS}{name}")))),
        (Some(_), Some(path)) => return Err(damaged(path, "there are two files of its documents")),
        (Some(path), None) => Some((path, None)),
        (None, None) if kind == "view" => None,
        (None, None) => return Err(damaged(&path, "the file of its documents is missing")),
    };
    Ok(Source {
        metadata: metadata(db, name, text, kind),
        documents,
    })
}

fn metadata(db: &str, collection: String, metadata: String, kind: &str) -> Metadata {
    Metadata {
        db: db.to_owned(),
        collection,
        metadata,
        size: 0,
        kind: kind.to_owned(),
    }
}

/// Name, path and whether it is a folder; in the order of the names.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf, bool)>, Error> {
    let failed = |error: std::io::Error| Error::io("read", folder, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        if !kind.is_dir() && !kind.is_file() {
            return Err(damaged(&path, "it is neither a file nor a folder"));
        }
        let name = entry.file_name().into_string();
        let name = name.map_err(|_| damaged(&path, "its name is not UTF-8"))?;
        found.push((name, path, kind.is_dir()));
    }
    found.sort();
    Ok(found)
}

fn opened(path: &Path) -> Result<Box<dyn Read>, Error> {
    let links = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let file = File::options().read(true).custom_flags(links).open(path);
    let file = BufReader::new(file.map_err(|error| Error::io("read", path, &error))?);
    Ok(
        match path.extension().is_some_and(|ending| ending == "gz") {
            true => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
            false => Box::new(file),
        },
    )
}

/// No metadata is longer than a document.
fn text(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let mut from = opened(path)?.take(LONGEST as u64 + 1);
    from.read_to_string(&mut text)
        .map_err(|error| unreadable(path, error))?;
    match text.len() > LONGEST {
        true => Err(damaged(path, "it is longer than a document")),
        false => Ok(text),
    }
}

fn json(path: &Path, text: &str) -> Result<Value, Error> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| damaged(path, format!("it is not JSON: {error}")))?;
    match value.is_object() {
        true => Ok(value),
        false => Err(damaged(path, "it is no JSON object")),
    }
}

fn each_batch(
    path: &Path,
    mut put: impl FnMut(&[u8], u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut from = opened(path)?;
    let (mut batch, mut count) = (Vec::new(), 0);
    loop {
        let begin = batch.len();
        let head = (&mut from).take(4).read_to_end(&mut batch);
        if head.map_err(|error| unreadable(path, error))? == 0 {
            break;
        }
        let length = batch[begin..].try_into().map(u32::from_le_bytes);
        let length = length.map_err(|_| damaged(path, "it ends within a document"))? as usize;
        if !(5..=LONGEST).contains(&length) {
            return Err(damaged(path, "a document of an impossible length"));
        }
        let body = (&mut from).take(length as u64 - 4).read_to_end(&mut batch);
        if body.map_err(|error| unreadable(path, error))? != length - 4 {
            return Err(damaged(path, "it ends within a document"));
        }
        document::walk(&batch[begin..]).map_err(|wrong| damaged(path, wrong))?;
        count += 1;
        if batch.len() >= BATCH {
            put(&batch, count)?;
            batch.clear();
            count = 0;
        }
    }
    match count {
        0 => Ok(()),
        _ => put(&batch, count),
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof => damaged(path, error.to_string()),
        _ => codec::error_of(error, "read", &path.display().to_string()),
    }
}

fn damaged(path: &Path, cause: impl Into<String>) -> Error {
    Error::damaged(path.display().to_string(), cause)
}
