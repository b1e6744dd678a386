//! A repository in a folder: what is listed, found, refused, and left behind.

mod crash;
pub(crate) mod full;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::specimen::{self, at, backup, open};
use atlas_backup::Kind;
use atlas_backup::manifest::{Verdict, Verified};
use atlas_backup::repository::{Listed, Repository};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn ids(listed: &[Listed]) -> Vec<&str> {
    listed.iter().map(Listed::id).collect()
}

async fn reasons(repository: &Repository) -> Vec<String> {
    let listed = repository.list().await.unwrap();
    let reason = |one| match one {
        Listed::Broken { id, reason } => format!("{id}: {reason}"),
        Listed::Whole(entry) => format!("{}: whole", entry.manifest.id),
    };
    listed.into_iter().map(reason).collect()
}

#[tokio::test]
async fn a_backup_is_there_once_it_is_published() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("backups");
    let repository = open(&root).await;
    assert_eq!(repository.list().await.unwrap(), []);

    let _lock = repository.lock("atlas backup create").await.unwrap();
    let (draft, manifest) = specimen::draft(&repository, at(1), b"an archive").await;
    assert_eq!(repository.list().await.unwrap(), []);
    draft.publish(&manifest).await.unwrap();

    let entry = repository.find("latest").await.unwrap();
    assert_eq!(entry.manifest, manifest);
    assert_eq!((entry.size, entry.pinned), (10, false));
    let mut text = String::new();
    let mut reader = repository
        .read(&manifest.id, "mongodb.archive")
        .await
        .unwrap();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "an archive");

    let folder = root.join(&manifest.id);
    assert_eq!((mode(&root), mode(&folder)), (0o700, 0o700));
    for file in ["manifest.json", "mongodb.archive"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    assert_eq!(specimen::names(&root), [".lock", &manifest.id]);
}

#[tokio::test]
async fn a_draft_that_is_given_up_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    let (draft, _) = specimen::draft(&repository, at(1), b"an archive").await;
    drop(draft);
    let (draft, _) = specimen::draft(&repository, at(1), b"an archive").await;
    draft.discard().await;
    assert_eq!(specimen::names(home.path()), [""; 0]);

    let (draft, mut manifest) = specimen::draft(&repository, at(1), b"an archive").await;
    manifest.mongodb.as_mut().unwrap().file.size = 11;
    let error = draft.publish(&manifest).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to publish `20261123T000001Z`: mongodb.archive has 10 bytes instead of 11"
    );
    assert_eq!(specimen::names(home.path()), [""; 0]);
}

#[tokio::test]
async fn it_is_found_by_id_by_the_beginning_of_one_and_as_latest() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    for second in [1, 2, 10] {
        backup(&repository, at(second), b"an archive").await;
    }
    for (asked, found) in [
        ("20261123T000001Z", "20261123T000001Z"),
        ("20261123T00001", "20261123T000010Z"),
        ("latest", "20261123T000010Z"),
    ] {
        assert_eq!(repository.find(asked).await.unwrap().manifest.id, found);
    }
    let error = repository.find("20261123T00000").await.unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    assert_eq!(
        error.to_string(),
        "failed to find `20261123T00000`: several backups begin so: 20261123T000001Z, 20261123T000002Z"
    );
    for nothing in ["2025", "", "..", "20261123T000001Z/"] {
        let error = repository.find(nothing).await.unwrap_err();
        assert!(
            matches!(error.kind, Kind::NotFound | Kind::Usage),
            "{error}"
        );
    }
    let error = repository.find("2025").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "failed to find `2025`: there is no such backup in {}",
            home.path().display()
        )
    );
}

#[tokio::test]
async fn latest_is_the_newest_that_has_all_its_parts() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    backup(&repository, at(1), b"an archive").await;
    let (draft, mut manifest) = specimen::draft(&repository, at(2), b"an archive").await;
    let reason = "the server does not answer".to_owned();
    manifest.missing.insert("redis".to_owned(), reason);
    draft.publish(&manifest).await.unwrap();
    let latest = repository.find("latest").await.unwrap();
    assert_eq!(latest.manifest.id, "20261123T000001Z");
}

#[tokio::test]
async fn what_is_wrong_with_a_backup_is_told_in_its_place() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    for second in 1..=6 {
        backup(&repository, at(second), b"an archive").await;
    }
    let file = |second, name: &str| home.path().join(specimen::id(at(second))).join(name);
    fs::write(file(1, "manifest.json"), "{\"schema\": \"atlas-ba").unwrap();
    fs::remove_file(file(2, "mongodb.archive")).unwrap();
    fs::write(file(3, "mongodb.archive"), "an arch").unwrap();
    for (second, from, to) in [
        (4, "atlas-backup/v1", "atlas-backup/v2"),
        (5, "mongodb.archive", "../../etc/passwd"),
    ] {
        let text = fs::read_to_string(file(second, "manifest.json")).unwrap();
        fs::write(file(second, "manifest.json"), text.replace(from, to)).unwrap();
    }
    fs::remove_file(file(6, "manifest.json")).unwrap();
    assert_eq!(
        reasons(&repository).await,
        [
            "20261123T000001Z: manifest.json cannot be read: EOF while parsing a string at line 1 column 20",
            "20261123T000002Z: mongodb.archive is missing",
            "20261123T000003Z: mongodb.archive has 7 bytes instead of 10",
            "20261123T000004Z: it is of the form atlas-backup/v2, which this version of atlas does not know",
            "20261123T000005Z: its manifest names a file \"../../etc/passwd\"",
        ]
    );
    let error = repository.find("20261123T000002Z").await.unwrap_err();
    assert_eq!(error.kind, Kind::Damaged);
    assert_eq!(
        error.to_string(),
        "failed to read `20261123T000002Z`: mongodb.archive is missing"
    );
}

#[tokio::test]
async fn the_second_is_told_who_came_first() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    let lock = repository.lock("atlas backup create").await.unwrap();
    let error = repository.lock("atlas backup prune").await.unwrap_err();
    assert_eq!(error.kind, Kind::Locked);
    let text = error.to_string();
    let before = format!(
        "failed to lock `{}`: `atlas backup create` works on it (process {} on ",
        home.path().display(),
        std::process::id()
    );
    assert!(text.starts_with(&before), "{text}");
    drop(lock);
    repository.lock("atlas backup prune").await.unwrap();
    assert_eq!(mode(&home.path().join(".lock")), 0o600);
}

#[tokio::test]
async fn what_is_proven_is_kept_level_by_level() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    let id = backup(&repository, at(1), b"an archive").await;
    let verdict = |second, passed| {
        Some(Verdict {
            at: at(second),
            passed,
            evidence: vec!["3 documents".to_owned()],
        })
    };
    let full = Verified {
        full: verdict(2, true),
        ..Verified::default()
    };
    let quick = Verified {
        quick: verdict(3, false),
        ..Verified::default()
    };
    repository.record(&id, &full).await.unwrap();
    repository.record(&id, &quick).await.unwrap();
    let both = Verified {
        quick: quick.quick,
        ..full
    };
    assert_eq!(repository.find(&id).await.unwrap().verified, both);
    assert_eq!(mode(&home.path().join(&id).join("verified.json")), 0o600);

    let error = repository
        .record("20990101T000000Z", &both)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn it_is_pinned_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    let id = backup(&repository, at(1), b"an archive").await;
    for pinned in [true, true, false, false] {
        repository.pin(&id, pinned).await.unwrap();
        assert_eq!(repository.find(&id).await.unwrap().pinned, pinned);
    }
    repository.remove(&id).await.unwrap();
    assert_eq!(specimen::names(home.path()), [""; 0]);
    let error = repository.remove(&id).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn what_the_dead_left_is_cleaned_and_the_living_are_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    let id = backup(&repository, at(1), b"an archive").await;
    let (living, manifest) = specimen::draft(&repository, at(2), b"an archive").await;
    for left in [".partial-20261123T000000Z-1", ".removed-20261122T000000Z-1"] {
        fs::create_dir(home.path().join(left)).unwrap();
        fs::write(home.path().join(left).join("mongodb.archive"), "an ar").unwrap();
    }
    let unfinished = home.path().join(&id).join(".partial-verified.json");
    fs::write(&unfinished, "{").unwrap();
    fs::create_dir(home.path().join("lost+found")).unwrap();

    assert_eq!(
        repository.clean().await.unwrap(),
        [
            ".partial-20261123T000000Z-1",
            ".removed-20261122T000000Z-1",
            unfinished.to_str().unwrap(),
        ]
    );
    assert_eq!(repository.clean().await.unwrap(), [""; 0]);
    living.publish(&manifest).await.unwrap();
    let listed = repository.list().await.unwrap();
    assert_eq!(ids(&listed), [&id, &manifest.id]);
}

#[tokio::test]
async fn a_file_is_no_repository_and_a_path_no_name() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("backups");
    fs::write(&file, "").unwrap();
    let error = specimen::try_open(&file).await.unwrap_err();
    let expected = format!("failed to use `{}`: it is not a folder", file.display());
    assert_eq!((error.kind, error.to_string()), (Kind::Usage, expected));

    let repository = open(home.path()).await;
    for id in ["", "..", "a/b", ".lock", "-x", "latest"] {
        let error = repository.begin(id).await.unwrap_err();
        assert_eq!(error.kind, Kind::Usage, "{id}");
    }
    let mut draft = repository.begin("20261123T000000Z").await.unwrap();
    for name in ["../x", "manifest.json", "verified.json", "pinned"] {
        let error = draft.file(name).err().unwrap();
        assert_eq!(error.kind, Kind::Usage, "{name}");
    }
}
