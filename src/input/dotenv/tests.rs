//! What a line of `.env` means. The expectations were compared with `docker compose config --environment`
//! of Compose 2.40.

use super::Dotenv;
use crate::input::Environment;

fn environment() -> Environment {
    [("HOME", "/root"), ("EMPTY", ""), ("SET", "outside")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// `NAME=value` of every variable set, and every problem.
fn read(text: &str) -> (Vec<String>, Vec<String>) {
    let mut dotenv = Dotenv::default();
    let problems = dotenv.parse(".env", text.as_bytes(), &environment());
    (
        dotenv
            .iter()
            .map(|(name, setting)| format!("{name}={}", setting.value))
            .collect(),
        problems.iter().map(ToString::to_string).collect(),
    )
}

#[track_caller]
fn sets(text: &str, expected: &[&str]) {
    assert_eq!(
        read(text),
        (
            expected.iter().map(|s| (*s).to_owned()).collect(),
            Vec::new()
        ),
        "{text:?}"
    );
}

#[track_caller]
fn refuses(text: &str, expected: &[&str]) {
    assert_eq!(read(text).1, expected, "{text:?}");
}

#[test]
fn a_line_sets_a_variable() {
    sets(
        "A=1\nB: 2\nexport C=3\n  D = 4 \n\n# E=5\nF=",
        &["A=1", "B=2", "C=3", "D=4", "F="],
    );
    sets("\u{feff}A=1\r\nB=2\r\n", &["A=1", "B=2"]);
    sets("exported=1\nexport\tA=2", &["A=2", "exported=1"]);
    sets("A=1\nA=2", &["A=2"]);
}

#[test]
fn a_comment_needs_a_space_before_it() {
    sets(
        "A=1 # one\nB=1#one\nC= # none\nD='1' # one\nE=a=b",
        &["A=1", "B=1#one", "C=# none", "D=1", "E=a=b"],
    );
}

#[test]
fn a_bare_name_inherits() {
    sets("HOME\nUNSET\nSET", &["HOME=/root", "SET=outside"]);
}

#[test]
fn single_quotes_are_literal() {
    sets(r"A='$HOME \n # \'x\''", &[r"A=$HOME \n # 'x'"]);
    sets("A='one\ntwo'\nB=3", &["A=one\ntwo", "B=3"]);
}

#[test]
fn double_quotes_know_escapes_and_references() {
    sets(
        r#"A="a\tb\n\"c\" \\ \$HOME $HOME \q \0101""#,
        &["A=a\tb\n\"c\" \\ $HOME /root \\q A"],
    );
    sets("A=\"one\ntwo\"", &["A=one\ntwo"]);
}

#[test]
fn references_look_outside_first_then_up() {
    sets(
        "A=$HOME/x\nSET=inside\nB=$SET\nC=${A}y\nD=$UNSET.",
        &["A=/root/x", "B=outside", "C=/root/xy", "D=.", "SET=inside"],
    );
    sets(
        "A=${UNSET:-d}\nB=${EMPTY:-d}\nC=${EMPTY-d}\nD=${UNSET-d}",
        &["A=d", "B=d", "C=", "D=d"],
    );
    sets(
        "A=${HOME:+x}\nB=${EMPTY:+x}\nC=${EMPTY+x}\nD=${UNSET+x}",
        &["A=x", "B=", "C=x", "D="],
    );
    sets(
        "A=${UNSET:-${EMPTY:-$HOME}}\nB=$$HOME\nC=${HOME:?needed}",
        &["A=/root", "B=$HOME", "C=/root"],
    );
}

#[test]
fn a_dollar_that_begins_no_reference_is_a_dollar() {
    sets("A=a$\nB=$5\nC=a$ b", &["A=a$", "B=$5", "C=a$ b"]);
}

#[test]
fn every_mistake_is_reported_and_no_value_shown() {
    refuses(
        "A B=s3cret\nC?=s3cret\n=s3cret\nD=${X:?set X first}\nE=s3cret\nF=${s3cret\nG=${HOME*s3cret}\nH=ok\nI=\"s3cret",
        &[
            "error: .env:1:1: A: a variable's name cannot contain a space",
            "error: .env:2:2: C: unexpected character `?` in a variable's name",
            "error: .env:3:1: a variable's name is missing",
            "error: .env:4:3: D: required variable `X` is missing a value: set X first",
            "error: .env:6:3: F: a reference `${` is not closed",
            "error: .env:7:3: G: the reference to `HOME` has an unknown operator `*`",
            "error: .env:9:3: I: the closing `\"` is missing",
        ],
    );
}

#[test]
fn what_is_not_text_is_refused() {
    let mut dotenv = Dotenv::default();
    let problems = dotenv.parse(".env", b"A=1\nB=\xff", &environment());
    assert_eq!(
        problems[0].to_string(),
        "error: .env:2:3: not a text file: it is not UTF-8\n  hint: save the file as UTF-8"
    );
    assert_eq!(
        read(&format!("A={}1{}", "${B:-".repeat(5000), "}".repeat(5000)))
            .1
            .len(),
        1
    );
}

#[test]
fn a_setting_does_not_show_its_value() {
    let mut dotenv = Dotenv::default();
    dotenv.parse(".env", b"\nA=s3cret", &environment());
    assert_eq!(format!("{dotenv:?}"), "{\"A\": *** (.env:2)}");
}
