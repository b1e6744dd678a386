//! Names of backups and of their files: plain file names, so that none leads out of its folder.

use super::{MANIFEST, PINNED, VERIFIED};
use crate::{Error, Kind};

/// The longest name; with what drafts put around it, every file system takes it.
const LONGEST: usize = 100;

/// Whether it is letters, digits, `.`, `-` and `_`, and does not begin with a full stop or hyphen.
pub(super) fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with(['.', '-'])
        && name.chars().all(allowed)
}

/// That a backup may be called so.
pub(super) fn check_id(id: &str) -> Result<(), Error> {
    if is_plain(id) && id != "latest" {
        return Ok(());
    }
    Err(refusal(id, "this is no name of a backup"))
}

/// That a file of a backup may be called so.
pub(super) fn check_file(name: &str) -> Result<(), Error> {
    if is_plain(name) && ![MANIFEST, VERIFIED, PINNED].contains(&name) {
        return Ok(());
    }
    Err(refusal(name, "this is no name of a file in a backup"))
}

fn refusal(name: &str, cause: &str) -> Error {
    Error::new(Kind::Usage, "use", name, cause).hint("letters, digits, `.`, `-` and `_`")
}
