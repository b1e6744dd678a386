//! The documents of the APIs before foreign judges: openapi-spec-validator reads each of them; Schemathesis makes requests of
//! them, good and bad, at running roles, and compares every answer with what is documented.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::fake::{Fake, Reply};
use crate::gateway::start;
use crate::orchestrator::event;
use crate::real::binary;
use crate::running::{Running, answer, code, header};

const METHODS: [&str; 5] = ["get", "head", "post", "put", "delete"];

/// A program of the judge's environment; `st` is Schemathesis.
fn judge(program: &str) -> Option<PathBuf> {
    let schemathesis = binary("ATLAS_TEST_SCHEMATHESIS", "Schemathesis")?;
    Some(Path::new(&schemathesis).with_file_name(program))
}

/// Jira and Confluence, each with something to find.
async fn vendor() -> Fake {
    Fake::start(|asked, _| match asked.path.as_str() {
        "/rest/api/3/search/jql" => Reply::json(json!({"issues": [{"id": "1", "key": "OPS-1", "fields": {"summary": "s"}}]})),
        "/rest/api/3/myself" => Reply::json(json!({"displayName": "Ann"})),
        _ => Reply::json(json!({"results": [{"title": "Page", "url": "/p", "content": {"id": "7"}}], "_links": {}})),
    })
    .await
}

fn accounts(vendor: &Fake) -> [(&'static str, String); 6] {
    [
        ("JIRA_URL", vendor.url.clone()),
        ("JIRA_USERNAME", "ann".to_owned()),
        ("JIRA_TOKEN", "t".to_owned()),
        ("CONFLUENCE_URL", vendor.url.clone()),
        ("CONFLUENCE_USERNAME", "ann".to_owned()),
        ("CONFLUENCE_TOKEN", "t".to_owned()),
    ]
}

async fn run(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.success(), said)
}

/// Whether Schemathesis finds every answer as documented, and what it says; nothing where it is not there.
async fn judged(document: &str) -> Option<(bool, String)> {
    let schemathesis = judge("st")?;
    let folder = TempDir::new().unwrap();
    let configuration = "[checks]\n\
        # What a source or a vendor knows is not in the document: a service that is not there is well-formed.\n\
        positive_data_acceptance.enabled = false\n\
        [auth.openapi]\n\
        header.api_key = \"k3y\"\n";
    std::fs::write(folder.path().join("schemathesis.toml"), configuration).unwrap();
    let judgement = run(Command::new(schemathesis)
        .arg("run")
        .arg(document)
        .args(["--phases", "examples,coverage,fuzzing", "--seed", "1"])
        .args(["--max-examples", "30", "--continue-on-failure"])
        .args(["--request-timeout", "20", "--warnings", "off"])
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.path())
        .env("NO_COLOR", "1")
        .current_dir(folder.path()))
    .await;
    Some(judgement)
}

async fn conforms(it: &Running, document: &str) {
    if let Some((clean, said)) = judged(&format!("{}{document}", it.url)).await {
        assert!(clean && said.contains("No issues found"), "{said}");
    }
}

#[tokio::test]
async fn the_judge_finds_a_service_that_is_not_as_documented() {
    let liar = Fake::start(|asked, _| match asked.path.as_str() {
        "/openapi.json" => Reply::json(atlas_backend::openapi::document("jira")),
        _ => Reply::json(json!({})),
    })
    .await;
    if let Some((clean, said)) = judged(&format!("{}/openapi.json", liar.url)).await {
        assert!(
            !clean && said.contains("Response violates schema"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn every_document_is_openapi_3_1() {
    let Some(validator) = judge("openapi-spec-validator") else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(&validator);
    command.args(["--schema", "3.1", "--validation-errors", "all"]);
    for role in atlas_backend::roles() {
        let path = folder.path().join(format!("{role}.json"));
        let document = atlas_backend::openapi::document(role);
        std::fs::write(&path, document.to_string()).unwrap();
        command.arg(path);
    }
    let (valid, said) = run(&mut command).await;
    let found = said.lines().filter(|line| line.ends_with(": OK")).count();
    assert!(valid && found == atlas_backend::roles().len(), "{said}");

    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, r#"{"openapi": "3.1.0", "paths": {}}"#).unwrap();
    let (valid, _) = run(Command::new(validator).arg(broken)).await;
    assert!(!valid, "the judge does find something");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_answers_as_documented() {
    let (vendor, folder) = (vendor().await, TempDir::new().unwrap());
    let accounts = accounts(&vendor);
    let mut variables: Vec<(&str, &str)> = accounts.iter().map(|(n, v)| (*n, v.as_str())).collect();
    variables.extend([
        ("ATLAS_API_KEY", "k3y"),
        ("ATLAS_SECRET_KEY", "correct horse battery staple"),
        ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ]);
    let gateway = start(&folder, &variables).await;
    conforms(&gateway, "/api/openapi.json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_orchestrator_and_a_service_answer_as_documented() {
    let vendor = vendor().await;
    let accounts = accounts(&vendor);
    let variables: Vec<(&str, &str)> = accounts.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let jira = Running::start("jira", &variables).await;
    let orchestrator = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    conforms(&jira, "/openapi.json").await;
    conforms(&orchestrator, "/openapi.json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn productivity_answers_as_documented() {
    let tree = crate::productivity::Tree::new();
    tree.write("plan.md", "# A plan");
    let service = tree.indexed().await;
    conforms(&service, "/openapi.json").await;
}

#[tokio::test]
async fn every_event_of_a_stream_has_its_documented_shape() {
    let Some(python) = judge("python") else {
        return;
    };
    let (vendor, folder) = (vendor().await, TempDir::new().unwrap());
    let accounts = accounts(&vendor);
    let variables: Vec<(&str, &str)> = accounts[..3]
        .iter()
        .map(|(n, v)| (*n, v.as_str()))
        .collect();
    let gateway = start(&folder, &variables).await;
    let request = gateway.request(Method::POST, "/api/search/stream");
    let response = request.json(&json!({"query": "x"})).send().await.unwrap();
    let text = response.text().await.unwrap();
    let events: Vec<(&str, Value)> = text.split("\n\n").filter_map(event).collect();
    let mut names: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, ["done", "error", "results", "start"]);

    let validate = "import json, sys, jsonschema\n\
        schema, instance = map(json.loads, sys.argv[1:])\n\
        jsonschema.Draft202012Validator(schema).validate(instance)";
    let document = atlas_backend::openapi::document("gateway");
    let shapes =
        &document["components"]["responses"]["Events"]["content"]["text/event-stream"]["x-events"];
    for (name, data) in &events {
        let mut schema = shapes[*name].clone();
        schema["components"] = document["components"].clone();
        let mut command = Command::new(&python);
        command
            .args(["-c", validate])
            .args([schema.to_string(), data.to_string()]);
        let (valid, said) = run(&mut command).await;
        assert!(valid, "{name}: {said}");
        command = Command::new(&python);
        command
            .args(["-c", validate])
            .args([schema.to_string(), "{}".to_owned()]);
        assert!(
            !run(&mut command).await.0,
            "{name}: the judge does find something"
        );
    }
}

/// A path of the document that can be asked.
fn filled(path: &str) -> String {
    path.replace("{user_id}", "ann").replace("{name}", "jira")
}

#[tokio::test]
async fn every_path_takes_the_documented_methods_and_no_other() {
    let folder = TempDir::new().unwrap();
    let jira = Running::start("jira", &[]).await;
    let orchestrator = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &jira.url)]).await;
    let gateway = start(&folder, &[]).await;
    for (role, running) in [
        ("gateway", gateway),
        ("orchestrator", orchestrator),
        ("jira", jira),
    ] {
        let document = atlas_backend::openapi::document(role);
        for (path, item) in document["paths"].as_object().unwrap() {
            let request = running.request(Method::PATCH, &filled(path));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 405, "{role} {path}");
            let allowed = header(&response, "allow").unwrap().to_lowercase();
            let mut allowed: Vec<&str> = allowed.split(',').collect();
            let is_documented = |method: &&str| match *method {
                "head" => item.get("get").is_some(),
                method => item.get(method).is_some(),
            };
            let mut documented: Vec<&str> = METHODS.into_iter().filter(is_documented).collect();
            allowed.sort_unstable();
            documented.sort_unstable();
            assert_eq!(documented, allowed, "{role} {path}: documented, taken");
            assert_eq!(code(&response.json().await.unwrap()), "method_not_allowed");
        }
    }
}

#[tokio::test]
async fn the_document_and_its_page_need_no_key_and_the_page_no_script() {
    let folder = TempDir::new().unwrap();
    let gateway = start(&folder, &[("ATLAS_API_KEY", "k3y")]).await;
    let (status, document) = answer(gateway.request(Method::GET, "/api/openapi.json")).await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    assert_eq!(document["servers"][0]["url"], "/");

    let request = gateway.request(Method::GET, "/api/docs");
    let response = request.send().await.unwrap();
    assert_eq!(
        header(&response, "content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = header(&response, "content-security-policy")
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains("script"),
        "{policy}"
    );
    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("<title>Atlas AI gateway</title>")
    );
}
