//! Links, pipes, swaps and secrets: nothing outside the folders, and nothing that is not for searching.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::{Tree, completed, finds, titles};

#[tokio::test]
async fn nothing_outside_the_folder_is_ever_found() {
    let tree = Tree::new();
    fs::write(tree.outer.path().join("outside.txt"), "secretword").unwrap();
    fs::create_dir(tree.outer.path().join("beside")).unwrap();
    fs::write(tree.outer.path().join("beside/also.txt"), "secretword").unwrap();
    tree.write("inside.txt", "inside");
    tree.write(".ssh/id_rsa", "secretword");
    tree.write("node_modules/x/readme.md", "secretword");
    tree.write(
        "cache/CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55",
    );
    tree.write("cache/object.txt", "secretword");
    symlink("../outside.txt", tree.path("link.txt")).unwrap();
    symlink(tree.outer.path(), tree.path("up")).unwrap();
    symlink("loop", tree.path("loop")).unwrap();
    symlink(tree.outer.path().join("beside"), tree.path("beside")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(tree.path("pipe.txt"))
        .status()
        .unwrap();
    assert!(pipe.success());
    let _socket = std::os::unix::net::UnixListener::bind(tree.path("socket.txt")).unwrap();
    let service = tree.indexed().await;

    assert!(titles(&service, "secretword").await.is_empty());
    finds(&service, "inside", &["inside.txt"]).await;
    for query in ["../outside.txt", "/etc/passwd", "..", "root:x"] {
        assert!(
            titles(&service, query)
                .await
                .iter()
                .all(|title| title == "inside.txt"),
            "{query}"
        );
    }
    let (_, health) = service.get("/health/detailed").await;
    assert_eq!(health["skipped"]["symbolic link"]["count"], 4, "{health}");
    assert_eq!(health["skipped"]["not a file"]["count"], 2, "{health}");
    assert_eq!(
        health["skipped"]["cache folder"],
        json!({"count": 1, "such_as": ["notes/cache"]})
    );
    assert_eq!(
        health["skipped"]["hidden"],
        json!({"count": 1, "such_as": ["notes/.ssh"]})
    );
    assert_eq!(health["skipped"]["excluded by its name"]["count"], 1);
    assert_eq!(health["index"]["documents"], 1);
}

#[tokio::test]
async fn a_folder_that_is_swapped_for_a_link_does_not_lead_out() {
    let tree = Tree::new();
    fs::create_dir(tree.outer.path().join("beside")).unwrap();
    fs::write(tree.outer.path().join("beside/a.txt"), "secretword").unwrap();
    tree.write("sub/a.txt", "harmless");
    let service = tree.indexed().await;
    for _ in 0..5 {
        fs::rename(tree.path("sub"), tree.path("away")).unwrap();
        symlink(tree.outer.path().join("beside"), tree.path("sub")).unwrap();
        completed(&service).await;
        assert!(titles(&service, "secretword").await.is_empty());
        fs::remove_file(tree.path("sub")).unwrap();
        fs::rename(tree.path("away"), tree.path("sub")).unwrap();
    }
    finds(&service, "harmless", &["a.txt"]).await;
}
