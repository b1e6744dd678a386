//! Both directions with MongoDB's own mongodump and mongorestore: what one writes, the other restores to the server's own hash.

mod folder;
mod landscape;
mod moment;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use atlas_backup::archive::{Checked, check};
use atlas_backup::codec::{Compression, Identity, open};
use atlas_backup::mongo::{Connection, RestoreOptions, dump, restore};
use atlas_backup::progress::Silent;
use mongodb::bson::Document;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::real::binary;
use crate::source::{Source, options, output};

/// Where the stock tools are.
struct Tools {
    mongodump: String,
    mongorestore: String,
}

impl Tools {
    fn find() -> Option<Self> {
        Some(Self {
            mongodump: binary("ATLAS_TEST_MONGODUMP", "mongodump")?,
            mongorestore: binary("ATLAS_TEST_MONGORESTORE", "mongorestore")?,
        })
    }

    /// Dumps all of a server into a file.
    fn dump(&self, server: &Source, file: &Path, more: &[&str]) {
        let port = server.server.port().to_string();
        let archive = format!("--archive={}", file.display());
        let own = ["--port", port.as_str(), archive.as_str()];
        let mut command = Command::new(&self.mongodump);
        succeeds(command.args(own).args(more).stdin(Stdio::null()));
    }

    /// The command that restores into a server.
    fn restore(&self, server: &Source, more: &[&str]) -> Command {
        let mut command = Command::new(&self.mongorestore);
        let port = server.server.port().to_string();
        command.args(["--port", &port]).args(more);
        command.stdin(Stdio::null());
        command
    }
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{talk}",
        output.status
    );
}

/// Restores a file, users and roles as well.
async fn restored(file: &Path, into: &Source) {
    let input = open(Box::new(File::open(file).unwrap()), &Identity::None, 2).unwrap();
    let options = RestoreOptions {
        users_and_roles: true,
        ..RestoreOptions::default()
    };
    let (_keep, cancel) = watch::channel(false);
    restore(&into.connection, &options, input, Arc::new(Silent), cancel)
        .await
        .unwrap();
}

fn checked(file: &Path) -> Checked {
    check(
        open(Box::new(File::open(file).unwrap()), &Identity::None, 2).unwrap(),
        &Silent,
    )
    .unwrap()
}

/// Dumps all of a server into a file.
async fn dumped(server: &Source, file: PathBuf, compression: Compression) -> PathBuf {
    let (output, bytes) = output(compression);
    let (_keep, cancel) = watch::channel(false);
    dump(
        &server.connection,
        &options(),
        output,
        Arc::new(Silent),
        cancel,
    )
    .await
    .unwrap();
    std::fs::write(&file, &*bytes.lock().unwrap()).unwrap();
    file
}

/// Data, options, indexes and logins of both servers are the same.
async fn same(source: &Source, target: &Source) {
    assert_eq!(target.server.hashes().await, source.server.hashes().await);
    for db in landscape::DATABASES {
        assert_eq!(
            target.server.shapes(db).await,
            source.server.shapes(db).await,
            "{db}"
        );
    }
    let view = target.db("shop").collection::<Document>("dear_names");
    let seen = view.count_documents(Document::new()).await.unwrap();
    assert_eq!(seen, landscape::DEAR);
    let uri = format!(
        "mongodb://{}@127.0.0.1:{}/shop",
        landscape::LOGIN,
        target.server.port()
    );
    Connection::open(&uri).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mongodump_wrote_is_checked_and_restored() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = landscape::server().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    for (name, more) in [
        ("plain.archive", &[][..]),
        ("small.archive.gz", &["--gzip"]),
    ] {
        let file = folder.path().join(name);
        tools.dump(&source, &file, more);
        let checked = checked(&file);
        assert_eq!(checked.header.tool_version, "100.3.1");
        assert_eq!(checked.header.server_version, "6.0.5");
        let target = Source::standalone(&[]).await.unwrap();
        restored(&file, &target).await;
        same(&source, &target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mongorestore_restores_ours_plain_and_of_many_gzip_members() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = landscape::server().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    for (name, compression, more) in [
        ("plain.archive", Compression::None, &[][..]),
        ("small.archive.gz", Compression::GZIP, &["--gzip"]),
    ] {
        let file = dumped(&source, folder.path().join(name), compression).await;
        let target = Source::standalone(&[]).await.unwrap();
        let archive = format!("--archive={}", file.display());
        succeeds(tools.restore(&target, more).arg(archive));
        same(&source, &target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mongorestore_restores_ours_of_zstd_through_a_pipe() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = landscape::server().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let file = dumped(
        &source,
        folder.path().join("small.archive.zst"),
        Compression::ZSTD,
    )
    .await;
    let target = Source::standalone(&[]).await.unwrap();
    let mut zstd = Command::new("zstd")
        .arg("-dc")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = zstd.stdout.take().unwrap();
    succeeds(tools.restore(&target, &["--archive"]).stdin(pipe));
    assert!(zstd.wait().unwrap().success());
    same(&source, &target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_archive_that_lost_its_tail_is_damaged() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = landscape::server().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    for (name, more) in [
        ("plain.archive", &[][..]),
        ("small.archive.gz", &["--gzip"]),
    ] {
        let file = folder.path().join(name);
        tools.dump(&source, &file, more);
        let whole = std::fs::read(&file).unwrap();
        for percent in 0..100 {
            let part = whole[..whole.len() * percent / 100].to_vec();
            let input = open(Box::new(std::io::Cursor::new(part)), &Identity::None, 2);
            let error = input.and_then(|input| check(input, &Silent)).unwrap_err();
            assert_eq!(
                error.kind,
                atlas_backup::Kind::Damaged,
                "{percent} %: {error}"
            );
        }
    }
}
