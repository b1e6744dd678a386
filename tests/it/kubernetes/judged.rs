//! What foreign judges say of every profile and overlay (`tests/parts/judge-kubernetes`). That the judges do find something
//! is shown by `tests/parts/judge-kubernetes --canary`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use atlas::model::Deployment;

use super::{ALL, DIGEST, deployment, project};
use crate::offline;

/// Renders profiles and stores in folders of one project, which the judges see at once.
fn judged() -> Option<(Vec<String>, BTreeMap<String, Deployment>)> {
    let Some(judge) = std::env::var_os("ATLAS_TEST_JUDGE_KUBERNETES") else {
        let required = std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
        assert!(
            !required,
            "ATLAS_TEST_JUDGE_KUBERNETES is not set, but real parts are required"
        );
        offline::skipped(
            "kubernetes",
            "set ATLAS_TEST_JUDGE_KUBERNETES (see tests/parts/provision)",
        );
        return None;
    };
    let project = project("judged");
    let image = format!("ghcr.io/acme/atlas@{DIGEST}");
    let external = format!(
        "{}MONGO_URL=mongodb://u:p@db.example:27017\nREDIS_URL=redis://:p@cache.example:6379/0\n",
        offline::ENV
    );
    let mut command = Command::new(judge);
    let mut graphs = BTreeMap::new();
    for (name, more) in [
        ("minimal", vec!["--profile", "minimal"]),
        ("atlassian", vec!["--profile", "atlassian"]),
        ("all", vec!["--profile", "all"]),
        (
            "ingress",
            vec!["--ingress", "--secrets", "existing", "slack"],
        ),
        ("external", vec!["--data", "external"]),
        (
            "embedded",
            vec!["--data", "embedded", "--secrets", "values"],
        ),
    ] {
        let env = if name == "external" {
            &external
        } else {
            offline::ENV
        };
        project.write(".env", env);
        let arguments = ["render", "kubernetes", "--output", name, "--image", &image];
        offline::run(&project, &[&arguments, &more[..]].concat()).exits(0);
        command.arg(project.path().join(name));
        let known = match name {
            "all" => Some(deployment(&ALL)),
            "atlassian" => Some(deployment(&["confluence", "jira", "gateway"])),
            _ => None,
        };
        graphs.extend(known.map(|deployment| (name.to_owned(), deployment)));
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the judge runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{findings}");
    Some((said.lines().map(str::to_owned).collect(), graphs))
}

#[test]
fn no_judge_finds_anything_and_what_can_speak_is_the_service_graph() {
    let Some((said, deployments)) = judged() else {
        return;
    };
    let count = |start: &str| -> usize {
        let line = said.iter().find(|line| line.starts_with(start));
        let last = line.and_then(|line| line.split(' ').next_back());
        last.and_then(|number| number.parse().ok()).expect(start)
    };
    let known = count("objects ");
    for version in ["1.30", "1.32", "1.37"] {
        assert_eq!(
            count(&format!("kubernetes-validate-{version} 0 of ")),
            known
        );
    }
    assert!(known > 300, "{known}");
    assert!(count("checkov 0 of ") > 200);
    assert!(count("yamllint 0 of ") > 100);
    for (name, deployment) in &deployments {
        for overlay in ["dev", "production"] {
            let start = format!("edge {name}-{overlay} ");
            let edges: BTreeSet<&str> = said
                .iter()
                .filter_map(|line| line.strip_prefix(&start))
                .collect();
            let wanted = ways(deployment, overlay == "production");
            assert_eq!(
                edges,
                wanted.iter().map(String::as_str).collect(),
                "{start}"
            );
        }
    }
}

/// What shall be able to speak: the graph, DNS, vendors; in production also who scrapes and who proxies.
fn ways(deployment: &Deployment, production: bool) -> BTreeSet<String> {
    let mut ways = BTreeSet::new();
    for service in deployment.services.values() {
        let name = &service.name;
        ways.insert(format!("{name} dns 53"));
        for other in service.depends_on.keys() {
            ways.insert(format!(
                "{name} {other} {}",
                deployment.services[other].port
            ));
        }
        if service.internet {
            ways.insert(format!("{name} internet 443"));
        }
        if production && !["mongodb", "redis"].contains(&name.as_str()) {
            ways.insert(format!("prometheus {name} {}", service.port));
        }
        if production && name.as_str() == "gateway" {
            ways.insert(format!("proxy {name} {}", service.port));
        }
    }
    ways
}
