//! What a person sees: the text, its options, the manual of a check.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::{Mend, fault};
use crate::atlas::Project;

#[test]
fn a_problem_is_shown_with_its_evidence_its_reason_and_its_fix() {
    let project = Project::new("doctor-shown");
    project
        .run(&["init", "--yes", "--profile", "minimal"])
        .exits(0);
    project.write("atlas.yaml", "profile: minimal\nservces: {}\n");
    let run = project.run(&["doctor", "--only", "cfg"]).exits(7);
    let expected = "\
failure     atlas.yaml:2:1: servces: unknown key `servces`
            why  nothing can be started, and little can be checked, until atlas.yaml, the catalogue and .env
                 make sense together
            fix  did you mean `services`?
            more atlas explain ATLAS-CFG-001

1 failure in ";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
}

#[test]
fn what_is_wrong_in_atlas_yaml_is_one_finding_and_brings_no_other() {
    let project = Project::new("doctor-manifest");
    project
        .run(&["init", "--yes", "--profile", "minimal"])
        .exits(0);
    let good = project.read("atlas.yaml");
    let faults = [
        ("a key that atlas.yaml does not have", "servces: {}\n"),
        (
            "a folder to mount that is not there",
            "services: {productivity: {folders: {notes: ./gone}}}\n",
        ),
        ("what is no YAML", "services: [\n"),
    ];
    for (name, more) in faults {
        fault(
            &project,
            &["--offline"],
            name,
            "ATLAS-CFG-001",
            || project.write("atlas.yaml", format!("{good}{more}")),
            Mend::by(|| project.write("atlas.yaml", &good)),
        );
    }
}

#[test]
fn a_check_is_explained_and_a_slip_is_hinted_at() {
    let project = Project::new("doctor-explain");
    let page = project.run(&["explain", "cfg-001"]).exits(0).stdout;
    assert!(
        page.starts_with("ATLAS-CFG-001  the configuration is valid\n\n"),
        "{page}"
    );
    let list = project.run(&["explain", "check"]).exits(0).stdout;
    assert_eq!(list, "ATLAS-CHECK-001   every check ran to its end\n");
    for words in [["explain", "cfg-01"], ["doctor", "--only=cfg-01"]] {
        let run = project.run(&words).exits(2);
        let expected = "error: there is no check `cfg-01`\nhint: did you mean `CFG-001`?\n";
        assert_eq!(run.stderr, expected);
    }
}

#[test]
fn fix_does_the_safe_repairs_shows_each_and_does_nothing_the_second_time() {
    let project = Project::new("doctor-fix");
    project
        .run(&["init", "--yes", "--profile", "minimal"])
        .exits(0);
    let path = project.path().join(".env");
    let mode = || {
        std::fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
    project.run(&["doctor", "--only", "env-006"]).exits(7);
    assert_eq!(mode(), 0o644, "looking changes nothing");

    let run = project
        .run(&["doctor", "--only", "env-006", "--fix"])
        .exits(0);
    assert!(
        run.stderr.starts_with("fix: chmod 600 .env\n"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.starts_with("1 passed in "), "{}", run.stdout);
    assert_eq!(mode(), 0o600);

    let run = project
        .run(&["doctor", "--only", "env-006", "--fix"])
        .exits(0);
    let expected = "there is nothing that can be repaired without losing anything\n";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
}
