//! `atlas checklist`: its items on a real engine, its answers, its renderings, and what it keeps from starting.

mod answers;
mod browser;
mod own;
mod production;
mod renderings;
mod seen;

use serde_json::Value;

use crate::atlas::{Project, Run};

/// What came of the checklist, by its `--json`; the exit code says what it says.
#[track_caller]
pub(crate) fn checklist(project: &Project) -> Value {
    list(project.run(&["checklist", "--json"]))
}

#[track_caller]
pub(crate) fn list(run: Run) -> Value {
    let last = run.stdout.lines().last().unwrap_or_default();
    let list: Value =
        serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {}{}", run.stdout, run.stderr));
    assert_eq!(list["kind"], "checklist");
    let code = if list["ready"] == true { 0 } else { 7 };
    run.exits(code);
    list
}

/// One item of it.
#[track_caller]
pub(crate) fn item<'l>(list: &'l Value, key: &str) -> &'l Value {
    let items = list["items"].as_array().expect("a list");
    let mut found = items.iter().filter(|item| item["item"] == key);
    found
        .next()
        .unwrap_or_else(|| panic!("no item {key}: {list}"))
}

/// What was seen of it, in one text.
pub(crate) fn evidence(item: &Value) -> String {
    let lines = item["evidence"].as_array().expect("a list").iter();
    let lines: Vec<&str> = lines.filter_map(Value::as_str).collect();
    lines.join("\n")
}
