//! The embedded store of a gateway: copied while it serves, by the gateway itself; restored while it is stopped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atlas_backup::codec::{self, Output, Written};
use atlas_backup::mongo::Cancel;
use atlas_backup::progress::Progress;
use atlas_backup::{Error, Kind};

use super::source::Embedded;
use super::tee::Tee;
use super::{blocking, scratch, until};
use crate::engines::Engine;
use crate::engines::docker::{Command, DockerEngine, FileFacts};

/// The store's file in its folder.
const FILE: &str = "atlas.redb";
const SUBJECT: &str = "embedded.redb";
/// How long a gateway may take to be ready with what was restored.
const READY: Duration = Duration::from_secs(120);

/// Entries by table.
pub type Tables = BTreeMap<String, u64>;

/// Copies the store as it is at one moment. `folder` is where the copy is kept while it is checked, in a file without a name.
///
/// # Errors
/// The gateway does not run or is too old to copy its store, the copy is damaged, the output cannot be written, or the work was interrupted.
pub async fn snapshot(
    engine: &DockerEngine,
    source: &Embedded,
    folder: &Path,
    output: Output,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
) -> Result<(Tables, Written), Error> {
    let keep = scratch::file(folder)?;
    let copy = take(engine, source, keep, progress, cancel).await?;
    blocking("check", SUBJECT, move || {
        let mut output = output;
        let mut from = again(&copy)?;
        io::copy(&mut from, &mut output)
            .map_err(|cause| codec::error_of(cause, "write", SUBJECT))?;
        let written = output.finish()?;
        Ok((check(copy)?, written))
    })
    .await
}

/// Reads a copy to its end, opens it, and checks every page.
///
/// # Errors
/// [`Kind::Damaged`] with what is wrong; those of the reader.
pub fn verify(mut from: impl Read, folder: &Path) -> Result<Tables, Error> {
    let mut copy = scratch::file(folder)?;
    io::copy(&mut from, &mut copy).map_err(|cause| codec::error_of(cause, "read", SUBJECT))?;
    check(copy)
}

/// Replaces the store by a copy; the gateway is stopped for it, and ready afterwards. What was there goes back if it does not get ready.
///
/// # Errors
/// The copy is damaged (nothing was touched), it cannot be put in place, or the gateway does not get ready with it.
pub async fn restore(
    engine: &DockerEngine,
    source: &Embedded,
    folder: &Path,
    from: impl Read + Send + 'static,
    cancel: &Cancel,
) -> Result<Tables, Error> {
    let held = &source.held;
    let (new, checking) = (scratch::file(folder)?, scratch::file(folder)?);
    let (new, size, tables) = blocking("check", SUBJECT, move || {
        let (mut from, mut new, mut checking) = (from, new, checking);
        let failed = |cause| codec::error_of(cause, "read", SUBJECT);
        let size = io::copy(&mut from, &mut new).map_err(failed)?;
        // Opening a store may change it; what is put in place is as it was.
        io::copy(&mut again(&new)?, &mut checking).map_err(failed)?;
        Ok((new, size, check(checking)?))
    })
    .await?;
    if *cancel.borrow() {
        return Err(super::interrupted("restore", &held.name));
    }
    // From here on it goes to its end: the gateway shall run again with the one or the other.
    engine.stop(&held.container, &held.name).await?;
    let (old, facts) = match keep(engine, source, folder).await {
        Ok(kept) => kept,
        Err(error) => {
            engine.start(&held.container).await?;
            return Err(error);
        }
    };
    let new_facts = FileFacts {
        size,
        ..facts.clone()
    };
    let error = match put(engine, source, &new_facts, &new).await {
        Ok(()) => {
            engine.start(&held.container).await?;
            match ready(engine, source).await {
                Ok(()) => return Ok(tables),
                Err(error) => error,
            }
        }
        Err(error) => error,
    };
    engine.stop(&held.container, &held.name).await?;
    put(engine, source, &facts, &old).await?;
    engine.start(&held.container).await?;
    Err(error.hint("the store that was there before is in place again"))
}

/// A copy of the store of a gateway that is stopped.
async fn keep(
    engine: &DockerEngine,
    source: &Embedded,
    folder: &Path,
) -> Result<(File, FileFacts), Error> {
    let container = &source.held.container;
    let mut keep = scratch::file(folder)?;
    let path = format!("{}/{FILE}", source.folder);
    let kept = engine.fetch(container, &path, |facts, from| {
        io::copy(from, &mut keep).map(|_| (keep, facts.clone()))
    });
    let (old, facts) = kept
        .await?
        .map_err(|cause| Error::failed("read", &path, cause.to_string()))?;
    Ok((old, facts))
}

async fn put(
    engine: &DockerEngine,
    source: &Embedded,
    facts: &FileFacts,
    file: &File,
) -> Result<(), Error> {
    let (container, file) = (&source.held.container, again(file)?);
    let put = engine.put(container, &source.folder, FILE, facts, file);
    put.await.map_err(Error::from)
}

async fn ready(engine: &DockerEngine, source: &Embedded) -> Result<(), Error> {
    let held = &source.held;
    let Some(command) = &held.ready else {
        return Ok(());
    };
    let (_keep, never) = tokio::sync::watch::channel(false);
    let asked = async || {
        // A gateway that restarts cannot be asked at the moment.
        let code = engine.exec_status(&held.container, command).await;
        Ok(matches!(code, Ok(0)).then_some(()))
    };
    until(("restore", &held.name), READY, &never, asked).await
}

/// The copy that the gateway hands out, in `keep`.
async fn take(
    engine: &DockerEngine,
    source: &Embedded,
    keep: File,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
) -> Result<File, Error> {
    let held = &source.held;
    if !held.running {
        let error = Error::failed("copy", &held.name, "it is not running");
        return Err(error.hint(format!("start it with `atlas up {}`", held.service)));
    }
    let command = Command::new(["/atlas", "snapshot", &source.folder]);
    let stop = super::stopped(cancel.clone());
    let stopping = cancel.clone();
    let ran = engine.stream(&held.container, &command, stop, move |from| {
        let mut keep = keep;
        let mut tee = Tee {
            from,
            to: &mut keep,
            progress,
            cancel: stopping,
        };
        io::copy(&mut tee, &mut io::sink()).map(|_| keep)
    });
    let ran = match ran.await {
        Err(_) if *cancel.borrow() => return Err(super::interrupted("copy", &held.name)),
        ran => ran?,
    };
    if ran.code != 0 {
        let said = ran.said.lines().next().unwrap_or_default();
        let cause = said.trim_start_matches("error: ");
        let error = Error::failed("copy", &held.name, cause);
        return Err(match ran.code {
            5 => error,
            // Not our own refusal: it does not know the command, or there is no atlas in it.
            _ => error.hint(format!(
                "the gateway runs an atlas that cannot copy its store yet; bring it up to date with `atlas up {}`",
                held.service
            )),
        });
    }
    ran.value
        .map_err(|cause| codec::error_of(cause, "copy", &held.name))
}

fn check(copy: File) -> Result<Tables, Error> {
    let mut copy = copy;
    copy.flush()
        .and_then(|()| copy.rewind())
        .map_err(|cause| codec::error_of(cause, "read", SUBJECT))?;
    atlas_backend::store::snapshot::check(copy)
        .map_err(|cause| Error::new(Kind::Damaged, "read", SUBJECT, cause))
}

/// The same file from its first byte.
fn again(file: &File) -> Result<File, Error> {
    let rewound = file
        .try_clone()
        .and_then(|mut file| file.rewind().map(|()| file));
    rewound.map_err(|cause| codec::error_of(cause, "read", SUBJECT))
}
