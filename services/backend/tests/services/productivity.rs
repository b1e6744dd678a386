//! Productivity over real folders: what is found, what is left out, and what changes do.

mod confinement;
mod contents;
mod trouble;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use atlas_backend::config::Role;
use atlas_backend::environment::Variables;
use atlas_backend::roles::configure;
use serde_json::json;
use tempfile::TempDir;

use crate::running::{Running, eventually};

/// A folder to be searched, an index, and what lies outside.
pub(crate) struct Tree {
    outer: TempDir,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let outer = TempDir::new().unwrap();
        fs::create_dir(outer.path().join("notes")).unwrap();
        Self { outer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.outer.path().join("notes").join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    fn index(&self) -> PathBuf {
        self.outer.path().join("index")
    }

    async fn serve(&self) -> Running {
        let folders = format!("{}=file:///home/ann/notes", self.path("").display());
        self.serve_with(&[("PRODUCTIVITY_FOLDERS", &folders)]).await
    }

    async fn serve_with(&self, variables: &[(&str, &str)]) -> Running {
        let index = self.index();
        let own = [
            ("PRODUCTIVITY_INDEX", index.to_str().unwrap()),
            ("PRODUCTIVITY_RESCAN_SECONDS", "1"),
        ];
        let variables: Variables = own.iter().chain(variables).copied().collect();
        let mut config =
            configure("productivity", &variables).unwrap_or_else(|error| panic!("{error}"));
        if let Role::Productivity(productivity) = &mut config.role {
            productivity.extractor.program = env!("CARGO_BIN_EXE_extract").into();
            productivity.extractor.arguments.clear();
        }
        Running::start_configured("productivity", config).await
    }

    /// Serves, and waits until everything there is now is indexed.
    pub(crate) async fn indexed(&self) -> Running {
        let service = self.serve().await;
        completed(&service).await;
        service
    }
}

/// Waits for the end of a pass that began after now.
async fn completed(service: &Running) {
    let at = async || service.get("/health").await.1["index"]["completed"].clone();
    let mut before = at().await;
    for _ in 0..2 {
        let now = eventually(at, |now| *now != before && !now.is_null()).await;
        before = now;
    }
}

async fn titles(service: &Running, query: &str) -> Vec<String> {
    let (status, body) = service.search(query).await;
    assert_eq!(status, 200, "{body}");
    let titles = body.as_array().unwrap().iter();
    titles
        .map(|hit| hit["title"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until a search finds just that.
async fn finds(service: &Running, query: &str, wanted: &[&str]) {
    eventually(
        async || titles(service, query).await,
        |found| found == wanted,
    )
    .await;
}

#[tokio::test]
async fn a_result_has_the_common_shape() {
    let tree = Tree::new();
    tree.write(
        "plans/Q3 é.md",
        "# The plan\n\nWe *ship* the zeppelin in autumn.\n",
    );
    let service = tree.indexed().await;

    let (status, body) = service.search("Zeppelin").await;

    assert_eq!(status, 200);
    let updated = body[0]["metadata"]["updated"].as_str().unwrap().to_owned();
    assert!(updated.ends_with('Z') && updated.len() == 20, "{updated}");
    assert_eq!(
        body,
        json!([{
            "id": "notes/plans/Q3%20%C3%A9.md",
            "title": "The plan",
            "content": "# The plan We *ship* the zeppelin in autumn.",
            "url": "file:///home/ann/notes/plans/Q3%20%C3%A9.md",
            "source": "productivity",
            "score": 1.0,
            "metadata": {"folder": "notes", "path": "plans/Q3 é.md", "type": "markdown", "size": 46, "updated": updated}
        }])
    );
}

#[tokio::test]
async fn files_that_are_added_changed_renamed_and_deleted_are_followed() {
    let tree = Tree::new();
    tree.write("a.txt", "alpha");
    let service = tree.indexed().await;
    finds(&service, "alpha", &["a.txt"]).await;

    tree.write("b.txt", "beta");
    finds(&service, "beta", &["b.txt"]).await;

    tree.write("a.txt", "gamma");
    finds(&service, "gamma", &["a.txt"]).await;
    assert!(titles(&service, "alpha").await.is_empty());

    fs::rename(tree.path("a.txt"), tree.path("moved.txt")).unwrap();
    finds(&service, "gamma", &["moved.txt"]).await;

    tree.write("sub/c.txt", "delta");
    finds(&service, "delta", &["c.txt"]).await;
    fs::rename(tree.path("sub"), tree.path("other")).unwrap();
    let path = async || service.search("delta").await.1[0]["metadata"]["path"].clone();
    eventually(path, |path| *path == "other/c.txt").await;
    fs::remove_dir_all(tree.path("other")).unwrap();
    finds(&service, "delta", &[]).await;

    // The same size and, as `cp -p` does it, the same time of modification.
    let times = fs::metadata(tree.path("b.txt"))
        .unwrap()
        .modified()
        .unwrap();
    tree.write("b.txt", "zeta");
    fs::File::options()
        .write(true)
        .open(tree.path("b.txt"))
        .unwrap()
        .set_modified(times)
        .unwrap();
    finds(&service, "zeta", &["b.txt"]).await;
}

#[tokio::test]
async fn a_restart_keeps_the_index_and_a_broken_one_is_made_anew() {
    let tree = Tree::new();
    tree.write("a.txt", "alpha");
    tree.indexed().await.stop().await;
    let file = tree.index().join("index.sqlite");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let before = inode(&file);

    let service = tree.indexed().await;
    finds(&service, "alpha", &["a.txt"]).await;
    assert_eq!(inode(&file), before, "the same index");
    service.stop().await;

    fs::write(&file, vec![0x5A; 50_000]).unwrap();
    let service = tree.indexed().await;
    finds(&service, "alpha", &["a.txt"]).await;

    // Under a running service too, as soon as it reads what is broken.
    let checkpoint = rusqlite::Connection::open(&file).unwrap();
    checkpoint
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(checkpoint);
    let size = fs::metadata(&file).unwrap().len();
    let mut damaged = fs::File::options().write(true).open(&file).unwrap();
    damaged.write_all(&vec![0x5A; size as usize]).unwrap();
    tree.write("b.txt", "beta");
    let detailed = async || service.get("/health/detailed").await.1;
    eventually(detailed, |health| {
        health["index"]["rebuilt"] == 1 && health["index"]["documents"] == 2
    })
    .await;
    finds(&service, "beta", &["b.txt"]).await;
    finds(&service, "alpha", &["a.txt"]).await;
}
