//! Whether a folder has room for a backup, before its first byte. Stores elsewhere do not tell.

use std::path::Path;

use atlas_backup::codec::Compression;
use atlas_backup::mongo::estimate::Size;
use atlas_backup::repository::Location;

use crate::error::Error;
use crate::report::bytes;

/// Refuses when the estimate does not fit. What the server keeps on its disk is compressed, about as much as a backup is.
pub(super) fn check(
    location: &Location,
    size: Size,
    compression: Compression,
) -> Result<(), Error> {
    let Location::Folder(folder) = location else {
        return Ok(());
    };
    let needed = match compression {
        Compression::None => size.data,
        _ => size.stored.min(size.data),
    };
    let Some(free) = free(folder) else {
        return Ok(());
    };
    if needed <= free {
        return Ok(());
    }
    let message = format!(
        "failed to back up into `{}`: about {} are needed, {} are free",
        folder.display(),
        bytes(needed),
        bytes(free)
    );
    Err(Error::failed(message)
        .hint("make room, choose another place by --to, or take less by --databases"))
}

/// Bytes that are free for us where the folder is or will be; `None` where nobody tells.
fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|path| path.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_does_not_fit_is_refused_before_it_begins() {
        let folder = Location::Folder(std::env::temp_dir().join("not-there/yet"));
        let size = |stored| Size {
            data: u64::MAX,
            stored,
        };
        assert_eq!(check(&folder, size(1), Compression::GZIP), Ok(()));
        let error = check(&folder, size(1 << 60), Compression::GZIP).expect_err("no such disk");
        let words = "/not-there/yet`: about 1048576.0 TiB are needed, ";
        assert!(error.message.contains(words), "{}", error.message);
        check(&folder, size(1), Compression::None).expect_err("all of the data is needed");
    }
}
