//! The process that parses one file and ends: the file on its standard input, documents as JSON on its standard output. It bounds
//! itself before it reads the first byte, so that whoever started it only has to wait.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Document, Unread, bookmarks, office, pdf};
use crate::productivity::kind::Kind;

/// Exit codes; everything else is a file that is damaged.
pub(super) const EMPTY: i32 = 3;
/// See [`EMPTY`].
pub(super) const EXHAUSTED: i32 = 4;
/// See [`EMPTY`].
pub(super) const NOT_READABLE: i32 = 5;

/// Memory it may have, in bytes.
const MEMORY: u64 = 160 * 1024 * 1024;
/// Seconds of a processor.
const PROCESSOR: u64 = 10;
/// However slowly the file comes, or however busy the machine is.
const TIME: Duration = Duration::from_secs(60);

/// Parses standard input as `kind`.
pub fn run(kind: &str) -> ExitCode {
    let limited = [
        (Resource::Data, MEMORY),
        (Resource::Cpu, PROCESSOR),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
    ]
    .into_iter()
    .all(|(resource, most)| {
        setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
        .is_ok()
    });
    std::thread::spawn(|| {
        std::thread::sleep(TIME);
        std::process::exit(EXHAUSTED);
    });
    let (Some(kind), true) = (Kind::named(kind), limited) else {
        return ExitCode::FAILURE;
    };
    let Ok(file) = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(File::from)
    else {
        return ExitCode::FAILURE;
    };
    let code = match documents(kind, file) {
        Ok(documents) => match serde_json::to_vec(&documents) {
            Ok(answer) if std::io::stdout().lock().write_all(&answer).is_ok() => {
                return ExitCode::SUCCESS;
            }
            _ => return ExitCode::FAILURE,
        },
        Err(Unread::Empty) => EMPTY,
        Err(Unread::Exhausting) => EXHAUSTED,
        Err(Unread::Forbidden) => NOT_READABLE,
        Err(_) => return ExitCode::FAILURE,
    };
    ExitCode::from(code as u8)
}

/// The documents of a file whose format has structure.
pub(super) fn documents(kind: Kind, file: File) -> Result<Vec<Document>, Unread> {
    match kind {
        Kind::Pdf => pdf::document(file).map(|document| vec![document]),
        Kind::ChromeBookmarks => bookmarks::chrome(file),
        Kind::FirefoxBookmarks => bookmarks::firefox(file),
        _ => office::document(file).map(|document| vec![document]),
    }
}
