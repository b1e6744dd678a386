//! A disk that is full: a clear error, and nothing left.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::specimen::{self, at, open};

/// A file system of 4 MiB; gone when dropped.
pub(crate) struct Small(tempfile::TempDir);

impl Small {
    /// Mounts it; where that is not allowed, the test is skipped loudly, or fails where real parts are required.
    pub(crate) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m,mode=700", "atlas-test"]);
        if mount
            .arg(folder.path())
            .output()
            .is_ok_and(|it| it.status.success())
        {
            return Some(Self(folder));
        }
        assert!(
            std::env::var("ATLAS_TEST_REQUIRE_REAL").as_deref() != Ok("1"),
            "a small file system cannot be mounted, and real parts are required"
        );
        eprintln!("SKIPPED: no test on a full disk: mounting is not allowed");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_left() {
    let Some(disk) = Small::mount() else { return };
    let repository = open(disk.path()).await;

    let mut draft = repository.begin("20261123T000001Z").await.unwrap();
    let mut writer = draft.file("mongodb.archive").unwrap();
    let error = writer.write_all(&vec![1; 8 << 20]).unwrap_err();
    assert_eq!(
        atlas_backup::error::words(&error),
        "no space left on the file system"
    );
    drop((writer, draft));
    assert_eq!(specimen::names(disk.path()), [""; 0]);

    // The archive fits, and its manifest does not.
    let mut draft = repository.begin("20261123T000001Z").await.unwrap();
    let mut writer = draft.file("mongodb.archive").unwrap();
    let mut size = 0;
    while let Ok(written) = writer.write(&[1; 4096]) {
        size += written;
    }
    let manifest = specimen::manifest(at(1), &vec![1; size]);
    let error = draft.publish(&manifest).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("failed to write `"), "{text}");
    assert!(
        text.ends_with("/manifest.json`: no space left on the file system"),
        "{text}"
    );
    assert_eq!(specimen::names(disk.path()), [""; 0]);
}
