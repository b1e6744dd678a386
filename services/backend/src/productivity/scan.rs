//! One pass over the folders: what is new or changed is read, what is gone is forgotten. Owns which files count.
//!
//! Why passes and not notices from the kernel: changes on the other side of a bind mount (Docker Desktop's shared folders, NFS, SMB) raise
//! none, a watch is needed for each folder of the tree out of a number that the whole machine shares, and when its queue overflows a
//! pass is needed anyway. A pass over unchanged files only looks at their inodes.

use std::ffi::{CStr, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::extract::{Document, Extractor, Unread};
use super::folder::{Entry as Seen, Folder, Root, Stamp};
use super::index::{Entry, Index, IndexError};
use super::kind::Kind;
use super::state::{Skipped, State};

/// Most files that are known; the others are counted.
const FILES_MAX: u64 = 500_000;
/// Work between two rests, and a rest: the processor is shared with searches, under one limit.
const WORK: Duration = Duration::from_millis(40);
const REST: Duration = Duration::from_millis(10);
/// Longest that searches in progress hold it up at a time.
const COURTESY: Duration = Duration::from_millis(200);
/// A file changed within this time of being read may change again without showing it, so it is read again next time.
const SETTLING: i64 = 2_000_000_000;
/// Of a folder with one of these, a browser's profile, only the bookmarks are read: the rest are passwords, cookies and history.
const PROFILE: [&CStr; 3] = [c"places.sqlite", c"key4.db", c"Login Data"];
/// Marks folders that programs can make again: <https://bford.info/cachedir/>
const CACHE: &CStr = c"CACHEDIR.TAG";
/// The outcome of a file whose contents are searched.
const READ: &str = "read";

/// What a pass works with.
pub(super) struct Pass<'a> {
    pub(super) index: &'a mut Index,
    pub(super) extractor: &'a Extractor,
    /// Names that are left out, of files and folders.
    pub(super) exclude: &'a [String],
    pub(super) state: &'a State,
    pub(super) stop: &'a AtomicBool,
    /// Searches in progress.
    pub(super) searches: &'a AtomicUsize,
    pub(super) skipped: Skipped,
    pub(super) rested: Instant,
    pub(super) files: u64,
}

impl Pass<'_> {
    /// Goes through one folder. `Ok(false)` if it was stopped.
    pub(super) fn folder(&mut self, folder: &Folder, root: &Root) -> Result<bool, IndexError> {
        let mut waiting = vec![PathBuf::new()];
        while let Some(path) = waiting.pop() {
            match root.list(&path) {
                Ok((descriptor, listing)) => {
                    if !self.listing(folder, root, &path, &descriptor, listing, &mut waiting)? {
                        return Ok(false);
                    }
                }
                Err(_) => self.skip(Unread::Forbidden.word(), folder, &path),
            }
        }
        self.index.forget_unseen(&folder.name)?;
        Ok(true)
    }

    fn listing(
        &mut self,
        folder: &Folder,
        root: &Root,
        path: &Path,
        descriptor: &OwnedFd,
        listing: rustix::fs::Dir,
        waiting: &mut Vec<PathBuf>,
    ) -> Result<bool, IndexError> {
        let has = |name: &CStr| matches!(root.look(descriptor, name), Ok(Seen::File(_)));
        if has(CACHE) {
            self.skip("cache folder", folder, path);
            return Ok(true);
        }
        let profile = PROFILE.into_iter().any(has);
        for entry in listing {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let Ok(entry) = entry else {
                self.skip(Unread::Forbidden.word(), folder, path);
                break;
            };
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if self.is_left_out(name) {
                continue;
            }
            let inside = path.join(name);
            let bookmarks = matches!(
                Kind::of(&inside),
                Kind::FirefoxBookmarks | Kind::ChromeBookmarks
            );
            if profile && !bookmarks {
                self.skip("of a browser's profile", folder, &inside);
                continue;
            }
            match root.look(descriptor, entry.file_name()) {
                Ok(Seen::Folder) => waiting.push(inside),
                Ok(Seen::File(stamp)) => self.file(folder, root, &inside, stamp)?,
                Ok(Seen::Link) => self.skip("symbolic link", folder, &inside),
                Ok(Seen::Special) => self.skip("not a file", folder, &inside),
                Ok(Seen::Elsewhere) => self.skip("on another file system", folder, &inside),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => self.skip(Unread::Forbidden.word(), folder, &inside),
            }
        }
        Ok(true)
    }

    /// Hidden files are where programs keep settings and secrets.
    fn is_left_out(&self, name: &OsStr) -> bool {
        name.as_bytes().starts_with(b".")
            || self
                .exclude
                .iter()
                .any(|excluded| OsStr::new(excluded) == name)
    }

    fn file(
        &mut self,
        folder: &Folder,
        root: &Root,
        path: &Path,
        stamp: Stamp,
    ) -> Result<(), IndexError> {
        self.files += 1;
        if self.files > FILES_MAX {
            self.skip("more files than are indexed", folder, path);
            return Ok(());
        }
        self.breathe();
        let known = self
            .index
            .known(&folder.name, path.as_os_str().as_bytes())?;
        if let Some(known) = known.as_ref().filter(|known| known.stamp == stamp) {
            if known.outcome != READ {
                self.skip(&known.outcome, folder, path);
            }
            return Ok(());
        }
        let kind = Kind::of(path);
        let (stamp, documents) = match root.file(path) {
            Ok((file, now)) => (
                now,
                self.extractor.extract(kind, file, now.size.unsigned_abs()),
            ),
            // It went, or became something else, since the look: the next pass will see.
            Err(error) if error.kind() != std::io::ErrorKind::PermissionDenied => return Ok(()),
            Err(_) => (stamp, Err(Unread::Forbidden)),
        };
        let again = documents.as_ref().is_err_and(|why| why.may_pass()) || is_settling(stamp);
        let stamp = if again { stamp.never() } else { stamp };
        let outcome = documents.as_ref().map_or_else(|why| why.word(), |_| READ);
        if outcome != READ {
            self.skip(outcome, folder, path);
        }
        self.put(
            folder,
            path,
            known.map(|known| known.id),
            stamp,
            kind,
            outcome,
            &documents.unwrap_or_default(),
        )
    }

    #[allow(clippy::too_many_arguments)]
    fn put(
        &mut self,
        folder: &Folder,
        path: &Path,
        old: Option<i64>,
        stamp: Stamp,
        kind: Kind,
        outcome: &str,
        documents: &[Document],
    ) -> Result<(), IndexError> {
        let title = shown(path.file_name().unwrap_or_default());
        let kind = match kind {
            Kind::ChromeBookmarks | Kind::FirefoxBookmarks if outcome == READ => "bookmark",
            Kind::Unknown if outcome == READ => Kind::Text.word(),
            Kind::ChromeBookmarks | Kind::FirefoxBookmarks => Kind::Opaque.word(),
            kind => kind.word(),
        };
        let path = path.as_os_str().as_bytes();
        self.index.put(
            old,
            &Entry {
                folder: &folder.name,
                path,
                stamp,
                outcome,
                kind,
                title: &title,
                documents,
            },
        )?;
        if self.index.commit_if_due()? {
            let mut seen = self.state.seen();
            seen.documents = self.index.documents();
            seen.looked_at = self.files;
        }
        Ok(())
    }

    fn skip(&mut self, reason: &str, folder: &Folder, path: &Path) {
        self.skipped.count(reason, || {
            shown(Path::new(&folder.name).join(path).as_os_str())
        });
    }

    /// Searches go first, and the rest of the machine is let in.
    fn breathe(&mut self) {
        if self.rested.elapsed() < WORK {
            return;
        }
        std::thread::sleep(REST);
        let begun = Instant::now();
        while self.searches.load(Ordering::Relaxed) > 0 && begun.elapsed() < COURTESY {
            std::thread::sleep(REST / 10);
        }
        self.rested = Instant::now();
    }
}

/// A name for people: what does not print shows as �.
pub(super) fn shown(name: &OsStr) -> String {
    let visible = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    name.to_string_lossy().chars().map(visible).collect()
}

fn is_settling(stamp: Stamp) -> bool {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as i64);
    [stamp.modified, stamp.changed]
        .iter()
        .any(|time| (now - time).abs() < SETTLING)
}
