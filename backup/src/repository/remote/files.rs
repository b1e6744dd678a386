//! Files of a store by their paths, whichever way they are reached. Owns nothing of what they mean.

use std::ops::Range;
use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt as _};
use jiff::Timestamp;
use opendal::{Operator, Result};

use super::sftp::{Client, Outgoing};

/// Parts that are sent at once.
const CONCURRENT: usize = 2;

/// A store's files.
#[derive(Debug, Clone)]
pub(super) enum Files {
    S3(Operator),
    Sftp(Arc<Client>),
}

/// A file in a store.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) modified: Option<Timestamp>,
}

/// A file that is being written.
pub(super) enum Sink {
    S3(Box<opendal::Writer>),
    Sftp(Outgoing),
}

impl Files {
    /// The files below a folder (``, or with its last `/`), by their whole paths; none if there is no such folder.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Object>> {
        let store = match self {
            Self::Sftp(client) => return client.list(folder).await,
            Self::S3(store) => store,
        };
        let entries = store.list_with(folder).recursive(true).await?;
        let files = entries
            .into_iter()
            .filter(|entry| entry.metadata().is_file());
        let modified = |entry: &opendal::Entry| {
            let time = std::time::SystemTime::from(entry.metadata().last_modified()?);
            Timestamp::try_from(time).ok()
        };
        Ok(files
            .map(|entry| Object {
                path: entry.path().to_owned(),
                size: entry.metadata().content_length(),
                modified: modified(&entry),
            })
            .collect())
    }

    /// All of a small file.
    pub(super) async fn read(&self, path: &str) -> Result<Vec<u8>> {
        match self {
            Self::S3(store) => store.read(path).await.map(|text| text.to_vec()),
            Self::Sftp(client) => client.read(path).await,
        }
    }

    /// Writes a small file, whole or not at all.
    pub(super) async fn write(&self, path: &str, text: Vec<u8>) -> Result<()> {
        match self {
            Self::S3(store) => store.write(path, text).await.map(drop),
            Self::Sftp(client) => client.write(path, &text).await,
        }
    }

    /// Removes a file, or an empty folder; that it is not there is no error.
    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        match self {
            Self::S3(store) => store.delete(path).await,
            Self::Sftp(client) => client.delete(path).await,
        }
    }

    pub(super) async fn size(&self, path: &str) -> Result<u64> {
        match self {
            Self::S3(store) => Ok(store.stat(path).await?.content_length()),
            Self::Sftp(client) => client.size(path).await,
        }
    }

    /// A stretch of a file, in pieces of at most a few MiB. It may be cut short.
    pub(super) async fn stream(
        &self,
        path: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Vec<u8>>>> {
        match self {
            Self::Sftp(client) => client.stream(path, range.start).await,
            Self::S3(store) => {
                let stream = store.reader(path).await?.into_stream(range).await?;
                Ok(stream
                    .map(|piece| piece.map(|piece| piece.to_vec()))
                    .boxed())
            }
        }
    }

    pub(super) async fn writer(&self, path: &str) -> Result<Sink> {
        match self {
            Self::Sftp(client) => Ok(Sink::Sftp(client.clone().writer(path).await?)),
            Self::S3(store) => {
                let writer = store.writer_with(path).concurrent(CONCURRENT).await?;
                Ok(Sink::S3(Box::new(writer)))
            }
        }
    }
}

impl Sink {
    pub(super) async fn write(&mut self, part: Vec<u8>) -> Result<()> {
        match self {
            Self::S3(writer) => writer.write(part).await,
            Self::Sftp(file) => file.write(&part).await,
        }
    }

    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::S3(mut writer) => writer.close().await.map(drop),
            Self::Sftp(file) => file.close().await,
        }
    }

    /// Gives it up. What an SSH server has of it is a file, and removed with its folder.
    pub(super) async fn abort(self) -> Result<()> {
        match self {
            Self::S3(mut writer) => writer.abort().await,
            Self::Sftp(_) => Ok(()),
        }
    }
}
