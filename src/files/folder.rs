//! One open folder. Everything is done relative to its descriptor and without following symbolic links, so that nobody can
//! swap a folder between check and use.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{self, FileType, Gid, Mode, OFlags};
use rustix::io::Errno;

use super::FileError;

/// An open folder and the path it was opened by, for messages.
pub(super) struct Folder {
    descriptor: OwnedFd,
    path: PathBuf,
}

/// Who may do what with a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    /// Permission bits.
    pub(super) mode: u32,
    /// The group that it is given to, where that can be done.
    pub(super) group: Option<u32>,
}

impl Rights {
    /// The bits a file gets: its own when it can be given to its group, else the group's opened to everyone.
    pub(super) fn bits(self, given: bool) -> u32 {
        match self.group {
            Some(_) if !given => self.mode | (self.mode & 0o070) >> 3,
            _ => self.mode,
        }
    }
}

/// What stands under a name.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A symbolic link; it is never followed.
    Link,
    /// A regular file.
    File {
        contents: Vec<u8>,
        mode: u32,
        group: u32,
    },
}

/// Whether files can be given to other groups.
pub(super) fn privileged() -> bool {
    rustix::process::geteuid().is_root()
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl Folder {
    /// Opens the project directory itself, which may be reached by links; with `create` it is made when missing.
    pub(super) fn open(path: &Path, create: bool) -> Result<Self, FileError> {
        let failed = |operation, cause| FileError::System {
            operation,
            path: path.to_owned(),
            cause,
        };
        if create {
            std::fs::create_dir_all(path).map_err(|cause| failed("create the folder", cause))?;
        }
        let descriptor = fs::open(path, DIRECTORY, Mode::empty())
            .map_err(|errno| failed("open the folder", errno.into()))?;
        Ok(Self {
            descriptor,
            path: path.to_owned(),
        })
    }

    /// Opens a folder in this one; with `create` it is made when missing, and a `private` one is closed to others.
    pub(super) fn enter(&self, name: &str, create: bool, private: bool) -> Result<Self, FileError> {
        let path = self.path.join(name);
        let failed =
            |operation: &'static str, errno| FileError::system(operation, path.clone(), errno);
        let mode = Mode::from_raw_mode(if private { 0o700 } else { 0o755 });
        if create {
            match fs::mkdirat(&self.descriptor, name, mode) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(failed("create the folder", errno)),
            }
        }
        let flags = DIRECTORY | OFlags::NOFOLLOW;
        let descriptor =
            fs::openat(&self.descriptor, name, flags, Mode::empty()).map_err(|errno| match self
                .file_type(name)
            {
                Ok(FileType::Symlink) => FileError::Link { path: path.clone() },
                _ => failed("open the folder", errno),
            })?;
        if create && private {
            let stat = fs::fstat(&descriptor).map_err(|errno| failed("inspect", errno))?;
            if stat.st_mode & 0o077 != 0 {
                fs::fchmod(&descriptor, mode).map_err(|errno| failed("close to others", errno))?;
            }
        }
        Ok(Self { descriptor, path })
    }

    /// Reads what stands under a name.
    pub(super) fn find(&self, name: &str) -> Result<Found, FileError> {
        let path = self.path.join(name);
        match self.file_type(name) {
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(errno) => return Err(FileError::system("inspect", path, errno)),
            Ok(FileType::Symlink) => return Ok(Found::Link),
            Ok(FileType::RegularFile) => {}
            Ok(FileType::Directory) => {
                let kind = "folder";
                return Err(FileError::NotAFile { path, kind });
            }
            Ok(_) => {
                let kind = "device, pipe or socket";
                return Err(FileError::NotAFile { path, kind });
            }
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let failed = |errno| FileError::system("read", path.clone(), errno);
        let descriptor =
            fs::openat(&self.descriptor, name, flags, Mode::empty()).map_err(failed)?;
        let stat = fs::fstat(&descriptor).map_err(failed)?;
        let mut contents = Vec::new();
        File::from(descriptor)
            .read_to_end(&mut contents)
            .map_err(|cause| FileError::System {
                operation: "read",
                path,
                cause,
            })?;
        Ok(Found::File {
            contents,
            mode: stat.st_mode & 0o7777,
            group: stat.st_gid,
        })
    }

    /// Puts contents under a name: a new file beside it, on disk, then renamed. Readers see the old or the new one.
    pub(super) fn replace(
        &self,
        name: &str,
        contents: &[u8],
        rights: Rights,
    ) -> Result<(), FileError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = format!(".{name}.atlas-{}-{number}", std::process::id());
        let result = self.fill(&temporary, contents, rights).and_then(|()| {
            fs::renameat(&self.descriptor, &temporary, &self.descriptor, name)?;
            // A file system that cannot sync folders has renamed all the same.
            let _ = fs::fsync(&self.descriptor);
            Ok(())
        });
        result.map_err(|cause: std::io::Error| {
            let _ = fs::unlinkat(&self.descriptor, &temporary, fs::AtFlags::empty());
            FileError::System {
                operation: "write",
                path: self.path.join(name),
                cause,
            }
        })
    }

    fn fill(&self, name: &str, contents: &[u8], rights: Rights) -> std::io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let created = fs::openat(&self.descriptor, name, flags, Mode::from_raw_mode(0o600))?;
        let mut file = File::from(created);
        file.write_all(contents)?;
        let given = match rights.group {
            Some(group) if privileged() => {
                // Root without CAP_CHOWN or on a squashing NFS is like anybody else.
                fs::fchown(&file, None, Some(Gid::from_raw(group))).is_ok()
            }
            _ => false,
        };
        fs::fchmod(&file, Mode::from_raw_mode(rights.bits(given)))?;
        file.sync_all()
    }

    fn file_type(&self, name: &str) -> Result<FileType, Errno> {
        let stat = fs::statat(&self.descriptor, name, fs::AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(FileType::from_raw_mode(stat.st_mode))
    }
}

/// Sets the permission bits of the file itself.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), FileError> {
    let failed = |errno| FileError::system("change the mode of", path.to_owned(), errno);
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
    rustix::fs::fchmod(file, Mode::from_bits_truncate(mode)).map_err(failed)
}
