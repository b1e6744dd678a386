//! Repositories elsewhere, in a real S3 server and on a real SSH server: the same promises, over networks that break.

pub(crate) mod proxy;
mod s3;
mod ssh;

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Instant;

use atlas_backup::Kind;
use atlas_backup::manifest::{Manifest, Verdict, Verified};
use atlas_backup::progress::Silent;
use atlas_backup::repository::{Credentials, Location, Repository, copy};
use proxy::Proxy;
use s3::S3;
use ssh::Ssh;

use crate::specimen::{self, at, backup};

/// Bytes that no compression on the way makes fewer.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(next)
        .take(length.div_ceil(8))
        .flatten()
        .collect();
    bytes.truncate(length);
    bytes
}

async fn content(repository: &Repository, manifest: &Manifest) -> std::io::Result<Vec<u8>> {
    let file = &manifest.mongodb.as_ref().unwrap().file.name;
    let mut reader = repository.read(&manifest.id, file).await.unwrap();
    let read = move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map(|_| bytes)
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

/// All that a repository promises, whatever it lies in.
async fn keeps_its_promises(repository: &Repository, names: impl Fn() -> Vec<String>) {
    assert_eq!(repository.list().await.unwrap(), []);
    assert_eq!(names(), [""; 0]);

    let lock = repository.lock("atlas backup create").await.unwrap();
    let error = repository.lock("atlas backup prune").await.unwrap_err();
    assert_eq!(error.kind, Kind::Locked);
    let text = error.to_string();
    let expected = format!(
        "failed to lock `{}`: `atlas backup create` works on it (process {} on ",
        repository.location(),
        std::process::id()
    );
    assert!(text.starts_with(&expected), "{text}");

    let bytes = noise(20 << 20);
    let (draft, manifest) = specimen::draft(repository, at(1), &bytes).await;
    assert_eq!(repository.list().await.unwrap(), []);
    assert_eq!(repository.clean().await.unwrap(), [""; 0]);
    draft.publish(&manifest).await.unwrap();
    let entry = repository.find("latest").await.unwrap();
    assert_eq!((&entry.manifest, entry.size), (&manifest, 20 << 20));
    assert!(content(repository, &manifest).await.unwrap() == bytes);
    let error = repository.begin(&manifest.id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to begin `20261123T000001Z`: there is one already"
    );

    let (draft, _) = specimen::draft(repository, at(2), &bytes).await;
    draft.discard().await;
    let (draft, mut wrong) = specimen::draft(repository, at(3), b"an archive").await;
    wrong.mongodb.as_mut().unwrap().file.size = 11;
    let error = draft.publish(&wrong).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to publish `20261123T000003Z`: mongodb.archive has 10 bytes instead of 11"
    );
    drop(lock);
    let ours = |name: &str| format!("20261123T000001Z/{name}");
    assert_eq!(names(), [ours("manifest.json"), ours("mongodb.archive")]);

    let verified = Verified {
        full: Some(Verdict {
            at: at(4),
            passed: true,
            evidence: Vec::new(),
        }),
        ..Verified::default()
    };
    repository.record(&manifest.id, &verified).await.unwrap();
    repository.pin(&manifest.id, true).await.unwrap();
    let entry = repository.find("2026").await.unwrap();
    assert_eq!((entry.verified, entry.pinned), (verified, true));
    repository.pin(&manifest.id, false).await.unwrap();
    repository.remove(&manifest.id).await.unwrap();
    let error = repository.remove(&manifest.id).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(names(), [""; 0]);
}

#[tokio::test]
async fn s3_keeps_its_promises() {
    let Some(s3) = S3::start() else { return };
    let repository = s3.repository(s3.port()).await;
    keeps_its_promises(&repository, || {
        let keys = s3.keys();
        keys.iter()
            .map(|key| key.trim_start_matches("shop/").to_owned())
            .collect()
    })
    .await;
    assert_eq!(s3.uploads(), [""; 0]);
}

#[tokio::test]
async fn an_ssh_server_keeps_its_promises() {
    let Some(ssh) = Ssh::start() else { return };
    let repository = ssh.open(ssh.port()).await.unwrap();
    keeps_its_promises(&repository, || ssh.names()).await;
}

#[tokio::test]
async fn on_an_ssh_server_nobody_else_may_read() {
    let Some(ssh) = Ssh::start() else { return };
    let repository = ssh.open(ssh.port()).await.unwrap();
    let id = backup(&repository, at(1), b"an archive").await;
    let mode = |name: &str| {
        let metadata = std::fs::metadata(ssh.root().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode(""), mode(&id)), (0o700, 0o700));
    for file in ["manifest.json", "mongodb.archive"] {
        assert_eq!(mode(&format!("{id}/{file}")), 0o600, "{file}");
    }
}

#[tokio::test]
async fn an_ssh_server_that_is_not_the_known_one_is_refused() {
    let Some(ssh) = Ssh::start() else { return };
    std::fs::write(ssh.file("known"), "").unwrap();
    let error = ssh.open(ssh.port()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    assert_eq!(
        error.to_string(),
        format!(
            "failed to open `{}`: host key verification failed",
            ssh.location(ssh.port())
        )
    );
}

#[tokio::test]
async fn an_ssh_connection_that_breaks_is_made_again() {
    let Some(ssh) = Ssh::start() else { return };
    let bytes = noise(40 << 20);
    let cuts: Vec<u64> = (1..8).map(|part| (part * 11) << 20).collect();
    let proxy = Proxy::start(ssh.port(), &cuts);
    let repository = ssh.open(proxy.port).await.unwrap();
    survives(&repository, &proxy, &bytes).await;
}

#[tokio::test]
async fn a_network_that_breaks_and_comes_back_is_not_noticed() {
    let Some(s3) = S3::start() else { return };
    let bytes = noise(40 << 20);
    let cuts: Vec<u64> = (1..8).map(|part| (part * 11) << 20).collect();
    let proxy = Proxy::start(s3.port(), &cuts);
    let repository = s3.repository(proxy.port).await;
    survives(&repository, &proxy, &bytes).await;
    assert_eq!(s3.uploads(), [""; 0]);
}

#[tokio::test]
async fn a_network_that_is_gone_is_told_and_nothing_is_published() {
    let Some(s3) = S3::start() else { return };
    let proxy = Proxy::start(s3.port(), &[]);
    let repository = s3.repository(proxy.port).await;
    let (draft, manifest) = specimen::draft(&repository, at(1), &noise(20 << 20)).await;
    proxy.die();
    let error = draft.publish(&manifest).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreachable);
    let text = error.to_string();
    assert!(
        text.starts_with("failed to write `mongodb.archive`: "),
        "{text}"
    );
    assert!(!text.contains("nobody-must-see"), "{text}");
    let reached = s3.repository(s3.port()).await;
    assert_eq!(reached.list().await.unwrap(), []);
}

#[tokio::test]
async fn what_the_dead_left_in_a_store_is_cleaned_and_the_living_are_not_touched() {
    let Some(s3) = S3::start() else { return };
    let repository = s3.repository(s3.port()).await;
    let dead = std::process::Command::new("true").spawn();
    let mut dead = dead.unwrap();
    dead.wait().unwrap();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let holder = |pid: u32, host: &str| {
        let since = "2026-11-23T00:00:00Z";
        format!(r#"{{"pid":{pid},"host":"{host}","command":"atlas","since":"{since}"}}"#)
    };
    // A dead process of this machine, and one of another of which nothing is known.
    s3.put("shop/.lock-a", &holder(dead.id(), host.trim()));
    s3.put(
        "shop/20261122T000000Z/owner",
        &holder(dead.id(), host.trim()),
    );
    s3.put("shop/20261122T000000Z/mongodb.archive", "an ar");
    s3.put("shop/20261122T000001Z/owner", &holder(1, "elsewhere"));

    let lock = repository.lock("atlas backup create").await.unwrap();
    assert_eq!(repository.clean().await.unwrap(), ["20261122T000000Z"]);
    assert_eq!(repository.clean().await.unwrap(), [""; 0]);
    drop(lock);
    assert_eq!(s3.keys(), ["shop/20261122T000001Z/owner"]);

    s3.put("shop/.lock-b", &holder(1, "elsewhere"));
    let error = repository.lock("atlas backup create").await.unwrap_err();
    assert_eq!(error.kind, Kind::Locked);
    assert_eq!(
        error.to_string(),
        "failed to lock `s3://backups/shop`: `atlas` works on it (process 1 on elsewhere, since 2026-11-23T00:00:00Z)"
    );
}

#[tokio::test]
async fn a_backup_is_copied_whole_or_not_at_all() {
    let Some(s3) = S3::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let (here, there) = (
        specimen::open(home.path()).await,
        s3.repository(s3.port()).await,
    );
    let bytes = noise(9 << 20);
    let id = backup(&here, at(1), &bytes).await;
    let copied = copy(&here, &id, &there, Arc::new(Silent)).await.unwrap();
    assert_eq!(there.find("latest").await.unwrap().manifest, copied);
    assert!(content(&there, &copied).await.unwrap() == bytes);

    let back = tempfile::tempdir().unwrap();
    let again = specimen::open(back.path()).await;
    copy(&there, "latest", &again, Arc::new(Silent))
        .await
        .unwrap();
    assert!(content(&again, &copied).await.unwrap() == bytes);

    // One byte of another value, in a file of the same size.
    let id = backup(&here, at(2), b"an archive").await;
    let file = home.path().join(&id).join("mongodb.archive");
    std::fs::write(file, "an Archive").unwrap();
    let error = copy(&here, &id, &there, Arc::new(Silent))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Damaged);
    assert_eq!(
        error.to_string(),
        "failed to read `mongodb.archive`: its SHA-256 is not the recorded one"
    );
    assert_eq!(there.list().await.unwrap().len(), 1);
    assert!(!s3.keys().iter().any(|key| key.contains(&id)));
}

#[test]
fn a_location_with_a_password_is_refused_and_not_repeated() {
    let parse = |text| Location::parse(text, &Credentials::default());
    for text in [
        "sftp://ops:hunter2@example.com/backups",
        "s3://key:hunter2@backups/shop",
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(!format!("{error:?}").contains("hunter2"), "{error}");
    }
    for (text, shown) in [
        ("backups", "backups"),
        ("s3://backups", "s3://backups"),
        ("s3://backups/shop/?region=eu-west-1", "s3://backups/shop"),
        (
            "sftp://ops@example.com/var/backups/",
            "sftp://ops@example.com/var/backups",
        ),
        ("sftp://[::1]:2222/b", "sftp://[::1]:2222/b"),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), shown);
    }
    for (text, cause) in [
        ("", "it is empty"),
        ("ftp://host/x", "stores of this sort are not known"),
        ("s3:///shop", "it names no bucket"),
        ("sftp://host", "it names no folder"),
        ("sftp://-oProxyCommand=x/y", "it names no host"),
        ("sftp://host:many/y", "its port is no number"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("failed to use `{text}`: {cause}"));
    }
}

/// Writes and reads a backup through cuts.
async fn survives(repository: &Repository, proxy: &Proxy, bytes: &[u8]) {
    let (started, cuts) = (Instant::now(), proxy.cuts_left());
    let (draft, manifest) = specimen::draft(repository, at(1), bytes).await;
    draft.publish(&manifest).await.unwrap();
    let (up, left) = (started.elapsed(), proxy.cuts_left());
    assert!(left < cuts - 2, "{left} of {cuts} cuts were left");
    assert!(content(repository, &manifest).await.unwrap() == bytes);
    assert!(proxy.cuts_left() < left, "no cut came while it was read");
    eprintln!(
        "40 MiB up with {} cuts in {up:?}, down with {} in {:?}",
        cuts - left,
        left - proxy.cuts_left(),
        started.elapsed() - up
    );
}
