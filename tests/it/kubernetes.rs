//! `atlas render kubernetes`: the command, every subset of the services, and what foreign judges say of each profile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use atlas::input::{Catalogue, Dotenv, Environment, Inputs, Project as Manifest};
use atlas::model::{Deployment, ImageRef};
use atlas::resolve::{Request, resolve};
use atlas::targets::kubernetes::{Options, artifacts};
use serde_json::Value;

use crate::atlas::Project;
use crate::offline;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn manifest() -> String {
    format!(
        "public-url: https://api.example.com\nservices:\n  mongodb: {{image: \"mongo:7@{DIGEST}\"}}\n  redis: {{image: \"redis:7-alpine@{DIGEST}\"}}\n"
    )
}

/// Resolves named services as the command would.
fn deployment(services: &[&str]) -> Deployment {
    let (catalogue, _) = Catalogue::embedded();
    let (project, problems) = Manifest::parse("atlas.yaml", manifest().as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    let mut dotenv = Dotenv::default();
    dotenv.parse(".env", offline::ENV.as_bytes(), &Environment::new());
    let roles = ALL.iter().copied();
    let mut request = Request::new("atlas", ImageRef::new("atlas-builtin:test"), roles);
    request.services = services.iter().map(|name| (*name).to_owned()).collect();
    let inputs = Inputs {
        catalogue,
        project,
        dotenv,
        problems: Vec::new(),
    };
    resolve(&inputs, &request)
        .unwrap_or_else(|problems| panic!("{problems:?}"))
        .deployment
}

const ALL: [&str; 15] = [
    "confluence",
    "devtools",
    "figma",
    "gateway",
    "github",
    "google",
    "jira",
    "linear",
    "microsoft365",
    "mongodb",
    "notion",
    "orchestrator",
    "productivity",
    "redis",
    "slack",
];

/// All singles, all pairs, 200 picked by a generator that is the same on every machine.
fn subsets() -> Vec<Vec<&'static str>> {
    let mut subsets: Vec<Vec<&str>> = ALL.iter().map(|name| vec![*name]).collect();
    for (number, first) in ALL.iter().enumerate() {
        subsets.extend(ALL[number + 1..].iter().map(|second| vec![*first, *second]));
    }
    let mut state: u32 = 1;
    while subsets.len() < ALL.len() + ALL.len() * (ALL.len() - 1) / 2 + 200 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let picked = |number: &usize| state >> (number + 8) & 1 == 1;
        let subset: Vec<&str> = (0..ALL.len()).filter(picked).map(|n| ALL[n]).collect();
        if !subset.is_empty() {
            subsets.push(subset);
        }
    }
    subsets
}

#[test]
fn every_subset_of_the_services_is_sound() {
    let subsets = subsets();
    assert_eq!(subsets.len(), 15 + 105 + 200);
    for subset in subsets {
        let deployment = deployment(&subset);
        let rendered = artifacts(&deployment, &Options::default(), Path::new("k"));
        let files: BTreeMap<String, Vec<Value>> = rendered
            .expect("no fault")
            .iter()
            .map(|artifact| {
                let text = std::str::from_utf8(artifact.contents.bytes()).expect("UTF-8");
                let objects = serde_saphyr::from_multiple(text).expect("YAML");
                (artifact.path.display().to_string(), objects)
            })
            .collect();
        is_sound(&subset, &deployment, &files);
    }
}

/// Every file is listed, every name is given once, and the policies are the graph.
fn is_sound(subset: &[&str], deployment: &Deployment, files: &BTreeMap<String, Vec<Value>>) {
    let mut names = BTreeSet::new();
    for object in files.values().flatten() {
        let text = |key: &str| object.pointer(key).and_then(Value::as_str);
        let kind = text("/kind").expect("a kind");
        if let Some(name) = text("/metadata/name") {
            // The two ways in exclude each other and share a policy's name.
            let once = names.insert((kind.to_owned(), name.to_owned()));
            assert!(once || name == "edge", "{subset:?}: {kind} {name} twice");
        }
    }
    for (path, objects) in files {
        let Some(folder) = path.strip_suffix("/kustomization.yaml") else {
            continue;
        };
        for key in ["resources", "components"] {
            for listed in objects[0][key].as_array().into_iter().flatten() {
                let listed = listed.as_str().expect("a path");
                let target = match listed.strip_prefix("../../") {
                    Some(rest) => format!("k/{rest}/kustomization.yaml"),
                    None => format!("{folder}/{listed}"),
                };
                assert!(files.contains_key(&target), "{subset:?}: {path}: {target}");
            }
        }
    }
    for service in deployment.services.values() {
        let name = service.name.to_string();
        for kind in [
            "Service",
            "ServiceAccount",
            "PodDisruptionBudget",
            "NetworkPolicy",
        ] {
            let there = names.contains(&(kind.to_owned(), name.clone()));
            assert!(there, "{subset:?}: {kind} {name}");
        }
    }
    let policies = &files["k/components/network-policies/objects.yaml"];
    assert_eq!(allowed(policies), graph(deployment), "{subset:?}");
}

/// Pairs that both sides allow.
fn allowed(policies: &[Value]) -> BTreeSet<(String, String)> {
    let label = "/podSelector/matchLabels/app.kubernetes.io~1name";
    let mut sides = [BTreeSet::new(), BTreeSet::new()];
    for policy in policies {
        let own = policy.pointer(&format!("/spec{label}"));
        let Some(own) = own.and_then(Value::as_str) else {
            continue;
        };
        for (side, (rules, peers)) in [("ingress", "from"), ("egress", "to")].iter().enumerate() {
            let rules = policy["spec"][*rules].as_array().into_iter().flatten();
            for peer in rules.flat_map(|rule| rule[*peers].as_array().into_iter().flatten()) {
                if let Some(other) = peer.pointer(label).and_then(Value::as_str) {
                    let pair = match side {
                        0 => (other.to_owned(), own.to_owned()),
                        _ => (own.to_owned(), other.to_owned()),
                    };
                    sides[side].insert(pair);
                }
            }
        }
    }
    assert_eq!(
        sides[0], sides[1],
        "what one side allows, the other does too"
    );
    sides[0].retain(|(from, to)| from != to);
    let [both, _] = sides;
    both
}

fn graph(deployment: &Deployment) -> BTreeSet<(String, String)> {
    let services = deployment.services.values();
    services
        .flat_map(|service| {
            let to = service.depends_on.keys();
            to.map(|other| (service.name.to_string(), other.to_string()))
        })
        .collect()
}

fn project(test: &str) -> Project {
    let project = Project::new(test);
    project.write("atlas.yaml", manifest());
    project.write(".env", offline::ENV);
    project
}

#[test]
fn files_are_written_checked_and_removed_when_no_longer_rendered() {
    let project = project("kubernetes");
    let render =
        |more: &[&str]| offline::run(&project, &[&["render", "kubernetes"], more].concat());
    let missing = render(&["--check"]).exits(8).stdout;
    assert!(
        missing.contains("`kubernetes/base/kustomization.yaml` is missing"),
        "{missing}"
    );
    render(&[]).exits(0);
    assert_eq!(render(&["--check"]).exits(0).stdout, "");
    project.write(
        "kubernetes/overlays/mine/kustomization.yaml",
        "resources: [../dev]\n",
    );
    let differences = render(&["--check", "gateway"]).exits(8).stdout;
    assert!(
        differences
            .contains("`kubernetes/base/integrations/jira-deployment.yaml` is no longer rendered"),
        "{differences}"
    );
    assert_eq!(render(&["--diff", "gateway"]).exits(0).stdout, differences);
    let said = render(&["gateway"]).exits(0).stderr;
    assert!(
        said.contains("kubernetes/base/integrations/jira-deployment.yaml removed"),
        "{said}"
    );
    assert!(!project.path().join("kubernetes/base/integrations").exists());
    assert_eq!(
        project.read("kubernetes/overlays/mine/kustomization.yaml"),
        "resources: [../dev]\n"
    );
    let printed = render(&["-", "gateway"]).exits(0).stdout;
    assert!(printed.contains(&project.read("kubernetes/base/gateway/deployment.yaml")));
}

#[test]
fn what_a_person_wrote_stays_and_nothing_else_is_written() {
    let project = project("edited");
    let render =
        |more: &[&str]| offline::run(&project, &[&["render", "kubernetes"], more].concat());
    render(&[]).exits(0);
    let path = "kubernetes/overlays/production/kustomization.yaml";
    let edited = project.read(path).replace("namespace: ", "namespace: my-");
    project.write(path, &edited);
    let said = render(&["--profile", "all"]).exits(5).stderr;
    assert!(
        said.contains(&format!(
            "refused to overwrite `{path}`: edited since atlas generated it"
        )),
        "{said}"
    );
    assert!(
        said.contains("hint: move your change into an overlay of your own"),
        "{said}"
    );
    assert!(
        !project
            .path()
            .join("kubernetes/base/integrations/slack-deployment.yaml")
            .exists()
    );
    render(&["--force"]).exits(0);
    project.write("kubernetes/base/namespace.yaml", "kind: Namespace\n");
    let said = render(&[]).exits(5).stderr;
    assert!(said.contains("not generated by atlas"), "{said}");
}

#[test]
fn faults_are_shown_where_they_are_written() {
    let project = project("faults");
    project.write(
        "atlas.yaml",
        "public-url: https://localhost\nservices:\n  redis: {memory: 64MiB}\n",
    );
    let said = offline::run(&project, &["render", "kubernetes"])
        .exits(3)
        .stderr;
    for line in [
        "atlas.yaml:1:13: public-url: `localhost` is not a domain that a route can be made for",
        "atlas.yaml:3:19: services.redis.memory: `redis` may hold 192 MiB of data, but is ended at 64 MiB",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(!project.path().join("kubernetes").exists());
    let said = offline::run(&project, &["render", "kubernetes", "--image", "https://a"])
        .exits(2)
        .stderr;
    assert!(said.contains("invalid image `https://a`"), "{said}");
}

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
