//! One list, four renderings: text, JSON, Markdown and HTML never disagree.

use std::collections::BTreeMap;

use serde_json::Value;

use super::list;
use crate::atlas::{Project, Run};
use crate::offline;

/// Result, what it is about, and the lines of evidence, by item or check in the order shown.
type Told = Vec<(String, String, Vec<String>)>;

/// A project with something to say: failures, passes, questions, and text that means something to HTML and Markdown.
fn project() -> Project {
    let project = Project::new("renderings");
    project.write(
        "atlas.yaml",
        "profile: minimal
data: embedded
checklist:
  - {id: odd, title: 'a <b> & *c* \"d\" `e` | f_g', why: '<script>', command: [sh, -c, 'echo \"<i>&amp; \\`x\\` * _y_\"; exit 1']}
  - {id: fine, title: it is fine, required: false, command: ['true']}
  - {id: asked, title: it is asked, question: 'Is <it>?'}
",
    );
    project.write(".env", offline::ENV);
    project
}

fn without_marks(text: &str) -> String {
    text.replace('`', "")
}

fn words(value: &Value) -> Vec<String> {
    let lines = value.as_array().into_iter().flatten();
    lines.filter_map(Value::as_str).map(without_marks).collect()
}

fn of_json(items: &Value, key: &str) -> Told {
    let items = items.as_array().expect("a list").iter();
    let told = items.map(|item| {
        let name = item[key].as_str().expect("a name").to_owned();
        let result = item["result"].as_str().expect("a word").to_owned();
        (name, result, words(&item["evidence"]))
    });
    told.collect()
}

/// The text between two marks, once for each time they stand there.
fn between<'t>(text: &'t str, from: &str, to: &str) -> Vec<&'t str> {
    let parts = text.split(from).skip(1);
    parts
        .map(|part| part.split(to).next().expect("a part"))
        .collect()
}

fn unescaped(html: &str) -> String {
    let mut text = html.replace("<code>", "").replace("</code>", "");
    for (entity, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, c);
    }
    text
}

pub(super) fn of_html(html: &str) -> Told {
    let told = between(html, "<article ", "</article>")
        .into_iter()
        .map(|article| {
            let id = between(article, "data-id=\"", "\"")[0].to_owned();
            let word = between(article, "<span class=\"state\">", "<")[0].to_owned();
            let lines = between(article, "<li class=\"evidence\">", "</li>");
            (
                id,
                word,
                lines
                    .into_iter()
                    .map(|line| without_marks(&unescaped(line)))
                    .collect(),
            )
        });
    told.collect()
}

fn of_markdown(text: &str) -> Told {
    let told = text.split("\n## ").skip(1).map(|part| {
        let word = part.split(": ").next().expect("a word").to_owned();
        let id = between(part, "\n\n`", "`")[0].to_owned();
        let lines = part.lines().filter_map(|line| line.strip_prefix("- "));
        let plain = |line: &str| {
            let line = line.replace("&lt;", "<").replace("&amp;", "&");
            without_marks(
                &line
                    .replace("\\*", "*")
                    .replace("\\_", "_")
                    .replace("\\[", "[")
                    .replace("\\]", "]"),
            )
        };
        (id, word, lines.map(plain).collect())
    });
    told.collect()
}

/// Paragraphs of a block of text by their labels; a label is nothing where a new line of evidence begins.
fn of_text(text: &str) -> Vec<(String, String)> {
    let mut items = Vec::new();
    for block in text.split("\n\n") {
        let Some(word) = block
            .get(..16)
            .map(str::trim)
            .filter(|word| !word.is_empty())
        else {
            continue;
        };
        let lines: Vec<&str> = block
            .lines()
            .map(|line| line.get(16..).unwrap_or_default().trim())
            .collect();
        items.push((word.to_owned(), without_marks(&lines.join(" "))));
    }
    items
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What one run says: on stdout, and on the page that it writes beside it.
#[track_caller]
fn both(project: &Project, words: &[&str]) -> (Run, Told) {
    let words = [words, &["--html", "page.html"]].concat();
    let run = offline::run(project, &words);
    assert!(
        [0, 7].contains(&run.code),
        "exit {}: {}",
        run.code,
        run.stderr
    );
    (run, of_html(&project.read("page.html")))
}

/// Each pair of renderings is of one run: what is seen of a machine changes from one to the next.
#[test]
fn the_checklist_says_the_same_in_all_of_them() {
    let project = project();
    let (json, html) = both(&project, &["checklist", "--json"]);
    let json = list(json);
    assert_eq!(html.len(), 14);
    assert_eq!(of_json(&json["items"], "item"), html, "JSON");
    let (markdown, html) = both(&project, &["checklist", "--markdown"]);
    assert_eq!(of_markdown(&markdown.stdout), html, "Markdown");
    let (text, html) = both(&project, &["checklist"]);
    let blocks = of_text(&text.stdout);
    for (index, (key, word, evidence)) in html.iter().enumerate() {
        let (shown, block) = &blocks[index];
        assert_eq!(shown, word, "{key}");
        assert!(block.starts_with(&format!("{}. ", index + 1)), "{block}");
        for line in evidence {
            assert!(
                one_line(block).contains(&one_line(line)),
                "{key}: {line}\n{block}"
            );
        }
    }
    let lacking = json["lacking"].as_array().expect("a list").iter();
    let lacking: Vec<&str> = lacking.filter_map(Value::as_str).collect();
    let verdict = format!("not ready for production: {}", lacking.join(", "));
    for rendering in [&project.read("page.html"), &markdown.stdout, &text.stdout] {
        assert!(
            one_line(rendering).contains(&verdict),
            "{verdict}\n{rendering}"
        );
    }
}

#[test]
fn doctor_says_the_same_in_all_of_them() {
    let broken = "profile: minimal\nservces: {}\nstge: <b>\n";
    for manifest in [None, Some(broken)] {
        let project = project();
        if let Some(manifest) = manifest {
            project.write("atlas.yaml", manifest);
        }
        let (json, html) = both(&project, &["doctor", "--json"]);
        let failed = html.iter().any(|(_, word, _)| word == "failure");
        assert_eq!(
            json.code == 7,
            failed,
            "the exit code says what the page says"
        );
        let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert!(!html.is_empty());
        assert_eq!(of_json(&json["findings"], "id"), html, "JSON");
        let (text, html) = both(&project, &["doctor", "--all"]);
        let text = one_line(&without_marks(&text.stdout));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (id, word, evidence) in &html {
            *counts.entry(word).or_default() += 1;
            assert!(text.contains(id), "{id}\n{text}");
            for line in evidence {
                assert!(text.contains(&one_line(line)), "{id}: {line}\n{text}");
            }
        }
        for (word, count) in counts {
            let shown = match word {
                "pass" => format!("{count} passed"),
                "not checked" => format!("{count} not checked"),
                word => format!("{count} {word}"),
            };
            assert!(text.contains(&shown), "{shown}\n{text}");
        }
    }
}

#[test]
fn a_page_replaces_only_a_page() {
    let project = project();
    offline::run(&project, &["checklist", "--html", "report.html"]).exits(7);
    let first = project.read("report.html");
    assert!(first.starts_with("<!doctype html>\n"), "{first}");
    let run = offline::run(&project, &["doctor", "--html", "report.html"]);
    assert!(run.stderr.contains("wrote report.html\n"), "{}", run.stderr);
    assert!(project.read("report.html").contains("<h1>Doctor</h1>"));
    let run = offline::run(&project, &["checklist", "--html", ".env"]).exits(5);
    assert_eq!(
        run.stderr,
        "error: failed to write `.env`: it is there, and no page of atlas\nhint: choose another name, or remove it\n"
    );
    assert_eq!(project.read(".env"), offline::ENV);
    let run = offline::run(&project, &["checklist", "--html", "-", "--json"]).exits(2);
    assert!(
        run.stderr
            .contains("`--html -` and `--json` both want stdout"),
        "{}",
        run.stderr
    );
}
