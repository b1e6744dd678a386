//! What only a person can tell: asked at a terminal, answered without one, asked again, taken back.

use super::{evidence, item, list};
use crate::atlas::Project;
use crate::offline;
use crate::wizard::{DOWN, ENTER, Terminal};

fn project() -> Project {
    let project = Project::new("answers");
    project.write("atlas.yaml", "name: demo\nprofile: minimal\ndata: embedded\nchecklist:\n  - {id: dpa, title: the contract is signed, question: Is it signed?, ask-again: 1y}\n");
    project.write(".env", offline::ENV);
    project
}

#[test]
fn an_answer_is_given_kept_and_taken_back() {
    let project = project();
    let answer = ["checklist", "answer", "dpa", "yes", "--note", "folder 12"];
    let run = crate::atlas::Run::of(
        offline::command(&project, &answer)
            .env("USER", "ops")
            .env("HOSTNAME", "bridge")
            .output()
            .expect("atlas starts"),
    );
    let run = run.exits(0);
    assert!(
        run.stderr.starts_with("`dpa`: yes, asked again on 20"),
        "{}",
        run.stderr
    );
    let kept = project.read(".atlas/checklist.yaml");
    for line in [
        "version: 1\n",
        "  dpa:\n    answer: \"yes\"\n    question: Is it signed?\n    note: folder 12\n    who: ops@bridge\n",
    ] {
        assert!(kept.contains(line), "{kept}");
    }
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    let dpa = item(&seen, "dpa");
    assert_eq!(dpa["result"], "pass");
    assert_eq!(dpa["question"]["answer"]["who"], "ops@bridge");
    assert!(
        evidence(dpa).starts_with("ops@bridge said yes on 20"),
        "{dpa}"
    );

    offline::run(&project, &["checklist", "answer", "dpa", "no"]).exits(0);
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    assert_eq!(item(&seen, "dpa")["result"], "failure");

    offline::run(&project, &["checklist", "forget", "dpa"]).exits(0);
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    assert_eq!(item(&seen, "dpa")["result"], "unanswered");
}

#[test]
fn an_answer_runs_out_and_the_file_is_read_strictly() {
    let project = project();
    let kept = |again: &str| {
        format!(
            "version: 1\nanswers:\n  dpa: {{answer: yes, question: Is it signed?, who: ops@bridge, when: 2025-01-02T03:04:05Z, ask-again: {again}}}\n"
        )
    };
    project.write(".atlas/checklist.yaml", kept("2026-01-02"));
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    let dpa = item(&seen, "dpa");
    assert_eq!(dpa["result"], "unanswered");
    assert_eq!(
        evidence(dpa),
        "ops@bridge said yes on 2025-01-02, which ran out on 2026-01-02"
    );
    project.write(".atlas/checklist.yaml", kept("9999-01-01"));
    let seen = list(offline::run(&project, &["checklist", "--json"]));
    assert_eq!(item(&seen, "dpa")["result"], "pass");
    project.write(".atlas/checklist.yaml", kept("soon"));
    let run = offline::run(&project, &["checklist"]).exits(3);
    let expected = "error: .atlas/checklist.yaml:3:103: answers.dpa.ask-again: expected a day such as `2027-02-25`, found `soon`\n";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
}

#[test]
fn nothing_is_assumed_without_a_terminal_nor_with_yes() {
    let project = project();
    for words in [
        vec!["checklist", "--json"],
        vec!["checklist", "--json", "--yes"],
    ] {
        let seen = list(offline::run(&project, &words));
        for key in ["dpa", "monitoring"] {
            assert_ne!(item(&seen, key)["result"], "pass", "{words:?}");
        }
    }
    assert!(!project.path().join(".atlas/checklist.yaml").exists());
}

#[test]
fn slips_of_the_pen_are_hinted_at() {
    let project = project();
    let cases = [
        (
            vec!["checklist", "answer", "monitorin", "yes"],
            "error: there is no item `monitorin`\nhint: did you mean `monitoring`?\n",
        ),
        (
            vec!["checklist", "answer", "redis", "yes"],
            "error: `redis` is probed, not answered\nhint: `atlas checklist` shows what was seen of it\n",
        ),
        (
            vec!["checklist", "forget", "dbpa"],
            "error: there is no item `dbpa`\nhint: did you mean `dpa`?\n",
        ),
        (
            vec!["checklist", "answer", "dpa", "yes", "--ask-again", "soon"],
            "error: invalid span `soon`\nhint: write days, weeks, months or years such as `90d`\n",
        ),
    ];
    for (words, expected) in cases {
        assert_eq!(offline::run(&project, &words).exits(2).stderr, expected);
    }
    let run = offline::run(&project, &["checklist", "forget", "dpa"]).exits(0);
    assert_eq!(run.stderr, "`dpa` has no answer\n");
}

#[test]
fn the_walk_tells_each_item_and_asks_what_is_open() {
    let project = project();
    // Of the items of atlas nothing is open.
    for key in ["monitoring", "logs", "tls"] {
        offline::run(&project, &["checklist", "answer", key, "yes"]).exits(0);
    }
    let Some(mut terminal) = Terminal::open(&project, "checklist") else {
        return;
    };
    terminal
        .shows("1. all environment variables are configured")
        .shows("what  Every variable that a chosen service needs is set")
        .shows("4. CORS origins are restricted to the extension")
        .shows("found .env: CORS_ORIGINS: holds `*`, which is too open for production")
        .shows("fix   narrow it down in .env");
    terminal
        .shows("12. the contract is signed")
        .shows("asked Is it signed?")
        .shows("Your answer")
        .types(DOWN)
        .types(ENTER)
        .shows("A note")
        .types("folder 12\r")
        .shows("pass            ")
        .shows("said yes on ")
        .shows("folder 12")
        .shows("12 items: ")
        .shows("not ready for production: ");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(7), "{screen}");
    assert!(
        project
            .read(".atlas/checklist.yaml")
            .contains("note: folder 12")
    );
}

#[test]
fn ctrl_c_keeps_what_was_answered() {
    let project = project();
    project.write("atlas.yaml", "name: demo\nprofile: minimal\ndata: embedded\nchecklist:\n  - {id: one, title: one, question: Is one?}\n  - {id: two, title: two, question: Is two?}\n");
    for key in ["monitoring", "logs", "tls"] {
        offline::run(&project, &["checklist", "answer", key, "yes"]).exits(0);
    }
    let Some(mut terminal) = Terminal::open(&project, "checklist") else {
        return;
    };
    terminal
        .shows("Is one?")
        .shows("not now")
        .types(DOWN)
        .types(ENTER)
        .shows("A note")
        .types(ENTER)
        .shows("Is two?")
        .shows("not now")
        .types("\x03")
        .shows("error: interrupted; the answers given so far are kept");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(130), "{screen}");
    let kept = project.read(".atlas/checklist.yaml");
    assert!(
        kept.contains("  one:\n    answer: \"yes\"\n") && !kept.contains("two:"),
        "{kept}"
    );
}
