//! `atlas doctor` against planted faults. Owns the procedure: what was well before is compared with what is found after a fault
//! was planted, and with what is found after the printed fix was applied. Each area plants its own faults.

mod altered;
mod backups;
mod bundle;
mod containers;
mod credentials;
mod edge;
mod engine;
mod environment;
mod host;
mod images;
mod network;
mod ports;
pub(crate) mod remade;
mod root;
mod shown;
mod sources;
mod stores;
mod strangers;
mod tls;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::engine::PATIENCE;

use crate::atlas::{Project, Run, executable};

/// How a fault goes away again.
pub(crate) enum Mend<'f> {
    /// By the very command that doctor printed.
    Printed,
    /// By what doctor said in words; the closure does it.
    ByHand(Box<dyn FnOnce() + 'f>),
}

impl<'f> Mend<'f> {
    pub(crate) fn by(hand: impl FnOnce() + 'f) -> Self {
        Self::ByHand(Box::new(hand))
    }
}

/// What doctor finds with these further options, by its `--json`.
#[track_caller]
pub(crate) fn findings(project: &Project, options: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["doctor", "--json"];
    arguments.extend(options);
    let run = project.run(&arguments);
    assert!(
        [0, 7].contains(&run.code),
        "exit {}: {}{}",
        run.code,
        run.stdout,
        run.stderr
    );
    let object: Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{}", run.stdout, run.stderr));
    let findings = object["findings"].as_array().expect("a list").clone();
    let failed = findings
        .iter()
        .any(|finding| finding["result"] == "failure");
    assert_eq!(
        run.code == 7,
        failed,
        "the exit code says what the findings say"
    );
    findings
}

/// Id, result and subject of what is wrong.
pub(crate) fn wrong(findings: &[Value]) -> BTreeSet<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .filter(|f| f["result"] == "failure" || f["result"] == "warning")
        .map(|f| (text(&f["id"]), text(&f["result"]), text(&f["subject"])))
        .collect()
}

/// Plants a fault: doctor must find it under `id`, and nothing else that was not there before; after its fix all must be as before.
#[track_caller]
pub(crate) fn fault(
    project: &Project,
    options: &[&str],
    name: &str,
    id: &str,
    plant: impl FnOnce(),
    mend: Mend<'_>,
) {
    let before = wrong(&findings(project, options));
    let known: BTreeSet<&str> = before.iter().map(|(id, ..)| id.as_str()).collect();
    assert!(
        !known.contains(id),
        "{name}: {id} is there before the fault: {before:?}"
    );
    plant();
    let after = findings(project, options);
    let new: Vec<_> = wrong(&after).difference(&before).cloned().collect();
    let ids: BTreeSet<&str> = new.iter().map(|(id, ..)| id.as_str()).collect();
    let shown = serde_json::to_string_pretty(&after).expect("JSON");
    assert_eq!(ids, BTreeSet::from([id]), "{name}: {new:?}\n{shown}");
    let finding = after.iter().find(|f| f["id"] == id && !f["fix"].is_null());
    let finding = finding.expect("what is wrong has a fix");
    match mend {
        Mend::Printed => {
            let command = finding["fix"]["command"].as_str();
            let command =
                command.unwrap_or_else(|| panic!("{name}: no command is printed: {finding}"));
            shell(project, command).exits(0);
        }
        Mend::ByHand(mend) => {
            assert!(!finding["fix"]["text"].as_str().expect("words").is_empty());
            mend();
        }
    }
    // What was started again takes a moment until others see it.
    let began = Instant::now();
    let mut mended = wrong(&findings(project, options));
    while mended != before && began.elapsed() < PATIENCE {
        mended = wrong(&findings(project, options));
    }
    assert_eq!(mended, before, "{name}: after the fix");
    // `benches/doctor` counts these lines.
    eprintln!("fault: {name}: {id} planted, found, no false alarm, mended");
}

/// What a person would type in the project's folder.
pub(crate) fn shell(project: &Project, command: &str) -> Run {
    let folder = executable()
        .parent()
        .expect("it lies in a folder")
        .to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(project.path())
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("NO_COLOR", "1")
        .env_remove("COMPOSE_PROJECT_NAME")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    Run::of(output)
}
