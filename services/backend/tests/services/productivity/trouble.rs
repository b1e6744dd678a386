//! What is missing, wrong or too much.

use std::fs;

use atlas_backend::roles::configure;
use serde_json::{Value, json};

use super::{Tree, finds};
use crate::running::eventually;

#[tokio::test]
async fn ten_thousand_files_are_indexed_while_searches_and_health_are_answered() {
    let tree = Tree::new();
    for number in 0..10_000 {
        tree.write(
            &format!("d{}/f{number}.txt", number % 100),
            format!("common word{number} text"),
        );
    }
    let service = tree.serve().await;
    let health = eventually(
        async || {
            let begun = std::time::Instant::now();
            let (status, health) = service.get("/health").await;
            assert_eq!(status, 200);
            assert!(
                begun.elapsed().as_secs() < 2,
                "health never waits for the index"
            );
            health
        },
        |health| health["index"]["completed"] != Value::Null,
    )
    .await;
    assert_eq!(health["index"]["documents"], 10_000);
    finds(&service, "word9999", &["f9999.txt"]).await;
    let (_, body) = service
        .post("/search", json!({"query": "common", "limit": 100}))
        .await;
    assert_eq!(body.as_array().unwrap().len(), 100);
    fs::remove_dir_all(tree.path("d7")).unwrap();
    let documents = async || service.get("/health").await.1["index"]["documents"].clone();
    eventually(documents, |documents| *documents == 9_900).await;
}

#[tokio::test]
async fn health_says_what_is_missing() {
    let tree = Tree::new();
    let unconfigured = tree.serve_with(&[]).await;
    let (_, health) = unconfigured.get("/health").await;
    assert_eq!(
        health["reason"],
        "productivity is not configured: set `PRODUCTIVITY_FOLDERS`"
    );
    assert_eq!(
        (&health["status"], &health["configured"]),
        (&json!("healthy"), &json!(false))
    );
    let (status, body) = unconfigured.search("x").await;
    assert_eq!(
        (status, crate::running::code(&body)),
        (503, "not_configured")
    );

    let absent = tree.outer.path().join("absent");
    tree.write("a.txt", "alpha");
    let folders = format!("{},{}", tree.path("").display(), absent.display());
    let service = tree.serve_with(&[("PRODUCTIVITY_FOLDERS", &folders)]).await;
    let ask = async || service.get("/health").await.1;
    let health = eventually(ask, |health| health["status"] == "degraded").await;
    assert_eq!(
        health["reason"],
        "folder `absent` is not there: No such file or directory (os error 2)"
    );
    assert_eq!(health["folders"]["notes"], "present");
    finds(&service, "alpha", &["a.txt"]).await;

    // A folder that goes away keeps what is known of it, and is looked at again when it is back.
    fs::create_dir(&absent).unwrap();
    fs::write(absent.join("b.txt"), "beta").unwrap();
    eventually(ask, |health| health["status"] == "healthy").await;
    finds(&service, "beta", &["b.txt"]).await;
    fs::rename(&absent, tree.outer.path().join("elsewhere")).unwrap();
    eventually(ask, |health| health["status"] == "degraded").await;
    finds(&service, "beta", &["b.txt"]).await;
}

#[tokio::test]
async fn an_index_that_cannot_be_kept_is_said_and_mended() {
    let tree = Tree::new();
    tree.write("a.txt", "alpha");
    fs::write(tree.index(), "a file where the folder should be").unwrap();
    let service = tree.serve().await;
    let ask = async || service.get("/health").await.1;
    let health = eventually(ask, |health| health["status"] == "unhealthy").await;
    assert_eq!(
        health["reason"],
        format!(
            "the index in `{}` cannot be used: File exists (os error 17)",
            tree.index().display()
        )
    );
    let (status, body) = service.search("alpha").await;
    assert_eq!((status, crate::running::code(&body)), (502, "unavailable"));
    fs::remove_file(tree.index()).unwrap();
    eventually(ask, |health| health["status"] == "healthy").await;
    finds(&service, "alpha", &["a.txt"]).await;
}

#[test]
fn every_problem_with_the_variables_is_told() {
    let variables = [
        ("PRODUCTIVITY_FOLDERS", "notes"),
        ("PRODUCTIVITY_RESCAN_SECONDS", "0"),
        ("PRODUCTIVITY_MAX_FILE_MB", "many"),
    ];
    let said = configure("productivity", &variables.iter().copied().collect())
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        said,
        "failed to serve `productivity`: `PRODUCTIVITY_FOLDERS`: `notes` is not an absolute path without `..`; \
         `PRODUCTIVITY_RESCAN_SECONDS` must be a number between 1 and 86400; \
         `PRODUCTIVITY_MAX_FILE_MB` must be a number between 1 and 1024"
    );
    let variables = [
        ("PRODUCTIVITY_FOLDERS", "/srv/notes"),
        ("PRODUCTIVITY_INDEX", "/srv/notes/.index"),
    ];
    let said = configure("productivity", &variables.iter().copied().collect())
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        said,
        "failed to serve `productivity`: `PRODUCTIVITY_INDEX` must not lie in the folder `/srv/notes`"
    );
}
