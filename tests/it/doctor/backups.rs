//! Faults of backups and of what makes them, on real backups of an embedded store and a crontab that is a file.

use super::root::Root;
use super::{Mend, fault, findings, wrong};
use crate::engine::Stack;
use crate::engine::backend::brought_up;

const ONLY: [&str; 3] = ["--offline", "--only", "bak"];

/// A `crontab` that keeps its text in a file, first on PATH.
fn crontab(stack: &Stack) {
    let script = "#!/bin/sh\nfile=$(dirname \"$0\")/table\ncase $1 in\n-l) if [ -e $file ]; then cat $file; else echo 'no crontab for it' >&2; exit 1; fi ;;\n\
                  -r) rm -f $file ;;\n-) cat >$file ;;\nesac\n";
    stack.write("bin/crontab", script);
    let path = stack.path().join("bin/crontab");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("it is ours");
    let folder = stack.path().join("bin");
    let old = std::env::var("PATH").unwrap_or_default();
    stack.set("PATH", format!("{}:{old}", folder.display()));
}

/// The only file of that name below `backups`.
fn file(stack: &Stack, name: &str) -> std::path::PathBuf {
    let mut folders = std::fs::read_dir(stack.path().join("backups"))
        .expect("a folder")
        .flatten();
    let found = folders.find_map(|folder| {
        let path = folder.path().join(name);
        path.is_file().then_some(path)
    });
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn faults_of_backups_are_found() {
    let Some((stack, ..)) = brought_up("doctor-bak", &["--profile", "minimal"]) else {
        return;
    };
    let root = Root::new(&stack);
    crontab(&stack);
    root.write("proc/42/comm", "cron\n");
    let before = wrong(&findings(&stack, &ONLY));
    let none = (
        "ATLAS-BAK-001".to_owned(),
        "warning".to_owned(),
        String::new(),
    );
    assert_eq!(
        before,
        [none].into(),
        "a project without any backup is told so once"
    );
    stack.run(&["backup"]).exits(0);
    stack.run(&["backup", "verify", "latest"]).exits(0);
    stack
        .run(&[
            "backup", "schedule", "set", "--at", "03:15", "--kind", "cron",
        ])
        .exits(0);
    let healthy = findings(&stack, &ONLY);
    assert!(
        healthy.len() == 3 && healthy.iter().all(|f| f["result"] == "pass"),
        "{healthy:#?}"
    );

    let daemon = stack.path().join("root/proc/42/comm");
    let plant = || std::fs::remove_file(&daemon).expect("it was written");
    let mend = Mend::by(|| root.write("proc/42/comm", "cron\n"));
    fault(
        &stack,
        &ONLY,
        "a crontab without a cron daemon",
        "ATLAS-BAK-003",
        plant,
        mend,
    );
    let plant = || drop(stack.run(&["backup", "schedule", "remove"]).exits(0));
    let set = || {
        drop(
            stack
                .run(&[
                    "backup", "schedule", "set", "--at", "03:15", "--kind", "cron",
                ])
                .exits(0),
        )
    };
    fault(
        &stack,
        &ONLY,
        "no schedule any more",
        "ATLAS-BAK-003",
        plant,
        Mend::by(set),
    );
    let verified = file(&stack, "verified.json");
    let plant = || std::fs::remove_file(&verified).expect("it was written");
    fault(
        &stack,
        &ONLY,
        "a backup that was never verified",
        "ATLAS-BAK-002",
        plant,
        Mend::Printed,
    );
    let proof = std::fs::read_to_string(&verified).expect("it was written");
    let plant = || {
        std::fs::write(
            &verified,
            proof
                .replace("\"passed\": true", "\"passed\": false")
                .replace("\"passed\":true", "\"passed\":false"),
        )
        .expect("it is ours")
    };
    fault(
        &stack,
        &ONLY,
        "a backup that is damaged",
        "ATLAS-BAK-002",
        plant,
        Mend::by(|| std::fs::write(&verified, &proof).expect("it is ours")),
    );
    let manifest = file(&stack, "manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("it was written");
    let started = text
        .split("\"started\":")
        .nth(1)
        .and_then(|rest| rest.split('"').nth(1))
        .expect("a time")
        .to_owned();
    let plant = || {
        std::fs::write(&manifest, text.replace(&started, "2020-01-01T00:00:00Z"))
            .expect("it is ours")
    };
    fault(
        &stack,
        &ONLY,
        "a backup that is too old",
        "ATLAS-BAK-001",
        plant,
        Mend::by(|| std::fs::write(&manifest, &text).expect("it is ours")),
    );
    in_production(&stack, &root);
}

/// What a person who tries things may lack, users may not.
fn in_production(stack: &Stack, root: &Root<'_>) {
    stack.run(&["backup", "schedule", "remove"]).exits(0);
    std::fs::remove_dir_all(stack.path().join("backups")).expect("a folder");
    root.write("proc/42/comm", "cron\n");
    let origins = "CORS_ORIGINS=chrome-extension://abcdefghijklmnopabcdefghijklmnop\n";
    stack.write(".env", format!("{}{origins}", stack.read(".env")));
    stack.write(
        "atlas.yaml",
        format!("stage: production\n{}", stack.read("atlas.yaml")),
    );
    let seen = findings(stack, &ONLY);
    let failed = |id: &str| (id.to_owned(), "failure".to_owned(), String::new());
    assert_eq!(
        wrong(&seen),
        [failed("ATLAS-BAK-001"), failed("ATLAS-BAK-003")].into(),
        "{seen:#?}"
    );
}
