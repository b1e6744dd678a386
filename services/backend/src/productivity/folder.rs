//! A mounted folder, and the only way to anything in it. Everything is opened relative to the folder's own descriptor and no
//! symbolic link is ever followed, so a link, `..` or a rename between look and open cannot lead out of it.
//!
//! It decides nothing about which files are worth reading.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// Read only; a pipe or a terminal that slips in between look and open neither blocks nor becomes ours.
const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A folder as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// The last part of its path; what results and filters call it.
    pub name: String,
    /// Absolute.
    pub path: PathBuf,
    /// What stands before a file's path in the address of a result, without a slash at its end.
    pub url: String,
}

/// An open folder.
pub(super) struct Root {
    descriptor: OwnedFd,
    device: u64,
}

/// What tells whether a file has changed. The inode and the time of its change of status tell what a kept time of modification hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: i64,
    /// Nanoseconds since 1970.
    pub(super) modified: i64,
    /// Nanoseconds since 1970.
    pub(super) changed: i64,
    pub(super) inode: i64,
}

impl Stamp {
    /// The stamp of a file that must be read again whatever it looks like.
    pub(super) fn never(self) -> Self {
        Self {
            changed: 0,
            inode: -1,
            ..self
        }
    }
}

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Folder,
    File(Stamp),
    Link,
    /// A pipe, a socket, a device.
    Special,
    /// Another file system is mounted there.
    Elsewhere,
}

impl Root {
    /// Opens the folder itself; its own path may lead through links, because it is the operator's word.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY;
        let descriptor = fs::open(path, flags, Mode::empty())?;
        let device = fs::fstat(&descriptor)?.st_dev;
        Ok(Self { descriptor, device })
    }

    /// The folder at `path` (relative; empty for the root), for listing.
    pub(super) fn list(&self, path: &Path) -> io::Result<(OwnedFd, Dir)> {
        let folder = self.beneath(path, FLAGS | OFlags::DIRECTORY)?;
        let listing = Dir::read_from(&folder)?;
        Ok((folder, listing))
    }

    /// What `name` in the open `folder` is; links are looked at, not through.
    pub(super) fn look(
        &self,
        folder: impl AsFd,
        name: impl rustix::path::Arg,
    ) -> io::Result<Entry> {
        let stat = fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            _ if stat.st_dev != self.device => Entry::Elsewhere,
            FileType::Directory => Entry::Folder,
            FileType::RegularFile => Entry::File(stamp(&stat)),
            FileType::Symlink => Entry::Link,
            _ => Entry::Special,
        })
    }

    /// Opens the regular file at `path`, with its stamp as of now.
    ///
    /// # Errors
    /// `InvalidInput` if it is no regular file, or not in this folder.
    pub(super) fn file(&self, path: &Path) -> io::Result<(File, Stamp)> {
        let file = self.beneath(path, FLAGS)?;
        let stat = fs::fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile
            || stat.st_dev != self.device
        {
            return Err(ErrorKind::InvalidInput.into());
        }
        Ok((File::from(file), stamp(&stat)))
    }

    fn beneath(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let opened = at_once(self.descriptor.as_fd(), path, flags);
        match opened {
            // Before Linux 5.6, or kept from us by the engine's filter of system calls.
            Err(Errno::NOSYS | Errno::PERM) => {
                Ok(step_by_step(self.descriptor.as_fd(), path, flags)?)
            }
            opened => Ok(opened?),
        }
    }
}

/// The kernel itself holds the whole path beneath the folder, on one file system, bind mounts included.
#[cfg(target_os = "linux")]
fn at_once(root: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    fs::openat2(root, path, flags, Mode::empty(), resolve)
}

#[cfg(not(target_os = "linux"))]
fn at_once(_: impl AsFd, _: &Path, _: OFlags) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// The same with older means: one name at a time, from the descriptor of the last, never through a link.
fn step_by_step(root: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            _ => return Err(Errno::XDEV),
        }
    }
    let Some((last, folders)) = names.split_last() else {
        return fs::openat(root, ".", flags, Mode::empty());
    };
    let mut at = fs::openat(root, ".", FLAGS | OFlags::DIRECTORY, Mode::empty())?;
    for name in folders {
        at = fs::openat(&at, *name, FLAGS | OFlags::DIRECTORY, Mode::empty())?;
    }
    fs::openat(&at, *last, flags, Mode::empty())
}

fn stamp(stat: &Stat) -> Stamp {
    let nanoseconds =
        |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Stamp {
        size: stat.st_size,
        modified: nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64),
        inode: stat.st_ino as i64,
    }
}

#[cfg(test)]
mod tests {
    use std::fs as std_fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> (tempfile::TempDir, Root) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("folder");
        std_fs::create_dir_all(folder.join("sub")).unwrap();
        std_fs::write(folder.join("sub/inside.txt"), "inside").unwrap();
        std_fs::write(outer.path().join("secret.txt"), "secret").unwrap();
        symlink("../secret.txt", folder.join("link.txt")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink(outer.path(), folder.join("absolute")).unwrap();
        symlink("sub", folder.join("within")).unwrap();
        let root = Root::open(&folder).unwrap();
        (outer, root)
    }

    type Way = fn(&Root, &str) -> Result<OwnedFd, Errno>;
    const WAYS: [Way; 2] = [
        |root, path| at_once(root.descriptor.as_fd(), Path::new(path), FLAGS),
        |root, path| step_by_step(root.descriptor.as_fd(), Path::new(path), FLAGS),
    ];

    #[test]
    fn nothing_outside_is_opened_by_either_way() {
        let (outer, root) = tree();
        let absolute = outer.path().join("secret.txt");
        for way in WAYS {
            assert!(way(&root, "sub/inside.txt").is_ok());
            for path in [
                "link.txt",
                "up/secret.txt",
                "absolute/secret.txt",
                "../secret.txt",
                "sub/../../secret.txt",
                absolute.to_str().unwrap(),
                "within/inside.txt",
            ] {
                assert!(way(&root, path).is_err(), "{path}");
            }
        }
    }

    #[test]
    fn a_folder_that_becomes_a_link_while_it_is_walked_leads_nowhere() {
        let (outer, root) = tree();
        let sub = outer.path().join("folder/sub");
        let (folder, _) = root.list(Path::new("sub")).unwrap();
        std_fs::rename(&sub, outer.path().join("folder/moved")).unwrap();
        symlink(outer.path(), &sub).unwrap();
        std_fs::write(outer.path().join("inside.txt"), "outside").unwrap();
        assert!(root.file(Path::new("sub/inside.txt")).is_err());
        assert!(matches!(
            root.look(&folder, "inside.txt").unwrap(),
            Entry::File(_)
        ));
    }

    #[test]
    fn a_name_that_changes_between_two_things_is_never_followed() {
        let (outer, root) = tree();
        let name = outer.path().join("folder/flip");
        let flipping = std::sync::atomic::AtomicBool::new(true);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while flipping.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = std_fs::remove_file(&name);
                    let _ = symlink("../secret.txt", &name);
                    let _ = std_fs::remove_file(&name);
                    let _ = std_fs::write(&name, "inside");
                }
            });
            for _ in 0..5_000 {
                if let Ok((mut file, _)) = root.file(Path::new("flip")) {
                    let mut text = String::new();
                    io::Read::read_to_string(&mut file, &mut text).unwrap();
                    assert_ne!(text, "secret");
                }
            }
            flipping.store(false, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn a_pipe_is_seen_as_special_and_opening_one_does_not_wait() {
        let (outer, root) = tree();
        let pipe = outer.path().join("folder/pipe");
        fs::mkfifoat(fs::CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        let (folder, _) = root.list(Path::new("")).unwrap();
        assert_eq!(root.look(&folder, "pipe").unwrap(), Entry::Special);
        assert_eq!(root.look(&folder, "link.txt").unwrap(), Entry::Link);
        assert_eq!(root.look(&folder, "sub").unwrap(), Entry::Folder);
        assert_eq!(
            root.file(Path::new("pipe")).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert!(root.file(Path::new("sub")).is_err(), "a folder is no file");
    }
}
