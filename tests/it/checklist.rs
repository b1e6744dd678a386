//! `atlas checklist`: its items on a real engine, its answers, its renderings, and what it keeps from starting.

mod answers;
mod browser;
mod own;
mod production;
mod renderings;
mod seen;

use serde_json::Value;

use crate::atlas::{Project, Run};
use crate::doctor::{Mend, shell};

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

/// Key and result of each item.
fn results(list: &Value) -> Vec<(&str, &str)> {
    let items = list["items"].as_array().expect("a list").iter();
    items
        .filter_map(|item| Some((item["item"].as_str()?, item["result"].as_str()?)))
        .collect()
}

/// Plants a fault that only the checklist looks for: one item must fail by it, all others stay as they were, and its fix must bring back
/// what was.
#[track_caller]
pub(crate) fn item_fault(
    project: &Project,
    name: &str,
    key: &str,
    id: &str,
    plant: impl FnOnce(),
    mend: Mend<'_>,
) {
    let before = checklist(project);
    assert_ne!(
        item(&before, key)["result"],
        "failure",
        "{name}: before the fault"
    );
    plant();
    let after = checklist(project);
    let failed = item(&after, key);
    assert_eq!(failed["result"], "failure", "{name}: {failed}");
    let source = format!("({})", id.trim_start_matches("ATLAS-"));
    assert!(evidence(failed).contains(&source), "{name}: {failed}");
    let mut expected = results(&before);
    for (other, result) in &mut expected {
        if *other == key {
            *result = "failure";
        }
    }
    assert_eq!(results(&after), expected, "{name}: {after:#}");
    let fix = &failed["fixes"][0];
    match mend {
        Mend::Printed => {
            let command = fix["command"].as_str();
            let command = command.unwrap_or_else(|| panic!("{name}: no command is printed: {fix}"));
            shell(project, command).exits(0);
        }
        Mend::ByHand(mend) => {
            assert!(!fix["text"].as_str().expect("words").is_empty());
            mend();
        }
    }
    let mended = checklist(project);
    assert_eq!(results(&mended), results(&before), "{name}: after the fix");
    // `benches/doctor` counts these lines.
    eprintln!("fault: {name}: {id} planted, found, no false alarm, mended");
}
