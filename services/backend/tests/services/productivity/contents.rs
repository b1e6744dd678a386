//! Names and contents of every kind.

use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;

use serde_json::{Value, json};

use super::{Tree, completed, finds, titles};

#[tokio::test]
async fn names_of_any_kind_are_found_and_shown_harmlessly() {
    let tree = Tree::new();
    tree.write("new\nline\u{1b}[31m.txt", "omega");
    tree.write("日本語 メモ.txt", "今日は東京に行く");
    let raw = tree
        .path("")
        .join(std::ffi::OsString::from_vec(b"latin-\xE9.txt".to_vec()));
    fs::write(raw, b"caf\xE9 sigma").unwrap();
    tree.write("' OR 1=1 --.txt", "tau \" NEAR( AND");
    let service = tree.indexed().await;

    let (_, body) = service.search("omega").await;
    assert_eq!(body[0]["title"], "new\u{FFFD}line\u{FFFD}[31m.txt");
    assert_eq!(
        body[0]["url"],
        "file:///home/ann/notes/new%0Aline%1B%5B31m.txt"
    );
    let (_, body) = service.search("cafe sigma").await;
    assert_eq!(
        (&body[0]["title"], &body[0]["content"]),
        (&json!("latin-\u{FFFD}.txt"), &json!("café sigma"))
    );
    assert_eq!(body[0]["url"], "file:///home/ann/notes/latin-%E9.txt");
    finds(&service, "東京", &["日本語 メモ.txt"]).await;
    finds(&service, "メモ", &["日本語 メモ.txt"]).await;
    for query in [
        "\"",
        "* OR",
        "NEAR(",
        "title:tau",
        "tau AND",
        "-tau",
        "{",
        "^tau",
        "a\u{0}b",
        "' OR 1=1 --",
    ] {
        let (status, body) = service.search(query).await;
        assert_eq!(status, 200, "{query}: {body}");
    }
}

#[tokio::test]
async fn filters_restrict_by_type_and_folder() {
    let tree = Tree::new();
    let other = tree.outer.path().join("work");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("w.txt"), "kappa").unwrap();
    tree.write("n.md", "kappa");
    tree.write("t.txt", "kappa");
    let folders = format!("{},{}", tree.path("").display(), other.display());
    let service = tree.serve_with(&[("PRODUCTIVITY_FOLDERS", &folders)]).await;
    completed(&service).await;
    let ask = async |filters: Value| {
        let (_, body) = service
            .post("/search", json!({"query": "kappa", "filters": filters}))
            .await;
        let mut paths: Vec<String> = body
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["id"].as_str().unwrap().to_owned())
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(ask(json!({})).await.len(), 3);
    assert_eq!(ask(json!({"type": "markdown"})).await, ["notes/n.md"]);
    assert_eq!(
        ask(json!({"type": ["text"], "folder": "notes"})).await,
        ["notes/t.txt"]
    );
    assert_eq!(
        ask(json!({"folder": ["work", "absent"]})).await,
        ["work/w.txt"]
    );
}

#[tokio::test]
async fn documents_and_bookmarks_are_read_by_a_process_of_their_own() {
    let tree = Tree::new();
    tree.write(
        "page.html",
        "<title>A page</title><script>hidden()</script><p>visible lambda",
    );
    tree.write(
        "report.docx",
        docx("The report", "quarterly lambda figures"),
    );
    tree.write("broken.docx", b"PK\x03\x04 and nothing");
    tree.write("broken.pdf", b"%PDF-1.4 lambda");
    tree.write("photo.jpg", b"\xFF\xD8\xFF\x00lambda");
    tree.write(
        "Default/Bookmarks",
        r#"{"roots": {"bar": {"type": "folder", "name": "Bar", "children": [
            {"type": "url", "guid": "g-1", "name": "Lambda calculus", "url": "https://example.com/lambda"}]}}}"#,
    );
    tree.write("Default/Login Data", "lambda passwords");
    tree.write("Default/Preferences", "lambda");
    let service = tree.indexed().await;

    let mut found = titles(&service, "lambda").await;
    found.sort();
    assert_eq!(found, ["A page", "Lambda calculus", "The report"]);
    let (_, body) = service
        .post(
            "/search",
            json!({"query": "lambda", "filters": {"type": "bookmark"}}),
        )
        .await;
    assert_eq!(body[0]["url"], "https://example.com/lambda");
    assert_eq!(body[0]["id"], "notes/Default/Bookmarks#g-1");
    assert_eq!(body[0]["content"], "Bar https://example.com/lambda");
    assert!(titles(&service, "hidden").await.is_empty());
    finds(&service, "photo", &["photo.jpg"]).await;
    finds(&service, "broken pdf", &["broken.pdf", "broken.docx"]).await;
    let (_, health) = service.get("/health/detailed").await;
    assert_eq!(
        health["skipped"]["damaged or encrypted"]["count"], 2,
        "{health}"
    );
    assert_eq!(
        health["skipped"]["not text"],
        json!({"count": 1, "such_as": ["notes/photo.jpg"]})
    );
    assert_eq!(
        health["skipped"]["of a browser's profile"]["count"], 2,
        "{health}"
    );
}

/// The smallest document Word would open, stored without compression.
fn docx(title: &str, text: &str) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = zip::ZipWriter::new(&mut bytes);
    for (name, xml) in [
        (
            "word/document.xml",
            format!("<w:document><w:p><w:t>{text}</w:t></w:p></w:document>"),
        ),
        (
            "docProps/core.xml",
            format!("<cp:coreProperties><dc:title>{title}</dc:title></cp:coreProperties>"),
        ),
    ] {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(xml.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_file_that_grows_while_it_is_read_ends_up_whole() {
    let tree = Tree::new();
    tree.write("log.txt", "begin ");
    let service = tree.indexed().await;
    let path = tree.path("log.txt");
    let writing = tokio::task::spawn_blocking(move || {
        let mut file = fs::File::options().append(true).open(path).unwrap();
        for number in 0..20_000 {
            write!(file, "line{number} ").unwrap();
        }
        write!(file, "finish").unwrap();
    });
    writing.await.unwrap();
    finds(&service, "begin finish", &["log.txt"]).await;
    finds(&service, "line19999", &["log.txt"]).await;
    // Larger than what is read of a file: its beginning counts.
    tree.write(
        "huge.txt",
        format!("first {}last", "word ".repeat(2_000_000)),
    );
    finds(&service, "first", &["huge.txt"]).await;
}
