//! Repositories elsewhere, in a real S3 server and on a real SSH server: the same promises, over networks that break.

pub(crate) mod proxy;
mod s3;

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use atlas_backup::Kind;
use atlas_backup::manifest::{Manifest, Verdict, Verified};
use atlas_backup::progress::Silent;
use atlas_backup::repository::{Repository, copy};
use proxy::Proxy;
use s3::S3;

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
async fn a_network_that_breaks_and_comes_back_is_not_noticed() {
    let Some(s3) = S3::start() else { return };
    let bytes = noise(40 << 20);
    let cuts: Vec<u64> = (1..8).map(|part| part * 11 << 20).collect();
    let proxy = Proxy::start(s3.port(), &cuts);
    let repository = s3.repository(proxy.port).await;
    let started = Instant::now();
    let (draft, manifest) = specimen::draft(&repository, at(1), &bytes).await;
    draft.publish(&manifest).await.unwrap();
    let after_upload = proxy.cuts_left();
    let up = started.elapsed();
    assert!(
        after_upload < cuts.len() - 2,
        "{after_upload} cuts were left"
    );
    assert!(content(&repository, &manifest).await.unwrap() == bytes);
    assert!(
        proxy.cuts_left() < after_upload,
        "no cut came while it was read"
    );
    eprintln!(
        "40 MiB up with {} cuts in {up:?}, down with {} in {:?}",
        cuts.len() - after_upload,
        after_upload - proxy.cuts_left(),
        started.elapsed() - up
    );
}
