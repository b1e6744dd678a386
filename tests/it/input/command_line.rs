//! What can be typed wrongly. Usage errors exit 2, names that the configuration does not know exit 3.

use super::{project, refuses_arguments};
use crate::offline::run;

#[test]
fn unknown_options_and_commands_exit_2_with_a_tip() {
    let project = project("");
    let typed = run(&project, &["rendr", "compose"]).exits(2);
    assert_eq!(
        typed.stderr,
        "error: unrecognized subcommand 'rendr'

  tip: a similar subcommand exists: 'render'

Usage: atlas [OPTIONS] <COMMAND>

For more information, try '--help'.
"
    );
    let typed = run(&project, &["plan", "--data", "embeded"]).exits(2);
    assert_eq!(
        typed.stderr,
        "error: invalid value 'embeded' for '--data <MODE>'
  [possible values: containers, external, embedded]

  tip: a similar value exists: 'embedded'

For more information, try '--help'.
"
    );
}

#[test]
fn unknown_services_and_profiles_exit_3() {
    let project = project("");
    refuses_arguments(
        &project,
        &["plan", "conflunce", "slak"],
        "error: unknown service `conflunce`
  hint: did you mean `confluence`?
error: unknown service `slak`
  hint: did you mean `slack`?

error: the configuration has 2 problems
",
    );
    refuses_arguments(
        &project,
        &["plan", "--profile", "atlasian"],
        "error: unknown profile `atlasian`
  hint: did you mean `atlassian`?

error: the configuration has 1 problem
",
    );
}

#[test]
fn an_impossible_project_name_is_refused_in_composes_words() {
    refuses_arguments(
        &project(""),
        &["-p", "No Good", "render", "compose", "-"],
        "error: --project-name: invalid project name `No Good`: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number

error: the configuration has 1 problem
",
    );
}

#[test]
fn problems_are_data_with_json() {
    let project = project("stag: x\n");
    let run = run(&project, &["--json", "render", "compose", "-"]).exits(3);
    assert_eq!(
        run.stdout,
        r#"{"schema":"atlas/v1","kind":"error","exit":3,"message":"the configuration has 1 problem","hint":null,"details":[],"problems":[{"severity":"error","file":"atlas.yaml","line":1,"column":1,"key":"stag","message":"unknown key `stag`","hint":"did you mean `stage`?"}]}
"#
    );
}

#[test]
fn no_engine_exits_4() {
    let run = run(&project(""), &["plan"]).exits(4);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("127.0.0.1:1"), "{}", run.stderr);
}
