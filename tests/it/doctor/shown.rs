//! What a person sees: the text, its options, the manual of a check.

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
