//! The image that atlas makes of its own executable: no Dockerfile, no base image, no registry. Owns what is in it and its
//! content address; handing it to the engine is `image`'s part.
//!
//! A dynamically linked executable takes the libraries along that this very process has loaded (`/proc/self/maps`) and the
//! loader its ELF header names, so any build of atlas makes a working image of itself.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use sha2::{Digest, Sha256};

use super::endpoint::hex;
use crate::model::ImageRef;

/// Repository of the image.
const REPOSITORY: &str = "atlas-builtin";
/// Where the executable lies in the image.
const PROGRAM: &str = "atlas";
/// User and group of the services; `/data` belongs to them, so that a new volume there does too.
const USER: u32 = 10001;
/// Bytes read from a file at once while streaming.
const CHUNK: usize = 256 * 1024;
const BLOCK: usize = 512;
/// Marks the image as atlas' own.
pub(super) const LABEL: &str = "ai.atlas.builtin";
/// Between two looks at a lock that another process holds.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// The image, addressed by what is in it.
#[derive(Debug, Clone)]
pub struct Builtin {
    reference: ImageRef,
    files: Vec<Entry>,
    /// Held while the image is made.
    lock: Option<PathBuf>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Path in the image, without the leading slash.
    path: String,
    source: PathBuf,
    size: u64,
}

impl Builtin {
    /// Describes the image of an executable. The digest of an unchanged executable is remembered in `cache`.
    pub fn of(executable: &Path, cache: Option<&Path>) -> io::Result<Self> {
        let mut sources = vec![(PROGRAM.to_owned(), executable.to_owned())];
        if let Some(loader) = interpreter(executable)? {
            for library in loaded_libraries()? {
                sources.push((inside(&library), library));
            }
            sources.push((inside(&loader), loader));
        }
        let mut files = Vec::new();
        let mut identity = format!("{}\n", env!("CARGO_PKG_VERSION"));
        for (path, source) in sources {
            let meta = fs::metadata(&source)?;
            let (inode, modified) = (meta.ino(), meta.mtime_nsec() + meta.mtime() * 1_000_000_000);
            identity += &format!("{path} {} {inode} {modified}\n", meta.size());
            files.push(Entry {
                path,
                source,
                size: meta.size(),
            });
        }
        let digest = match cache.and_then(|file| remembered(file, &identity)) {
            Some(digest) => digest,
            None => {
                let digest = digest(&files)?;
                if let Some(file) = cache {
                    remember(file, &identity, &digest);
                }
                digest
            }
        };
        let tag = format!("{}-{}", env!("CARGO_PKG_VERSION"), &digest[..12]);
        Ok(Self {
            reference: ImageRef::new(format!("{REPOSITORY}:{tag}")),
            files,
            lock: cache.map(|file| file.with_extension("lock")),
        })
    }

    /// `atlas-builtin:<version>-<digest>`.
    pub fn reference(&self) -> &ImageRef {
        &self.reference
    }

    /// Repository and tag apart, as the engine's import wants them.
    pub(super) fn name(&self) -> (&str, &str) {
        let text = self.reference.as_str();
        text.split_once(':').unwrap_or((text, "latest"))
    }

    /// Waits until no other atlas of this user makes the image. Each import gives it another id, and the tag would leave
    /// the containers that the first one's `up` has made. Without a cache folder nobody waits for anybody.
    pub(super) async fn alone(&self) -> Option<File> {
        let path = self.lock.as_ref()?;
        fs::create_dir_all(path.parent()?).ok()?;
        let file = File::create(path).ok()?;
        while let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Some(file)
    }

    /// Instructions for the engine's import.
    pub(super) fn changes() -> Vec<String> {
        vec![
            format!("ENTRYPOINT [\"/{PROGRAM}\"]"),
            format!("USER {USER}:{USER}"),
            format!("LABEL {LABEL}=true"),
            "ENV PATH=/".to_owned(),
        ]
    }

    /// The image's root as a tar stream; only one chunk is in memory at a time.
    pub(super) fn tar(&self) -> impl Stream<Item = Bytes> + Send + 'static {
        let mut parts: Vec<Part> = Vec::new();
        for (path, mode, owner) in [("data/", 0o750, USER), ("tmp/", 0o1777, 0)] {
            parts.push(Part::Bytes(header(
                path,
                mode,
                owner,
                0,
                tar::EntryType::Directory,
            )));
        }
        for (path, text) in [
            (
                "etc/passwd",
                format!("root:x:0:0::/:\natlas:x:{USER}:{USER}::/data:\n"),
            ),
            ("etc/group", format!("root:x:0:\natlas:x:{USER}:\n")),
            ("etc/nsswitch.conf", "hosts: files dns\n".to_owned()),
        ] {
            let size = text.len() as u64;
            parts.push(Part::Bytes(header(
                path,
                0o644,
                0,
                size,
                tar::EntryType::Regular,
            )));
            parts.push(Part::Bytes(padded(text.into_bytes())));
        }
        for entry in &self.files {
            parts.push(Part::Bytes(header(
                &entry.path,
                0o755,
                0,
                entry.size,
                tar::EntryType::Regular,
            )));
            parts.push(Part::File(entry.source.clone(), entry.size));
        }
        parts.push(Part::Bytes(vec![0; 2 * BLOCK]));
        parts.reverse();
        stream::unfold((parts, None), |(parts, open)| async {
            next_chunk(parts, open)
        })
    }
}

enum Part {
    Bytes(Vec<u8>),
    File(PathBuf, u64),
}

type Open = Option<(File, u64)>;

/// A file that shrinks or cannot be read ends the stream early: the engine then refuses the archive.
fn next_chunk(mut parts: Vec<Part>, open: Open) -> Option<(Bytes, (Vec<Part>, Open))> {
    let (mut file, left) = match open {
        Some(open) => open,
        None => match parts.pop()? {
            Part::Bytes(bytes) => return Some((bytes.into(), (parts, None))),
            Part::File(path, size) => (File::open(path).ok()?, size),
        },
    };
    let mut chunk = vec![0; CHUNK.min(usize::try_from(left).ok()?)];
    file.read_exact(&mut chunk).ok()?;
    let left = left - chunk.len() as u64;
    if left > 0 {
        return Some((chunk.into(), (parts, Some((file, left)))));
    }
    Some((padded(chunk).into(), (parts, None)))
}

/// Fills up the last block. All chunks before are multiples of a block.
fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn header(path: &str, mode: u32, owner: u32, size: u64, kind: tar::EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    // Paths here are short: the program, a loader, system libraries.
    let _ = header.set_path(path);
    header.set_mode(mode);
    header.set_uid(owner.into());
    header.set_gid(owner.into());
    header.set_size(size);
    header.set_mtime(0);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn inside(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').to_owned()
}

/// The loader that an ELF64 little-endian executable names (`PT_INTERP`); `None` for a static one.
fn interpreter(executable: &Path) -> io::Result<Option<PathBuf>> {
    const PT_INTERP: u64 = 3;
    let mut head = Vec::new();
    File::open(executable)?
        .take(64 * 1024)
        .read_to_end(&mut head)?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return Err(io::Error::other("not a 64-bit Linux executable"));
    }
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let slice = head.get(at..at + bytes)?;
        Some(
            slice
                .iter()
                .rev()
                .fold(0, |n, byte| n << 8 | u64::from(*byte)),
        )
    };
    let find = || {
        let table = usize::try_from(number(32, 8)?).ok()?;
        let size = usize::try_from(number(54, 2)?).ok()?;
        let count = usize::try_from(number(56, 2)?).ok()?;
        for at in (0..count).map(|index| table + index * size) {
            if number(at, 4)? == PT_INTERP {
                let offset = usize::try_from(number(at + 8, 8)?).ok()?;
                let length = usize::try_from(number(at + 32, 8)?).ok()?;
                let name = head.get(offset..offset + length)?;
                let name = std::str::from_utf8(name).ok()?.trim_end_matches('\0');
                return Some(PathBuf::from(name));
            }
        }
        None
    };
    Ok(find())
}

/// Shared libraries mapped into this process, the loader excepted.
fn loaded_libraries() -> io::Result<BTreeSet<PathBuf>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let paths = maps.lines().filter_map(|line| {
        let path = line.split_whitespace().nth(5)?;
        let name = path.rsplit('/').next()?;
        let library = path.starts_with('/') && name.contains(".so") && !name.starts_with("ld-");
        library.then(|| PathBuf::from(path))
    });
    Ok(paths.collect())
}

fn digest(files: &[Entry]) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    for entry in files {
        hash.update(format!("{} {}\n", entry.path, entry.size));
        let mut file = File::open(&entry.source)?;
        loop {
            match file.read(&mut chunk)? {
                0 => break,
                read => hash.update(&chunk[..read]),
            }
        }
    }
    Ok(hex(&hash.finalize()))
}

fn remembered(cache: &Path, identity: &str) -> Option<String> {
    let text = fs::read_to_string(cache).ok()?;
    let (known, digest) = text.rsplit_once("digest ")?;
    (known == identity && digest.len() == 64).then(|| digest.to_owned())
}

/// A cache that cannot be written costs a few milliseconds next time and nothing else.
fn remember(cache: &Path, identity: &str, digest: &str) {
    let temporary = cache.with_extension(format!("{}", std::process::id()));
    let write = || {
        fs::create_dir_all(cache.parent()?).ok()?;
        fs::write(&temporary, format!("{identity}digest {digest}")).ok()?;
        fs::rename(&temporary, cache).ok()
    };
    let _ = write();
}
