//! Files on an SSH server, through the machine's own `ssh`: its configuration, keys and known hosts hold, and it never asks.
//! Files have mode 0600 and folders 0700 there too. A call that fails with its connection is made again on a new one.

mod session;

use std::future::Future;
use std::io::SeekFrom;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use opendal::{Error, ErrorKind, Result};
use openssh_sftp_client::Error as SftpError;
use openssh_sftp_client::file::TokioCompatFile;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;

use super::files::Object;
use crate::repository::name;
pub(super) use session::Target;
use session::{Session, private};

/// How often a call is made again; with the waits between, about a minute.
const RETRIES: u32 = 9;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// A server that does not answer for so long is taken for gone.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// The files of one folder of a server; connected when first used, and again when that breaks.
#[derive(Debug)]
pub(super) struct Client {
    target: Target,
    session: Mutex<Option<Arc<Session>>>,
}

/// A file that is being written.
pub(super) struct Outgoing {
    client: Arc<Client>,
    path: String,
    file: Option<File>,
    written: u64,
}

/// An open file, and the connection that it is open on.
struct File {
    file: Pin<Box<TokioCompatFile>>,
    _session: Arc<Session>,
}

impl Client {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            session: Mutex::new(None),
        }
    }

    async fn session(&self) -> Result<Arc<Session>> {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return Ok(session.clone());
        }
        let fresh = Arc::new(Session::open(&self.target).await?);
        *session = Some(fresh.clone());
        Ok(fresh)
    }

    /// Does something, again and again while it fails for a reason that may pass.
    async fn again<T, F>(&self, work: impl Fn(Arc<Session>) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, SftpError>>,
    {
        let mut wait = FIRST_WAIT;
        for attempt in 0.. {
            let done = match self.session().await {
                Ok(session) => self.once(work(session)).await,
                Err(error) => Err(error),
            };
            match done {
                Err(error) if error.is_temporary() && attempt < RETRIES => {
                    tokio::time::sleep(wait).await;
                    wait = LONGEST_WAIT.min(wait * 2);
                }
                done => return done,
            }
        }
        Err(Error::new(ErrorKind::Unexpected, "it was tried too often"))
    }

    /// Does something once; a connection on which it fails is not used again.
    async fn once<T>(
        &self,
        work: impl Future<Output = std::result::Result<T, SftpError>>,
    ) -> Result<T> {
        let done = match tokio::time::timeout(PATIENCE, work).await {
            Ok(done) => done.map_err(session::explain),
            Err(_) => {
                Err(Error::new(ErrorKind::Unexpected, "the server does not answer").set_temporary())
            }
        };
        if done.as_ref().is_err_and(Error::is_temporary) {
            *self.session.lock().await = None;
        }
        done
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{}", self.target.path, path.trim_end_matches('/'))
    }

    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Object>> {
        let mut files = Vec::new();
        for (path, object) in self.entries(folder).await? {
            match object {
                Some(object) => files.push(object),
                None if folder.is_empty() && name::is_plain(path.trim_end_matches('/')) => {
                    let below = self.entries(&path).await?;
                    files.extend(below.into_iter().filter_map(|(_, object)| object));
                }
                None => {}
            }
        }
        Ok(files)
    }

    /// What is in a folder: files, and folders as `None`.
    async fn entries(&self, folder: &str) -> Result<Vec<(String, Option<Object>)>> {
        let path = self.path(folder);
        let listed = self.again(|session| {
            let path = path.clone();
            async move {
                let folder = session.sftp.fs().open_dir(&path).await?;
                folder.read_dir().try_collect::<Vec<_>>().await
            }
        });
        let listed = match listed.await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed?,
        };
        let entries = listed.into_iter().filter_map(|entry| {
            let (name, metadata) = (entry.filename().to_str()?, entry.metadata());
            let path = format!("{folder}{name}");
            if metadata.file_type()?.is_dir() {
                return (name != "." && name != "..").then(|| (format!("{path}/"), None));
            }
            let modified = metadata.modified().map(|time| time.as_system_time());
            let object = Object {
                path: path.clone(),
                size: metadata.len()?,
                modified: modified.and_then(|time| Timestamp::try_from(time).ok()),
            };
            Some((path, Some(object)))
        });
        Ok(entries.collect())
    }

    pub(super) async fn read(&self, path: &str) -> Result<Vec<u8>> {
        let path = self.path(path);
        self.again(|session| {
            let path = path.clone();
            async move {
                let text = session.sftp.fs().read(&path).await?;
                Ok(text.to_vec())
            }
        })
        .await
    }

    pub(super) async fn size(&self, path: &str) -> Result<u64> {
        let path = self.path(path);
        self.again(|session| {
            let path = path.clone();
            async move { Ok(session.sftp.fs().metadata(&path).await?.len().unwrap_or(0)) }
        })
        .await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<()> {
        let is_folder = path.ends_with('/');
        let path = self.path(path);
        let deleted = self.again(|session| {
            let path = path.clone();
            async move {
                match is_folder {
                    true => session.sftp.fs().remove_dir(&path).await,
                    false => session.sftp.fs().remove_file(&path).await,
                }
            }
        });
        match deleted.await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }

    /// Writes under another name, and renames.
    pub(super) async fn write(&self, path: &str, text: &[u8]) -> Result<()> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let unfinished = self.path(&format!("{folder}/.new-{name}"));
        let (folder, path) = (self.path(folder), self.path(path));
        self.again(|session| {
            let (folder, path, unfinished) = (folder.clone(), path.clone(), unfinished.clone());
            async move {
                private::folder(&session, &folder).await?;
                let mut file = private::file(&session, &unfinished, true).await?;
                file.write_all(text).await?;
                if session.sftp.support_fsync() {
                    file.sync_all().await?;
                }
                file.close().await?;
                session.sftp.fs().rename(&unfinished, &path).await
            }
        })
        .await
    }

    pub(super) async fn stream(
        &self,
        path: &str,
        from: u64,
    ) -> Result<BoxStream<'static, Result<Vec<u8>>>> {
        let session = self.session().await?;
        let opened = self.once(session.sftp.open(self.path(path))).await?;
        let mut file = File {
            file: Box::pin(TokioCompatFile::new(opened)),
            _session: session.clone(),
        };
        let lost = |error| session::explain(SftpError::IOError(error));
        file.file.seek(SeekFrom::Start(from)).await.map_err(lost)?;
        let pieces = futures_util::stream::try_unfold(file, move |mut file| async move {
            let mut piece = Vec::with_capacity(PIECE);
            match file.file.read_buf(&mut piece).await {
                Ok(0) => Ok(None),
                Ok(_) => Ok(Some((piece, file))),
                Err(error) => Err(lost(error)),
            }
        });
        Ok(pieces.boxed())
    }

    pub(super) async fn writer(self: Arc<Self>, path: &str) -> Result<Outgoing> {
        let path = self.path(path);
        let folder = Path::new(&path).parent().map(|it| it.display().to_string());
        self.again(|session| {
            let (path, folder) = (path.clone(), folder.clone().unwrap_or_default());
            async move {
                private::folder(&session, &folder).await?;
                private::file(&session, &path, true).await?.close().await
            }
        })
        .await?;
        Ok(Outgoing {
            client: self,
            path,
            file: None,
            written: 0,
        })
    }
}

impl Outgoing {
    /// Writes a part where the last one ended: the same bytes at the same place, however often it takes.
    pub(super) async fn write(&mut self, part: &[u8]) -> Result<()> {
        let mut wait = FIRST_WAIT;
        for attempt in 0.. {
            match self.attempt(part).await {
                Ok(()) => break,
                Err(error) if error.is_temporary() && attempt < RETRIES => {
                    self.file = None;
                    *self.client.session.lock().await = None;
                    tokio::time::sleep(wait).await;
                    wait = LONGEST_WAIT.min(wait * 2);
                }
                Err(error) => return Err(error),
            }
        }
        self.written += part.len() as u64;
        Ok(())
    }

    async fn attempt(&mut self, part: &[u8]) -> Result<()> {
        let lost = |error| session::explain(SftpError::IOError(error));
        if self.file.is_none() {
            let session = self.client.session().await?;
            let opened = private::file(&session, &self.path, false);
            let mut file = Box::pin(TokioCompatFile::new(self.client.once(opened).await?));
            file.seek(SeekFrom::Start(self.written))
                .await
                .map_err(lost)?;
            self.file = Some(File {
                file,
                _session: session,
            });
        }
        let Some(File { file, .. }) = &mut self.file else {
            return Ok(());
        };
        let sent = async {
            file.write_all(part).await?;
            file.flush().await
        };
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(sent) => sent.map_err(lost),
            Err(_) => {
                Err(Error::new(ErrorKind::Unexpected, "the server does not answer").set_temporary())
            }
        }
    }

    /// Sees that it is on the server's disk, where the server can tell.
    pub(super) async fn close(self) -> Result<()> {
        drop(self.file);
        let path = self.path;
        self.client
            .again(|session| {
                let path = path.clone();
                async move {
                    let mut file = private::file(&session, &path, false).await?;
                    if session.sftp.support_fsync() {
                        file.sync_all().await?;
                    }
                    file.close().await
                }
            })
            .await
    }
}
