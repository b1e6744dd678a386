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

/// Whether it is a moment, as backups are named after: `20261123T041500Z`.
pub(super) fn is_moment(name: &str) -> bool {
    let digit = |at: usize| name.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    name.len() == 16
        && (0..8).chain(9..15).all(digit)
        && name.as_bytes()[8] == b'T'
        && name.ends_with('Z')
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
