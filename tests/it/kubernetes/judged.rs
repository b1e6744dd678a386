//! What foreign judges say of every profile and overlay (`tests/parts/judge-kubernetes`). That the judges do find something
//! is shown by `tests/parts/judge-kubernetes --canary`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use atlas::model::{DataMode, Deployment, Kind};

use super::{DIGEST, project, resolved};
use crate::offline;

/// Addresses of stores elsewhere: a domain, and a Service of another namespace.
const ELSEWHERE: [(&str, &str); 2] = [
    ("MONGO_URL", "mongodb://u:p@db.example.net:27018"),
    ("REDIS_URL", "redis://:p@redis.cache.svc:6380/0"),
];

/// A variant: its folder, the words of the command, and the deployment that they come to.
type Variant = (&'static str, Vec<&'static str>, Deployment);

/// Every profile, every mode of data with all services, both ways in, every source of secrets.
fn variants() -> Vec<Variant> {
    let profile = |name: &'static str, data: Option<DataMode>, set: &[(&str, &str)]| {
        resolved(|request| {
            request.profile = Some(name.to_owned());
            request.data = data;
            let set = set
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            request.environment.extend(set);
        })
    };
    let web = [("WEB_SEARCH_PROVIDER", "duckduckgo")];
    vec![
        (
            "minimal",
            vec!["--profile", "minimal"],
            profile("minimal", None, &[]),
        ),
        (
            "atlassian",
            vec!["--profile", "atlassian", "--sealed-with", "sealing.pem"],
            profile("atlassian", None, &[]),
        ),
        ("all", vec!["--profile", "all"], profile("all", None, &web)),
        (
            "ingress",
            vec![
                "--profile",
                "atlassian",
                "--ingress",
                "--secrets",
                "existing",
            ],
            profile("atlassian", None, &[]),
        ),
        (
            "external",
            vec!["--profile", "all", "--data", "external"],
            profile("all", Some(DataMode::External), &ELSEWHERE),
        ),
        (
            "embedded",
            vec![
                "--profile",
                "all",
                "--data",
                "embedded",
                "--secrets",
                "values",
            ],
            profile("all", Some(DataMode::Embedded), &[]),
        ),
    ]
}

/// Renders the variants in folders of one project, which the judges see at once.
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
    project.write(
        "sealing.pem",
        include_bytes!("../../../src/sealing/tests/rsa.pem"),
    );
    let image = format!("ghcr.io/acme/atlas@{DIGEST}");
    let mut command = Command::new(judge);
    let mut graphs = BTreeMap::new();
    for (name, more, deployment) in variants() {
        let set = match name {
            "external" => ELSEWHERE
                .map(|(name, value)| format!("{name}={value}\n"))
                .concat(),
            "all" => "WEB_SEARCH_PROVIDER=duckduckgo\n".to_owned(),
            _ => String::new(),
        };
        project.write(".env", format!("{}{set}", offline::ENV));
        let arguments = ["render", "kubernetes", "--output", name, "--image", &image];
        offline::run(&project, &[&arguments, &more[..]].concat()).exits(0);
        command.arg(project.path().join(name));
        graphs.insert(name.to_owned(), deployment);
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
    assert_eq!(deployments.len(), 6);
    // Whom only a setting sends outside, and who calls nobody.
    for (name, who, is_open) in [
        ("all", "orchestrator", true),
        ("atlassian", "orchestrator", false),
        ("all", "productivity", false),
        ("minimal", "gateway", true),
    ] {
        let mut services = deployments[name].services.values();
        let found = services.find(|service| service.name.as_str() == who);
        assert_eq!(found.expect(who).internet, is_open, "{name}: {who}");
    }
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

/// What shall be able to speak: the graph, DNS, vendors, stores elsewhere; in production also who scrapes and who proxies.
fn ways(deployment: &Deployment, production: bool) -> BTreeSet<String> {
    let mut ways = BTreeSet::new();
    let external = deployment.data == DataMode::External;
    for service in deployment.services.values() {
        let name = &service.name;
        ways.insert(format!("{name} dns 53"));
        for other in service.depends_on.keys() {
            ways.insert(format!(
                "{name} {other} {}",
                deployment.services[other].port
            ));
        }
        let reads = |variable: &str| {
            let file = format!("{variable}_FILE");
            external && service.environment.contains_key(&file)
        };
        let outside: Vec<&str> = [(service.internet, "443"), (reads("MONGO_URL"), "27018")]
            .into_iter()
            .filter_map(|(is_open, port)| is_open.then_some(port))
            .collect();
        if !outside.is_empty() {
            ways.insert(format!("{name} internet {}", outside.join(",")));
        }
        if reads("MONGO_URL") {
            ways.insert(format!("{name} private 27018"));
        }
        if reads("REDIS_URL") {
            ways.insert(format!("{name} elsewhere 6380"));
        }
        if production && service.kind != Kind::Store {
            ways.insert(format!("prometheus {name} {}", service.port));
        }
        if production && service.kind == Kind::Gateway {
            ways.insert(format!("proxy {name} {}", service.port));
        }
    }
    ways
}
