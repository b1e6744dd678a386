//! A chart with the values that it comes with is the overlay that Kustomize builds; with a switch turned, it is what atlas
//! renders for Kustomize when it is asked for just that.

use serde_json::Value;

use super::objects::{Objects, built, differences, rendered, same};
use super::{helms, part};
use crate::atlas::Project;
use crate::kubernetes::{ALL, DIGEST, project};
use crate::offline;

/// Who reads charts, who builds overlays, and the project of both.
struct Bench {
    helms: [std::path::PathBuf; 2],
    kustomize: std::path::PathBuf,
    project: Project,
}

impl Bench {
    fn new(test: &str) -> Option<Self> {
        Some(Self {
            helms: helms(test)?,
            kustomize: part(test, "ATLAS_TEST_KUSTOMIZE")?,
            project: project(test),
        })
    }

    /// Renders a target into a folder of its own.
    fn render(&self, target: &str, folder: &str, more: &[&str]) {
        let arguments = [
            "render",
            target,
            "--output",
            folder,
            "--project-name",
            "acme",
        ];
        offline::run(&self.project, &[&arguments[..], more].concat()).exits(0);
    }

    /// What Kustomize builds of an overlay that is rendered with these arguments, but for the Namespace.
    fn wanted(&self, overlay: &str, more: &[&str]) -> Objects {
        let folder = self.project.path().join("wanted");
        let _ = std::fs::remove_dir_all(&folder);
        self.render("kubernetes", "wanted", more);
        let mut objects = built(&self.kustomize, &folder, overlay);
        objects.retain(|(kind, _), _| kind != "Namespace");
        objects
    }

    fn found(&self, helm: usize, namespace: &str, more: &[&str]) -> Objects {
        rendered(
            &self.helms[helm],
            &self.project.path().join("chart"),
            namespace,
            more,
        )
    }
}

#[test]
fn with_its_own_values_a_chart_is_the_overlay_production_and_with_those_of_dev_it_is_dev() {
    let Some(bench) = Bench::new("equal") else {
        return;
    };
    let external = format!(
        "{}MONGO_URL=mongodb://u:p@db.example:27017\nREDIS_URL=redis://:p@cache.example:6379/0\n",
        offline::ENV
    );
    let image = format!("ghcr.io/acme/atlas:1.4@{DIGEST}");
    let mut compared = 0;
    for more in [
        vec!["--profile", "minimal"],
        vec!["--profile", "atlassian", "--image", "127.0.0.1:5000/atlas"],
        vec!["--profile", "all", "--image", &image],
        vec!["--ingress", "--secrets", "existing", "slack"],
        vec!["--data", "external"],
        vec!["--data", "embedded"],
        vec!["--images", "registry"],
    ] {
        let env = if more.contains(&"external") {
            &external
        } else {
            offline::ENV
        };
        bench.project.write(".env", env);
        if more.contains(&"registry") {
            let text = bench.project.read("atlas.yaml");
            let images =
                "images: {source: registry, registry: registry.example.com/acme, tag: \"1.4\"}\n";
            bench.project.write("atlas.yaml", format!("{images}{text}"));
        }
        bench.render("helm", "chart", &more);
        for helm in 0..2 {
            let what = format!("helm {} {more:?}", helm + 3);
            let wanted = bench.wanted("production", &more);
            compared += same(&what, &bench.found(helm, "acme", &[]), &wanted);
            let dev = bench.project.path().join("chart/values-dev.yaml");
            let values = ["--values", &*dev.to_string_lossy()];
            let mut wanted = bench.wanted("dev", &more);
            let mut found = bench.found(helm, "acme-dev", &values);
            // Kustomize changes `ATLAS_ENV` after atlas has made the digest, Helm before.
            forget_digests(&mut wanted);
            forget_digests(&mut found);
            compared += same(&format!("{what} dev"), &found, &wanted);
        }
    }
    assert!(compared > 1000, "{compared}");
}

fn forget_digests(objects: &mut Objects) {
    for object in objects.values_mut() {
        if let Some(metadata) = object.pointer_mut("/spec/template/metadata") {
            metadata["annotations"].take();
        }
    }
}

#[test]
fn a_chart_that_is_not_the_overlay_is_noticed() {
    let Some(bench) = Bench::new("unequal") else {
        return;
    };
    bench.render("helm", "chart", &[]);
    let template = "chart/templates/services/gateway.yaml";
    let text = bench.project.read(template);
    bench.project.write(
        template,
        text.replacen("minReadySeconds: 5", "minReadySeconds: 6", 1),
    );
    bench.project.write("chart/templates/monitoring.yaml", "");
    let places = differences(
        &bench.found(1, "acme", &[]),
        &bench.wanted("production", &[]),
    );
    assert_eq!(places.len(), 2, "{places:?}");
    assert_eq!(places[0], "Deployment gateway /spec/minReadySeconds: 6 | 5");
    assert!(
        places[1].starts_with("ServiceMonitor atlas : null | {"),
        "{}",
        places[1]
    );
}

#[test]
fn what_an_operator_switches_is_what_atlas_would_render_for_it() {
    let Some(bench) = Bench::new("switches") else {
        return;
    };
    let all = ["--profile", "all"];
    bench.render("helm", "chart", &all);
    let found = |values: &str| bench.found(1, "acme", &["--set-json", values]);
    let wanted = |more: &[&str]| bench.wanted("production", &[&all[..], more].concat());
    let production = wanted(&[]);

    same(
        "ingress",
        &found(r#"route.type="ingress""#),
        &wanted(&["--ingress"]),
    );
    same(
        "existing",
        &found(r#"secrets.source="existing""#),
        &wanted(&["--secrets", "existing"]),
    );
    let without = |gone: &dyn Fn(&str, &str) -> bool| {
        let mut objects = production.clone();
        objects.retain(|(kind, name), _| !gone(kind, name));
        assert!(objects.len() < production.len());
        objects
    };
    let no_route = without(&|kind, name| {
        ["Gateway", "HTTPRoute"].contains(&kind) || (kind == "NetworkPolicy" && name == "edge")
    });
    same("no route", &found(r#"route.type="none""#), &no_route);
    same("no host", &found(r#"host="""#), &no_route);
    let unscraped = without(&|kind, name| {
        kind == "ServiceMonitor" || (kind == "NetworkPolicy" && name == "atlas")
    });
    same("monitoring", &found("monitoring.enabled=false"), &unscraped);
    let open = without(&|kind, _| kind == "NetworkPolicy");
    same("policies", &found("networkPolicies.enabled=false"), &open);
    let mut fixed = without(&|kind, name| kind == "HorizontalPodAutoscaler" && name == "jira");
    fixed.get_mut(&key("Deployment", "jira")).expect("there")["spec"]["replicas"] = 2.into();
    same(
        "replicas",
        &found("services.jira.autoscaling.enabled=false"),
        &fixed,
    );

    bench.project.write(
        "atlas.yaml",
        bench
            .project
            .read("atlas.yaml")
            .replace("api.example.com", "atlas.acme.example"),
    );
    same("host", &found(r#"host="atlas.acme.example""#), &wanted(&[]));
}

fn key(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[test]
fn the_namespace_is_made_when_it_is_asked_for_with_its_labels() {
    let Some(bench) = Bench::new("namespace") else {
        return;
    };
    bench.render("helm", "chart", &[]);
    let mut with = bench.found(0, "acme", &["--set", "namespace.create=true"]);
    let made = with.remove(&key("Namespace", "acme")).expect("a namespace");
    same("rest", &with, &bench.wanted("production", &[]));
    let kustomized = built(
        &bench.kustomize,
        &bench.project.path().join("wanted"),
        "production",
    );
    assert_eq!(made, kustomized[&key("Namespace", "acme")]);
    let label = "/metadata/labels/pod-security.kubernetes.io~1enforce";
    assert_eq!(
        made.pointer(label).and_then(Value::as_str),
        Some("restricted")
    );
}

#[test]
fn secrets_with_their_values_are_those_that_atlas_writes_for_kustomize() {
    let Some(bench) = Bench::new("secrets") else {
        return;
    };
    let values = ["--secrets", "values"];
    bench.render("helm", "chart", &values);
    let file = bench.project.path().join("chart/values-secrets.yaml");
    let found = bench.found(1, "acme", &["--values", &*file.to_string_lossy()]);
    let wanted = bench.wanted("production", &values);
    same("values", &found, &wanted);
    assert!(found.contains_key(&key("Secret", "gateway")));
    let said = super::objects::refusal(&bench.helms[1], &bench.project.path().join("chart"), &[]);
    assert!(
        said.contains("secrets.values.") && said.contains(" is not set"),
        "{said}"
    );
}

#[test]
fn a_source_that_is_left_out_is_one_that_was_not_chosen() {
    let Some(bench) = Bench::new("sources") else {
        return;
    };
    bench.render("helm", "chart", &ALL);
    for (number, gone) in ALL.iter().enumerate() {
        if ["gateway", "orchestrator", "mongodb", "redis"].contains(gone) {
            continue;
        }
        let rest: Vec<&str> = ALL.iter().copied().filter(|name| name != gone).collect();
        let set = format!("services.{gone}.enabled=false");
        let found = bench.found(number % 2, "acme", &["--set-json", &set]);
        same(gone, &found, &bench.wanted("production", &rest));
    }
}

#[test]
fn stores_that_are_left_out_are_elsewhere() {
    let Some(bench) = Bench::new("stores") else {
        return;
    };
    bench.render("helm", "chart", &ALL);
    let away = [
        "--set",
        "services.mongodb.enabled=false,services.redis.enabled=false",
    ];
    let found = bench.found(0, "acme", &away);
    let external = "MONGO_URL=mongodb://u:p@db.example.net:27017\nREDIS_URL=redis://:p@cache.example.net:6379/0\n";
    bench
        .project
        .write(".env", format!("{}{external}", offline::ENV));
    bench
        .project
        .write("atlas.yaml", "public-url: https://api.example.com\n");
    let rest: Vec<&str> = ALL
        .iter()
        .copied()
        .filter(|name| !["mongodb", "redis"].contains(name))
        .collect();
    let mut wanted = bench.wanted("production", &[&["--data", "external"], &rest[..]].concat());
    // A chart does not know where the stores are: their ports are open to every place.
    let mut opened = 0;
    for rule in wanted
        .values_mut()
        .filter_map(|object| object.pointer_mut("/spec/egress")?.as_array_mut())
        .flatten()
    {
        let port = rule.pointer("/ports/0/port").cloned().unwrap_or_default();
        if port == 27017 || port == 6379 {
            let to = rule.as_object_mut().expect("a rule").remove("to");
            opened += usize::from(to.is_some());
        }
    }
    assert!(opened > 2, "gateway and orchestrator read stores");
    same("stores", &found, &wanted);
}
