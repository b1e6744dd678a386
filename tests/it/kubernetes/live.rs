//! What only real servers can say: that an API server takes what is rendered, and that MongoDB forms its replica set by the
//! script that is rendered. How each is made is in the scripts, with what they demand of a bad one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::project;
use crate::offline;

/// A script of `tests/parts`, or a loud notice. One that takes minutes to provide is never demanded.
fn script(variable: &str, is_demanded: bool) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        let required = is_demanded && std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
        assert!(
            !required,
            "{variable} is not set, but real parts are required"
        );
        offline::skipped(
            "kubernetes",
            &format!("set {variable} (see tests/parts/provision)"),
        );
    }
    path
}

fn says(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    said
}

#[test]
fn three_servers_form_one_set_and_take_back_a_member_that_lost_its_volume() {
    let Some(script) = script("ATLAS_TEST_FORM_REPLICA_SET", true) else {
        return;
    };
    // What the script itself says while it waits for a server comes before.
    assert_eq!(
        says(&mut Command::new(&script)).lines().last(),
        Some("one set of three, and the same after its first member lost its volume")
    );
}

#[test]
fn a_script_that_does_nothing_forms_no_set() {
    let Some(script) = script("ATLAS_TEST_FORM_REPLICA_SET", true) else {
        return;
    };
    assert_eq!(
        says(Command::new(&script).arg("--canary")),
        "no set comes of a script that does nothing\n"
    );
}

#[test]
fn an_api_server_takes_what_is_rendered_and_finds_no_difference_then() {
    let Some(script) = script("ATLAS_TEST_APPLY_KUBERNETES", false) else {
        return;
    };
    let project = project("applied");
    let arguments = [
        "render",
        "kubernetes",
        "--profile",
        "all",
        "--ingress",
        "--secrets",
        "values",
    ];
    offline::run(&project, &arguments).exits(0);
    let said = says(Command::new(script).arg(project.path().join("kubernetes")));
    let count = said.strip_suffix(" objects applied, no difference\n");
    let count: usize = count.and_then(|count| count.parse().ok()).expect(&said);
    assert!(count > 100, "{said}");
}
