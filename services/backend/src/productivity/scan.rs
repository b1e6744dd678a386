//! One pass over the folders: what is new or changed is read, what is gone is forgotten. Owns which files count.
//!
//! Why passes and not notices from the kernel: changes on the other side of a bind mount (Docker Desktop's shared folders, NFS, SMB) raise
//! none, a watch is needed for each folder of the tree out of a number that the whole machine shares, and when its queue overflows a
//! pass is needed anyway. A pass over unchanged files only looks at their inodes.

use std::ffi::{CStr, OsStr};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::extract::{Extractor, Unread};
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
/// Where browsers keep their profiles: nothing but those counts.
const PROFILES: [&CStr; 2] = [c"Local State", c"profiles.ini"];
/// Marks folders that programs can make again: <https://bford.info/cachedir/>
const CACHE: &CStr = c"CACHEDIR.TAG";
/// Why something of a browser is left out.
const BROWSER: &str = "of a browser's profile";
/// The outcome of a file whose contents are searched.
const READ: &str = "read";

/// A folder that is still to be looked at.
#[derive(Default)]
struct Waiting {
    /// Relative to the configured folder.
    path: PathBuf,
    /// It lies where a browser keeps its profiles.
    is_profile_or_nothing: bool,
}

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
    /// Time that went into resting and into files that had changed: a pass over unchanged folders takes none of it.
    pub(super) aside: Duration,
    pub(super) files: u64,
}

impl Pass<'_> {
    /// Goes through one folder. `Ok(false)` if it was stopped.
    pub(super) fn folder(&mut self, folder: &Folder, root: &Root) -> Result<bool, IndexError> {
        let mut waiting = vec![Waiting::default()];
        while let Some(next) = waiting.pop() {
            match root.list(&next.path) {
                Ok(listing) => {
                    if !self.listing(folder, root, &next, listing, &mut waiting)? {
                        return Ok(false);
                    }
                }
                Err(_) => self.skip(Unread::Forbidden.word(), folder, &next.path),
            }
        }
        self.index.forget_unseen(&folder.name)?;
        Ok(true)
    }

    fn listing(
        &mut self,
        folder: &Folder,
        root: &Root,
        at: &Waiting,
        (descriptor, listing): (OwnedFd, rustix::fs::Dir),
        waiting: &mut Vec<Waiting>,
    ) -> Result<bool, IndexError> {
        let has = |name: &CStr| matches!(root.look(&descriptor, name), Ok(Seen::File(_)));
        let profile = PROFILE.into_iter().any(has);
        let profiles = PROFILES.into_iter().any(has);
        let left_out = match at.is_profile_or_nothing && !profile {
            true => Some(BROWSER),
            false => has(CACHE).then_some("cache folder"),
        };
        if let Some(reason) = left_out {
            self.skip(reason, folder, &at.path);
            return Ok(true);
        }
        for entry in listing {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let Ok(entry) = entry else {
                self.skip(Unread::Forbidden.word(), folder, &at.path);
                break;
            };
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let path = at.path.join(name);
            let counts = Kind::of(&path).is_bookmarks() || !(profile || profiles);
            if name == "." || name == ".." {
                continue;
            }
            if let Some(reason) = self.left_out(name) {
                self.skip(reason, folder, &path);
                continue;
            }
            match root.look(&descriptor, entry.file_name()) {
                Ok(Seen::Folder) if !profile => waiting.push(Waiting {
                    path,
                    is_profile_or_nothing: profiles,
                }),
                Ok(Seen::File(stamp)) if counts => self.file(folder, root, &path, stamp)?,
                Ok(Seen::Folder | Seen::File(_)) => self.skip(BROWSER, folder, &path),
                Ok(Seen::Link) => self.skip("symbolic link", folder, &path),
                Ok(Seen::Special) => self.skip("not a file", folder, &path),
                Ok(Seen::Elsewhere) => self.skip("on another file system", folder, &path),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(_) => self.skip(Unread::Forbidden.word(), folder, &path),
            }
        }
        Ok(true)
    }

    /// Why a name does not count. Hidden files are where programs keep settings and secrets.
    fn left_out(&self, name: &OsStr) -> Option<&'static str> {
        let excluded = || {
            self.exclude
                .iter()
                .any(|excluded| OsStr::new(excluded) == name)
        };
        match name.as_bytes() {
            [b'.', ..] => Some("hidden"),
            _ => excluded().then_some("excluded by its name"),
        }
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
            return self.index.commit_if_due().map(|_| ());
        }
        let begun = Instant::now();
        let outcome = self.changed(folder, root, path, stamp, known.map(|known| known.id));
        self.aside += begun.elapsed();
        outcome
    }

    /// Reads a file that is new or not what it was.
    fn changed(
        &mut self,
        folder: &Folder,
        root: &Root,
        path: &Path,
        stamp: Stamp,
        known: Option<i64>,
    ) -> Result<(), IndexError> {
        let kind = Kind::of(path);
        let (stamp, documents) = match root.file(path) {
            Ok((file, now)) => (
                now,
                self.extractor.extract(kind, file, now.size.unsigned_abs()),
            ),
            // It went, or became something else, since the look: the next pass will see.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => {
                return Ok(());
            }
            Err(_) => (stamp, Err(Unread::Forbidden)),
        };
        let again = documents.as_ref().is_err_and(|why| why.may_pass()) || is_settling(stamp);
        let stamp = if again { stamp.never() } else { stamp };
        let outcome = documents.as_ref().map_or_else(|why| why.word(), |_| READ);
        if outcome != READ {
            self.skip(outcome, folder, path);
        }
        let entry = Entry {
            folder: &folder.name,
            path: path.as_os_str().as_bytes(),
            stamp,
            outcome,
            kind: called(kind, outcome == READ),
            title: &shown(path.file_name().unwrap_or_default()),
            documents: &documents.unwrap_or_default(),
        };
        self.index.put(known, &entry)?;
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
        let begun = Instant::now();
        std::thread::sleep(REST);
        while self.searches.load(Ordering::Relaxed) > 0 && begun.elapsed() < COURTESY {
            std::thread::sleep(REST / 10);
        }
        self.rested = Instant::now();
        self.aside += begun.elapsed();
    }
}

/// What results call the type of a file.
fn called(kind: Kind, read: bool) -> &'static str {
    match kind {
        kind if kind.is_bookmarks() && read => "bookmark",
        Kind::Unknown if read => Kind::Text.word(),
        kind if kind.is_bookmarks() => Kind::Opaque.word(),
        kind => kind.word(),
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
