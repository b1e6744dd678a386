//! What blocks what, what comes first, and that a crash stays a finding.

use std::collections::BTreeSet;

use super::*;
use crate::input::Inputs;

fn facts() -> Facts {
    Facts::unseen(Inputs::default(), Err(Vec::new()))
}

fn rule(id: &'static str, needs: &'static [&'static str], judge: Judge) -> &'static Rule {
    Box::leak(Box::new(Rule {
        id,
        title: "a title",
        why: "a reason",
        manual: "",
        see: &[],
        needs,
        cheap: false,
        judge,
    }))
}

fn fails(subject: &str) -> Verdict {
    let problem = Problem::failure("seen", Fix::by_hand("mend it")).about(subject);
    Verdict::Bad(vec![problem])
}

fn words(findings: &[Finding]) -> Vec<(&str, &str, String)> {
    let line = |f: &Finding| f.evidence().join("; ");
    findings
        .iter()
        .map(|finding| (finding.id, finding.word(), line(finding)))
        .collect()
}

#[test]
fn ids_are_unique_and_of_one_form_and_every_need_is_of_a_rule() {
    let ids: Vec<&str> = rules().map(|rule| rule.id).collect();
    let unique: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    for rule in rules() {
        let parts: Vec<&str> = rule.short().split('-').collect();
        let well_formed = matches!(parts.as_slice(), [area, number]
            if area.bytes().all(|b| b.is_ascii_uppercase()) && number.len() == 3);
        assert!(well_formed, "{}", rule.id);
        assert!(
            !rule.title.ends_with('.') && !rule.why.is_empty(),
            "{}",
            rule.id
        );
        assert!(!rule.manual.is_empty(), "{} has no manual", rule.id);
        for need in rule.needs {
            let known = rules().any(|other| other.area() == *need || other.short() == *need);
            assert!(known, "{} needs {need}, which is no check", rule.id);
        }
    }
}

#[test]
fn a_rule_that_crashes_is_a_finding_and_stops_no_other() {
    let crashes = rule("ATLAS-A-001", &[], |_| panic!("on purpose"));
    let good = rule("ATLAS-B-001", &[], |_| Ok(Verdict::Good("well".to_owned())));
    let findings = examine(&facts(), &[crashes, good]);
    assert_eq!(
        words(&findings),
        [
            (CRASHED, "failure", "crashed: ATLAS-A-001".to_owned()),
            (
                "ATLAS-A-001",
                "not checked",
                "it crashed; see ATLAS-CHECK-001".to_owned()
            ),
            ("ATLAS-B-001", "pass", "well".to_owned()),
        ]
    );
    assert_eq!(
        words(&examine(&facts(), &[good])),
        [("ATLAS-B-001", "pass", "well".to_owned())]
    );
    // `benches/doctor` counts these lines.
    eprintln!("fault: a check that crashes: {CRASHED} planted, found, no false alarm, mended");
}

#[test]
fn what_needs_a_failed_check_is_blocked_by_it() {
    let cause = rule("ATLAS-A-001", &[], |_| {
        Ok(Verdict::Bad(vec![Problem::failure(
            "gone",
            Fix::by_hand("start it"),
        )]))
    });
    let consequence = rule("ATLAS-B-001", &["A"], |_| Ok(fails("gateway")));
    let unknown = rule("ATLAS-C-001", &[], |_| Err(Unknown::Needs("A")));
    let findings = examine(&facts(), &[cause, consequence, unknown]);
    assert_eq!(
        words(&findings),
        [
            ("ATLAS-A-001", "failure", "gone".to_owned()),
            (
                "ATLAS-B-001",
                "not checked",
                "blocked by ATLAS-A-001".to_owned()
            ),
            (
                "ATLAS-C-001",
                "not checked",
                "blocked by ATLAS-A-001".to_owned()
            ),
        ]
    );
}

#[test]
fn a_failure_of_one_service_blocks_what_is_said_of_that_service_alone() {
    let cause = rule("ATLAS-A-001", &[], |_| Ok(fails("mongodb")));
    let consequence = rule("ATLAS-B-001", &["A-001"], |_| {
        let problem = |name: &str| Problem::warning("slow", Fix::by_hand("wait")).about(name);
        Ok(Verdict::Bad(vec![problem("mongodb"), problem("redis")]))
    });
    let findings = examine(&facts(), &[cause, consequence]);
    let subjects: Vec<_> = findings.iter().map(|f| (f.subject(), f.word())).collect();
    assert_eq!(
        subjects,
        [
            (Some("mongodb"), "failure"),
            (Some("redis"), "warning"),
            (Some("mongodb"), "not checked"),
        ]
    );
}
