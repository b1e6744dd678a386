//! Dump folders: what `mongodump --out` writes is imported, what is exported `mongorestore` restores.

use atlas_backup::codec::Compression;
use atlas_backup::folder::{pack, unpack};

use super::*;

/// The landscape, and a name that no file can have as it is.
async fn server() -> Option<Source> {
    let source = landscape::server().await?;
    let long = "é".repeat(80);
    source
        .insert(&format!("odd.{long}"), [mongodb::bson::doc! { "_id": 1 }])
        .await;
    Some(source)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_mongodump_becomes_an_archive_that_is_restored() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = server().await else { return };
    let folder = TempDir::new().unwrap();
    for more in [&[][..], &["--gzip"]] {
        let out = folder.path().join(format!("dump{}", more.len()));
        let port = source.server.port().to_string();
        let mut command = Command::new(&tools.mongodump);
        command.args(["--port", &port, &format!("--out={}", out.display())]);
        succeeds(command.args(more));
        let file = folder.path().join("imported.archive");
        let (_keep, cancel) = watch::channel(false);
        pack(&out, File::create(&file).unwrap(), &Silent, &cancel).unwrap();
        let target = Source::standalone(&[]).await.unwrap();
        restored(&file, &target).await;
        same(&source, &target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mongorestore_restores_an_exported_folder() {
    let Some(tools) = Tools::find() else { return };
    let Some(source) = server().await else { return };
    let folder = TempDir::new().unwrap();
    let file = dumped(&source, folder.path().join("a.archive"), Compression::None).await;
    for more in [&[][..], &["--gzip"]] {
        let out = folder.path().join(format!("dump{}", more.len()));
        let (_keep, cancel) = watch::channel(false);
        let archive = || File::open(&file).unwrap();
        let draft = unpack(archive(), &out, !more.is_empty(), &Silent, &cancel).unwrap();
        draft.keep().unwrap();
        let error = unpack(archive(), &out, false, &Silent, &cancel).unwrap_err();
        assert!(error.to_string().ends_with("it holds something"), "{error}");
        let target = Source::standalone(&[]).await.unwrap();
        let dir = format!("--dir={}", out.display());
        succeeds(tools.restore(&target, more).arg(dir));
        same(&source, &target).await;
    }
}

#[test]
fn links_and_torn_documents_are_refused() {
    let folder = TempDir::new().unwrap();
    let db = folder.path().join("shop");
    std::fs::create_dir(&db).unwrap();
    let (_keep, cancel) = watch::channel(false);
    let packed =
        || pack(folder.path(), std::io::sink(), &Silent, &cancel).map_err(|e| e.to_string());
    std::fs::write(db.join("a.bson"), [5, 0, 0, 0]).unwrap();
    assert!(packed().unwrap_err().ends_with("it ends within a document"));
    std::fs::write(db.join("a.bson"), [5, 0, 0, 0, 0]).unwrap();
    assert_eq!(packed().unwrap().namespaces[0].1.documents, 1);
    std::os::unix::fs::symlink("/etc/passwd", db.join("b.bson")).unwrap();
    assert!(
        packed()
            .unwrap_err()
            .ends_with("it is neither a file nor a folder")
    );
}
