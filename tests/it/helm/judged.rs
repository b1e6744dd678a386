//! What foreign judges say of charts (`tests/parts/judge-helm`). That they do find something is shown by
//! `tests/parts/judge-helm --canary`.

use std::process::{Command, Stdio};

use super::part;
use crate::kubernetes::{DIGEST, project};
use crate::offline;

#[test]
fn no_judge_finds_anything_and_the_schema_takes_no_mistake() {
    let Some(judge) = part("helm", "ATLAS_TEST_JUDGE_HELM") else {
        return;
    };
    let project = project("judged-helm");
    let image = format!("ghcr.io/acme/atlas@{DIGEST}");
    let charts = [
        ("minimal", vec!["--profile", "minimal"]),
        ("all", vec!["--profile", "all", "--image", &image]),
        (
            "existing",
            vec!["--ingress", "--secrets", "existing", "slack"],
        ),
    ];
    let mut command = Command::new(judge);
    for (name, more) in &charts {
        let arguments = ["render", "helm", "--output", name];
        offline::run(&project, &[&arguments, &more[..]].concat()).exits(0);
        command.arg(project.path().join(name));
    }
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{findings}");
    let count = |start: &str| -> usize {
        let line = said.lines().find_map(|line| line.strip_prefix(start));
        line.and_then(|number| number.parse().ok()).expect(start)
    };
    for helm in ["helm-3", "helm-4"] {
        assert!(count(&format!("{helm} all 0 of ")) > 200, "{said}");
        assert!(count(&format!("{helm} minimal 0 of ")) > 10, "{said}");
    }
    assert!(count("jsonschema all 0 of ") > 700, "{said}");
    for (name, _) in charts {
        assert_eq!(count(&format!("yamllint {name} 0 of ")), 3, "{said}");
    }
}
