//! `--sealed-with`: what is written can be committed, opens where it belongs and nowhere else, and stays as it is while the
//! secrets do. It is opened by `tests/parts/sealing-controller`, which shares nothing with atlas but the format's documentation.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use super::project;
use crate::atlas::Project;
use crate::offline::{self, ENV};

const PRODUCTION: &str = "kubernetes/components/sealed-secrets/objects.yaml";
const DEV: &str = "kubernetes/components/sealed-secrets-dev/objects.yaml";

/// The script, or a loud notice.
fn controller(arguments: &[&str], folder: &Path) -> Option<Output> {
    let Some(script) = std::env::var_os("ATLAS_TEST_SEALING_CONTROLLER") else {
        let required = std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
        assert!(
            !required,
            "ATLAS_TEST_SEALING_CONTROLLER is not set, but real parts are required"
        );
        offline::skipped(
            "sealed",
            "set ATLAS_TEST_SEALING_CONTROLLER (see tests/parts/provision)",
        );
        return None;
    };
    let mut command = Command::new(script);
    let output = command.args(arguments).current_dir(folder).output();
    Some(output.expect("the controller runs"))
}

/// A project with a controller's key `key.pem` and certificate `sealing.pem` in its folder.
fn sealing(days: &str) -> Option<Project> {
    let project = project("sealed");
    let made = controller(&["new", "key.pem", "sealing.pem", days], project.path())?;
    assert!(made.status.success(), "{made:?}");
    Some(project)
}

/// What the controller would put into the cluster, by namespace, Secret and key.
fn opened(project: &Project, arguments: &[&str]) -> BTreeMap<String, String> {
    let arguments = [&["open"], arguments].concat();
    let output = controller(&arguments, project.path()).expect("there is one");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    said.lines()
        .map(|line| line.split_once(' ').expect("a place and a value"))
        .map(|(place, value)| (place.to_owned(), serde_json::from_str(value).expect("JSON")))
        .collect()
}

#[test]
fn the_controller_gets_what_the_env_file_says_and_nobody_else_does() {
    let Some(project) = sealing("3650") else {
        return;
    };
    // Of what YAML, Compose and a shell would read otherwise.
    project.write(".env", format!("{ENV}SLACK_BOT_TOKEN='xoxb-1:$x#%'\n"));
    let arguments = [
        "-p",
        "demo",
        "render",
        "kubernetes",
        "--profile",
        "all",
        "--sealed-with",
        "sealing.pem",
    ];
    let said = offline::run(&project, &arguments).exits(0);
    for secret in ["s3cret", "m0ngo", "r3dis", "c0nf", "j1ra", "xoxb-1"] {
        assert!(!said.stderr.contains(secret) && !said.stdout.contains(secret));
    }
    let values = opened(&project, &["key.pem", PRODUCTION]);
    for (place, value) in [
        ("demo/gateway/atlas_api_key", "k3y"),
        ("demo/gateway/atlas_secret_key", "s3cret"),
        ("demo/confluence/confluence_token", "c0nf"),
        ("demo/slack/slack_bot_token", "xoxb-1:$x#%"),
        ("demo/mongodb/mongodb_password", "m0ngo"),
    ] {
        assert_eq!(
            values.get(place).map(String::as_str),
            Some(value),
            "{place}: {:?}",
            values.keys()
        );
    }
    let dev = opened(&project, &["key.pem", DEV]);
    let moved = values
        .iter()
        .map(|(place, value)| (place.replacen("demo/", "demo-dev/", 1), value.clone()));
    assert_eq!(
        dev,
        moved.collect(),
        "what is sealed for `dev` are the same values"
    );

    // Neither in another namespace, nor with another key.
    let elsewhere = controller(&["open", "key.pem", PRODUCTION, "demo-dev"], project.path());
    assert_eq!(elsewhere.expect("one").status.code(), Some(1));
    let other = sealing("3650").expect("there is one");
    let key = other.path().join("key.pem").display().to_string();
    let foreign = controller(&["open", &key, PRODUCTION], project.path()).expect("one");
    assert_eq!(foreign.status.code(), Some(1));
    assert_eq!(foreign.stdout, b"");
}

#[test]
fn what_is_sealed_stays_until_its_value_its_place_or_the_certificate_changes() {
    let Some(project) = sealing("3650") else {
        return;
    };
    project.write(
        "atlas.yaml",
        project.read("atlas.yaml") + "kubernetes: {sealed-with: sealing.pem}\n",
    );
    let render =
        |more: &[&str]| offline::run(&project, &[&["render", "kubernetes"], more].concat());
    render(&[]).exits(0);
    let first = project.read(PRODUCTION);
    render(&[]).exits(0);
    assert_eq!(project.read(PRODUCTION), first);
    assert_eq!(render(&["--check"]).exits(0).stdout, "");

    let line = |text: &str, key: &str| {
        text.lines()
            .find(|line| line.contains(key))
            .map(str::to_owned)
    };
    project.write(".env", ENV.replace("r3dis", "changed"));
    let differences = render(&["--check"]).exits(8).stdout;
    assert!(!differences.contains("changed"), "{differences}");
    render(&[]).exits(0);
    let second = project.read(PRODUCTION);
    let same = "    atlas_secret_key: ";
    assert_eq!(line(&first, same), line(&second, same), "others stay");
    assert!(line(&first, same).is_some() && first != second);
    let values = opened(&project, &["key.pem", PRODUCTION]);
    assert!(
        values.values().any(|value| value.contains("changed")),
        "{:?}",
        values.keys()
    );

    // A machine that has not sealed it cannot tell, and takes the committed file for what it says.
    let record = project.path().join(".atlas/sealed.json");
    let text = std::fs::read_to_string(&record).expect("a record");
    assert!(!text.contains("changed"), "{text}");
    std::fs::remove_file(&record).expect("removed");
    assert_eq!(render(&["--check"]).exits(0).stdout, "");
    assert!(!record.exists(), "a check writes nothing");
    project.write(".env", ENV.replace("r3dis", "of-another-length"));
    render(&["--check"]).exits(8);

    controller(&["new", "key.pem", "sealing.pem"], project.path());
    render(&["--check"]).exits(8);
    render(&[]).exits(0);
    assert!(!opened(&project, &["key.pem", PRODUCTION]).is_empty());
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_where_it_is_named() {
    let Some(project) = sealing("-1") else { return };
    let said = offline::run(
        &project,
        &["render", "kubernetes", "--sealed-with", "sealing.pem"],
    )
    .exits(3);
    assert_eq!(
        said.stderr,
        "error: --sealed-with: failed to read the certificate `sealing.pem`: it has expired; the controller has a newer one
  hint: `kubeseal --fetch-cert > sealing.pem` asks the cluster for it

error: the configuration has 1 problem
"
    );
    let manifest = project.read("atlas.yaml") + "kubernetes:\n  sealed-with: key.pem\n";
    project.write("atlas.yaml", &manifest);
    let said = offline::run(&project, &["init", "--yes", "--target", "kubernetes"])
        .exits(3)
        .stderr;
    let place = manifest.lines().count();
    let start = format!(
        "error: atlas.yaml:{place}:16: kubernetes.sealed-with: failed to read the certificate `"
    );
    assert!(said.starts_with(&start), "{said}");
    assert!(
        said.contains("/key.pem`: it holds no certificate\n"),
        "{said}"
    );
    assert!(
        said.ends_with("error: the configuration has 1 problem; nothing was written\n"),
        "{said}"
    );
    assert!(!project.path().join("kubernetes").exists());
    // Another source on the command line goes before it.
    offline::run(&project, &["render", "kubernetes", "--secrets", "existing"]).exits(0);
    let said = offline::run(
        &project,
        &[
            "render",
            "kubernetes",
            "--secrets",
            "values",
            "--sealed-with",
            "x",
        ],
    );
    assert!(said.exits(2).stderr.contains("cannot be used with"));
}
