//! The pages in a real browser: what it shows, and that it prints.

use std::path::Path;
use std::process::Command;

use super::renderings::of_html;
use crate::atlas::{Project, Run};
use crate::offline;

/// Chromium without a window and without a network; `None`, said loudly, where there is none.
fn chromium(project: &Project, options: &[&str], page: &Path) -> Option<Run> {
    let Some(program) = std::env::var_os("ATLAS_TEST_CHROMIUM") else {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "ATLAS_TEST_CHROMIUM names no browser"
        );
        offline::skipped("browser", "ATLAS_TEST_CHROMIUM names no browser");
        return None;
    };
    let profile = project.path().join("browser");
    let output = Command::new(program)
        .args([
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--mute-audio",
        ])
        // Whatever a page wanted of the network would fail.
        .arg("--proxy-server=127.0.0.1:1")
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(options)
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts");
    Some(Run::of(output).exits(0))
}

/// A page of each kind; what the text says is well known from it.
fn pages() -> (Project, [std::path::PathBuf; 2]) {
    let project = Project::new("browser");
    project.write(
        "atlas.yaml",
        "profile: minimal\ndata: embedded\nchecklist:\n  - {id: odd, title: 'a <b> & \"c\"', command: [sh, -c, 'echo \"<script>document.title = 1</script>\"; exit 1']}\n",
    );
    project.write(".env", offline::ENV);
    let paths = ["checklist", "doctor"].map(|command| {
        let file = format!("{command}.html");
        offline::run(&project, &[command, "--html", &file]);
        project.path().join(file)
    });
    (project, paths)
}

#[test]
fn the_browser_shows_each_state_and_all_evidence_as_text() {
    let (project, pages) = pages();
    for page in pages {
        let source = std::fs::read_to_string(&page).expect("a page");
        let Some(shown) = chromium(&project, &["--dump-dom"], &page) else {
            return;
        };
        let dom = shown.stdout;
        assert!(!dom.contains("<script"), "{dom}");
        let (told, written) = (of_html(&dom), of_html(&source));
        assert!(!told.is_empty());
        assert_eq!(told, written, "the browser read what was written");
        assert!(dom.contains("<a href=\"#e1\">"), "{dom}");
    }
}

#[test]
fn the_page_can_be_seen_and_printed() {
    let (project, pages) = pages();
    for page in pages {
        let (picture, print) = (page.with_extension("png"), page.with_extension("pdf"));
        let see = format!("--screenshot={}", picture.display());
        if chromium(&project, &["--window-size=420,900", &see], &page).is_none() {
            return;
        }
        let bytes = std::fs::read(&picture).expect("a picture");
        // Width and height stand behind the 16 bytes of a PNG's beginning; an empty page compresses to far less.
        assert_eq!(bytes[16..24], [0, 0, 1, 164, 0, 0, 3, 132]);
        assert!(
            bytes.len() > 10_000,
            "something is drawn: {} bytes",
            bytes.len()
        );
        let to = format!("--print-to-pdf={}", print.display());
        chromium(&project, &["--no-pdf-header-footer", &to], &page);
        let pdf = std::fs::read(&print).expect("a print");
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-"), "it is a PDF");
        // A4 in points, as the page's own style sheet asks for.
        assert!(text.contains("/MediaBox [0 0 594.95996 841.91998]"), "A4");
    }
}
