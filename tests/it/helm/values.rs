//! What an operator sets in values, and what becomes of it; what he mistypes, and what Helm says.

use serde_json::{Value, json};

use super::helms;
use super::objects::{Objects, refusal, rendered};
use crate::kubernetes::{DIGEST, project};
use crate::offline;

/// A chart of all services and of one more whose name and variables could be taken for Go's language.
fn chart(test: &str) -> Option<(crate::atlas::Project, [std::path::PathBuf; 2])> {
    let helms = helms(test)?;
    let project = project(test);
    let text = project.read("atlas.yaml");
    project.write("atlas.yaml", format!("catalogue: more\n{text}  my-wiki: {{environment: {{GREETING: \"{{{{ .Values }}}} #1\"}}}}\n"));
    project.write(
        "more/my-wiki.yaml",
        "title: Wiki\ndescription: Searches our wiki\nkind: integration\nport: 8099\nhealth: {http: /health}\nprofiles: [all]\nscalable: true\n\
         provides:\n  WIKI_SERVICE_URL: {value: \"http://my-wiki:8099\"}\nimages:\n  any: {image: \"registry.example.com/acme/wiki:1\", command: [wiki, --title, \"{{ title }} 'x' \\\"y\\\"\"]}\n",
    );
    offline::run(
        &project,
        &[
            "render",
            "helm",
            "--profile",
            "all",
            "--output",
            "chart",
            "--image",
            "ghcr.io/acme/atlas:1",
        ],
    )
    .exits(0);
    Some((project, helms))
}

fn at(objects: &Objects, kind: &str, name: &str, pointer: &str) -> Value {
    let object = objects.get(&(kind.to_owned(), name.to_owned()));
    let found = object
        .unwrap_or_else(|| panic!("no {kind} {name}"))
        .pointer(pointer);
    found.unwrap_or(&Value::Null).clone()
}

#[test]
fn a_service_of_the_catalogue_is_there_without_a_line_of_code_and_keeps_its_words() {
    let Some((project, helms)) = chart("wiki") else {
        return;
    };
    let folder = project.path().join("chart");
    for helm in &helms {
        let found = rendered(helm, &folder, "acme", &[]);
        let words = at(
            &found,
            "Deployment",
            "my-wiki",
            "/spec/template/spec/containers/0/args",
        );
        assert_eq!(words, json!(["wiki", "--title", "{{ title }} 'x' \"y\""]));
        assert_eq!(
            at(&found, "ConfigMap", "my-wiki", "/data/GREETING"),
            "{{ .Values }} #1"
        );
        assert_eq!(
            at(
                &found,
                "ConfigMap",
                "orchestrator",
                "/data/WIKI_SERVICE_URL"
            ),
            "http://my-wiki:8099"
        );
        let found = rendered(
            helm,
            &folder,
            "acme",
            &["--set", "services.my-wiki.enabled=false"],
        );
        assert!(!found.keys().any(|(_, name)| name == "my-wiki"));
        assert_eq!(
            at(
                &found,
                "ConfigMap",
                "orchestrator",
                "/data/WIKI_SERVICE_URL"
            ),
            Value::Null
        );
        let text = format!("{found:?}");
        assert!(!text.contains("my-wiki"), "{text}");
    }
}

#[test]
fn what_is_set_stands_where_it_belongs() {
    let Some((project, helms)) = chart("values") else {
        return;
    };
    project.write(
        "mine.yaml",
        format!(
            "image: {{repository: team/atlas, digest: \"{DIGEST}\"}}\n\
             imageRegistry: mirror.example.com:5000\n\
             imagePullSecrets: [{{name: mirror}}]\n\
             storageClass: fast\n\
             nodeSelector: {{disk: ssd}}\n\
             podAnnotations: {{team: search}}\n\
             podLabels: {{cost: \"42\"}}\n\
             route: {{issuer: \"\", gatewayClassName: shared, annotations: {{a: b}}}}\n\
             secrets: {{external: {{entry: prod, store: {{kind: SecretStore}}}}}}\n\
             monitoring: {{namespace: observability, interval: 15s}}\n\
             global: {{anything: true}}\n\
             services:\n  \
               redis: {{volumes: {{redis-data: {{size: 50Gi, storageClass: slow}}}}, nodeSelector: {{disk: big}}}}\n  \
               jira:\n    autoscaling: {{minReplicas: 4, maxReplicas: 40}}\n    resources: {{limits: {{memory: 1Gi}}}}\n    \
                 env: {{CACHE_TTL_SECONDS: null, HTTPS_PROXY: \"http://proxy:3128\"}}\n    extraEnv: [{{name: POD, valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}}}]\n    \
                 existingSecret: jira-sealed\n    tolerations: [{{key: spot, operator: Exists}}]\n    priorityClassName: high\n"
        ),
    );
    let mine = project.path().join("mine.yaml");
    let values = ["--values", &*mine.to_string_lossy()];
    for helm in &helms {
        let found = rendered(helm, &project.path().join("chart"), "acme", &values);
        let pod = |kind: &str, name: &str, pointer: &str| {
            at(&found, kind, name, &format!("/spec/template/spec{pointer}"))
        };
        assert_eq!(
            pod("Deployment", "jira", "/containers/0/image"),
            format!("mirror.example.com:5000/team/atlas:1@{DIGEST}")
        );
        assert_eq!(
            pod("StatefulSet", "redis", "/containers/0/image"),
            format!("mirror.example.com:5000/redis:7-alpine@{DIGEST}")
        );
        assert_eq!(
            pod("Deployment", "my-wiki", "/containers/0/image"),
            "mirror.example.com:5000/acme/wiki:1"
        );
        assert_eq!(
            pod("Deployment", "jira", "/imagePullSecrets"),
            json!([{"name": "mirror"}])
        );
        let claim = "/spec/volumeClaimTemplates/0/spec";
        assert_eq!(
            at(
                &found,
                "StatefulSet",
                "redis",
                &format!("{claim}/resources/requests/storage")
            ),
            "50Gi"
        );
        assert_eq!(
            at(
                &found,
                "StatefulSet",
                "redis",
                &format!("{claim}/storageClassName")
            ),
            "slow"
        );
        assert_eq!(
            at(
                &found,
                "StatefulSet",
                "mongodb",
                &format!("{claim}/storageClassName")
            ),
            "fast"
        );
        assert_eq!(
            pod("StatefulSet", "redis", "/nodeSelector"),
            json!({"disk": "big"})
        );
        assert_eq!(
            pod("Deployment", "jira", "/nodeSelector"),
            json!({"disk": "ssd"})
        );
        assert_eq!(
            pod("Deployment", "jira", "/tolerations"),
            json!([{"key": "spot", "operator": "Exists"}])
        );
        assert_eq!(pod("Deployment", "jira", "/priorityClassName"), "high");
        let labels = at(&found, "Deployment", "jira", "/spec/template/metadata");
        assert_eq!(labels["labels"]["cost"], "42");
        assert_eq!(labels["annotations"]["team"], "search");
        assert_eq!(
            at(
                &found,
                "HorizontalPodAutoscaler",
                "jira",
                "/spec/maxReplicas"
            ),
            40
        );
        assert_eq!(
            pod(
                "Deployment",
                "jira",
                "/containers/0/resources/limits/memory"
            ),
            "1Gi"
        );
        assert_eq!(
            pod("Deployment", "jira", "/containers/0/resources/limits/cpu"),
            "250m"
        );
        let data = at(&found, "ConfigMap", "jira", "/data");
        assert_eq!(
            (&data["HTTPS_PROXY"], data.get("CACHE_TTL_SECONDS")),
            (&json!("http://proxy:3128"), None)
        );
        assert_eq!(pod("Deployment", "jira", "/containers/0/env/0/name"), "POD");
        assert_eq!(
            pod("Deployment", "jira", "/volumes/0/secret/secretName"),
            "jira-sealed"
        );
        assert!(!found.contains_key(&("ExternalSecret".to_owned(), "jira".to_owned())));
        assert_eq!(
            at(
                &found,
                "ExternalSecret",
                "gateway",
                "/spec/data/0/remoteRef/key"
            ),
            "prod"
        );
        assert_eq!(
            at(
                &found,
                "ExternalSecret",
                "gateway",
                "/spec/secretStoreRef/kind"
            ),
            "SecretStore"
        );
        assert_eq!(
            at(&found, "Gateway", "atlas", "/metadata/annotations"),
            json!({"a": "b"})
        );
        assert_eq!(
            at(&found, "Gateway", "atlas", "/spec/gatewayClassName"),
            "shared"
        );
        assert_eq!(
            at(
                &found,
                "ServiceMonitor",
                "atlas",
                "/spec/endpoints/0/interval"
            ),
            "15s"
        );
        let from =
            "/spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name";
        assert_eq!(at(&found, "NetworkPolicy", "atlas", from), "observability");
    }
}

#[test]
fn a_changed_variable_rolls_the_pods_that_read_it_and_no_others() {
    let Some((project, helms)) = chart("rolls") else {
        return;
    };
    let digest = |objects: &Objects, name: &str| {
        let annotation = "/spec/template/metadata/annotations/atlas.ai~1configuration";
        at(objects, "Deployment", name, annotation)
    };
    let chart = project.path().join("chart");
    let before = rendered(&helms[0], &chart, "acme", &[]);
    let after = rendered(
        &helms[0],
        &chart,
        "acme",
        &["--set-string", "services.jira.env.CACHE_TTL_SECONDS=5"],
    );
    assert_ne!(digest(&before, "jira"), digest(&after, "jira"));
    assert_eq!(digest(&before, "slack"), digest(&after, "slack"));
}

#[test]
fn what_is_mistyped_is_refused_by_name() {
    let Some((project, helms)) = chart("typos") else {
        return;
    };
    let chart = project.path().join("chart");
    for (set, said) in [
        (
            "services.slak.enabled=false",
            "at '/services': additional properties 'slak' not allowed",
        ),
        (
            "services.slack.enable=false",
            "at '/services/slack': additional properties 'enable' not allowed",
        ),
        (
            "services.gateway.enabled=false",
            "at '/services/gateway': additional properties 'enabled' not allowed",
        ),
        (
            "services.slack.enabled=\"no\"",
            "at '/services/slack/enabled': got string, want boolean",
        ),
        (
            "services.slack.env.LEVEL=1",
            "at '/services/slack/env/LEVEL': got number, want string",
        ),
        (
            "services.mongodb.replicas=5",
            "at '/services/mongodb/replicas': maximum: got 5, want 3",
        ),
        (
            "route.type=\"nginx\"",
            "at '/route/type': value must be one of 'gateway-api', 'ingress', 'none'",
        ),
        (
            "secrets.source=\"vault\"",
            "at '/secrets/source': value must be one of 'external', 'existing', 'values'",
        ),
        (
            "host=\"https://x\"",
            "at '/host': 'https://x' does not match pattern",
        ),
        ("image.tag=1.4", "at '/image/tag': got number, want string"),
        ("networkPolicies=null", "missing property 'networkPolicies'"),
    ] {
        for helm in &helms {
            let refused = refusal(helm, &chart, &["--set-json", set]);
            assert!(refused.contains(said), "{set}: {refused}");
        }
    }
}
