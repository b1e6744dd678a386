//! Files out of containers and into them, streamed: the engine's tar is packed and unpacked on the way.

use std::io::{self, Read};

use bollard::body_try_stream;
use bollard::query_parameters::{
    DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use super::pipe::{Pipe, pipe};
use super::{DockerEngine, EngineError, failure};

const CHUNK: usize = 128 * 1024;
const BLOCK: u64 = 512;

/// A file in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Its owner.
    pub uid: u64,
    /// Its group.
    pub gid: u64,
    /// Permission bits.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
}

impl DockerEngine {
    /// Reads a file of a container, running or not, with a reader that blocks on a thread of its own. A transfer that breaks is an error of
    /// the reader, never its end.
    ///
    /// # Errors
    /// There is no such file, it is not a regular one, or the engine went away.
    pub async fn fetch<T: Send + 'static>(
        &self,
        container: &str,
        path: &str,
        consume: impl FnOnce(&FileFacts, &mut dyn Read) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let mut chunks = Box::pin(self.packed(container, path));
        let (feed, pipe) = pipe();
        let consumer = tokio::task::spawn_blocking(move || unpack(pipe, consume));
        let broken = loop {
            match chunks.next().await {
                Some(Ok(chunk)) => {
                    if !feed.send(chunk).await {
                        break None;
                    }
                }
                Some(Err(cause)) => {
                    let error = failure("fetch", path, &cause);
                    feed.fail(error.cause.clone()).await;
                    break Some(error);
                }
                None => {
                    feed.end().await;
                    break None;
                }
            }
        };
        let consumed = consumer.await.map_err(io::Error::other).flatten();
        match (broken, consumed) {
            (Some(error), _) => Err(error),
            (None, consumed) => consumed.map_err(|cause| local("fetch", path, &cause)),
        }
    }

    /// A file or folder of a container as the engine sends it: a tar in pieces.
    fn packed(
        &self,
        container: &str,
        path: &str,
    ) -> impl Stream<Item = Result<Bytes, bollard::errors::Error>> {
        let options = DownloadFromContainerOptionsBuilder::default();
        let options = options.path(path).build();
        self.docker
            .download_from_container(container, Some(options))
    }

    /// Owner and permissions of a file or folder of a container, running or not.
    ///
    /// # Errors
    /// There is none, or the engine went away.
    pub async fn facts(&self, container: &str, path: &str) -> Result<FileFacts, EngineError> {
        let mut chunks = Box::pin(self.packed(container, path));
        // The first entry is the path itself; what follows is not read.
        let mut head = Vec::new();
        while head.len() < BLOCK as usize {
            let chunk = chunks.next().await;
            let chunk = chunk.ok_or_else(|| local("inspect", path, &nothing()))?;
            head.extend(chunk.map_err(|cause| failure("inspect", path, &cause))?);
        }
        let read = || FileFacts::of(tar::Header::from_byte_slice(&head[..BLOCK as usize]));
        read().map_err(|cause| local("inspect", path, &cause))
    }

    /// Writes a file into a folder of a container that does not run, replacing one of that name; a reader that gives other than `size` bytes
    /// fails, and then there is no whole file.
    ///
    /// # Errors
    /// The reader failed, the folder is not there or read-only, or the engine went away.
    pub async fn put(
        &self,
        container: &str,
        folder: &str,
        name: &str,
        facts: &FileFacts,
        content: impl Read + Send + 'static,
    ) -> Result<(), EngineError> {
        let subject = format!("{folder}/{name}");
        let head = head(name, facts).map_err(|cause| local("put", &subject, &cause))?;
        let (sender, chunks) = mpsc::channel::<io::Result<Bytes>>(8);
        let size = facts.size;
        let producer = tokio::task::spawn_blocking(move || pack(head, size, content, &sender));
        let chunks = stream::unfold(chunks, async |mut chunks| {
            Some((chunks.recv().await?, chunks))
        });
        let options = UploadToContainerOptionsBuilder::default()
            .path(folder)
            .build();
        let sent = self
            .docker
            .upload_to_container(container, Some(options), body_try_stream(chunks))
            .await;
        // The reader's own words say more than those about a request that was cut.
        let produced = producer.await.map_err(io::Error::other).flatten();
        produced.map_err(|cause| local("put", &subject, &cause))?;
        sent.map_err(|cause| failure("put", &subject, &cause))
    }
}

fn unpack<T>(pipe: Pipe, consume: impl FnOnce(&FileFacts, &mut dyn Read) -> T) -> io::Result<T> {
    let mut archive = tar::Archive::new(pipe);
    let entry = archive.entries()?.next();
    let entry = entry.ok_or_else(nothing)??;
    if !entry.header().entry_type().is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let facts = FileFacts {
        size: entry.size(),
        ..FileFacts::of(entry.header())?
    };
    let mut whole = Whole {
        left: facts.size,
        from: entry,
    };
    Ok(consume(&facts, &mut whole))
}

impl FileFacts {
    fn of(header: &tar::Header) -> io::Result<Self> {
        Ok(Self {
            uid: header.uid()?,
            gid: header.gid()?,
            mode: header.mode()? & 0o7777,
            size: header.size()?,
        })
    }
}

fn nothing() -> io::Error {
    io::Error::other("the engine sent nothing")
}

/// A reader of a known number of bytes; an early end is an error.
struct Whole<R> {
    left: u64,
    from: R,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::other("the engine sent less than the whole file"));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn head(name: &str, facts: &FileFacts) -> io::Result<Bytes> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_size(facts.size);
    header.set_uid(facts.uid);
    header.set_gid(facts.gid);
    header.set_mode(facts.mode);
    header.set_cksum();
    Ok(Bytes::copy_from_slice(header.as_bytes()))
}

fn pack(
    head: Bytes,
    size: u64,
    mut content: impl Read,
    to: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let given = send(head, size, &mut content, to);
    if let Err(cause) = &given {
        // Cuts the request; the engine then keeps no whole file.
        let _ = to.blocking_send(Err(io::Error::other(cause.to_string())));
    }
    given
}

fn send(
    head: Bytes,
    size: u64,
    content: &mut impl Read,
    to: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    // Nobody listens: the request has failed, and it says why.
    let sent = |chunk: Bytes| to.blocking_send(Ok(chunk)).is_ok();
    if !sent(head) {
        return Ok(());
    }
    let mut left = size;
    loop {
        let mut chunk = vec![0; CHUNK];
        let count = content.read(&mut chunk)?;
        left = left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!("there are more than the expected {size} bytes"))
        })?;
        if count == 0 {
            break;
        }
        chunk.truncate(count);
        if !sent(chunk.into()) {
            return Ok(());
        }
    }
    if left > 0 {
        return Err(io::Error::other(format!(
            "{left} of {size} bytes are missing"
        )));
    }
    let padding = size.next_multiple_of(BLOCK) - size + 2 * BLOCK;
    sent(vec![0; padding as usize].into());
    Ok(())
}

/// What failed on this side.
fn local(operation: &'static str, subject: &str, cause: &io::Error) -> EngineError {
    EngineError {
        operation,
        subject: subject.to_owned(),
        cause: cause.to_string(),
        hint: None,
        unreachable: false,
    }
}
