//! Folders of this machine for a service: what is refused, where, and what comes of them in compose.yaml.

use super::{accepts, project, refuses};
use crate::offline::run;

/// The part of compose.yaml that is about one service.
fn rendered(yaml: &str, service: &str) -> String {
    let start = yaml.find(&format!("\n  {service}:\n")).expect(service) + 1;
    let rest = &yaml[start..];
    let end = rest[1..]
        .match_indices("\n  ")
        .find(|(at, _)| !rest[at + 4..].starts_with(' '))
        .map_or(rest.len(), |(at, _)| at + 1);
    rest[..end].to_owned()
}

#[test]
fn folders_are_mounted_read_only_and_the_service_is_told_where_they_come_from() {
    let project = project(
        "services-to-run: [productivity]\nservices:\n  productivity:\n    folders: {notes: my notes, books: ./books/}\n",
    );
    std::fs::create_dir_all(project.path().join("my notes")).expect("made");
    std::fs::create_dir_all(project.path().join("books")).expect("made");
    accepts(&project);
    let folder = project.path().canonicalize().expect("it exists");
    let folder = folder.display();
    let compose = run(&project, &["render", "compose", "-"]).exits(0).stdout;
    let service = rendered(&compose, "productivity");
    for wanted in [
        format!("/folders/books=file://{folder}/books,/folders/notes=file://{folder}/my%20notes\n"),
        format!(
            "      - type: bind\n        source: {folder}/books\n        target: /folders/books\n        read_only: true\n"
        ),
        format!(
            "      - type: bind\n        source: {folder}/my notes\n        target: /folders/notes\n        read_only: true\n"
        ),
        "      - type: volume\n        source: productivity_index\n        target: /data\n"
            .to_owned(),
        "PRODUCTIVITY_INDEX: /data\n".to_owned(),
    ] {
        assert!(service.contains(&wanted), "{wanted}\n{service}");
    }
    assert!(
        compose.contains("\n  productivity_index: {}\n"),
        "{compose}"
    );
}

#[test]
fn without_folders_nothing_is_mounted_and_nothing_told() {
    let project = project("services-to-run: [productivity]\n");
    let compose = run(&project, &["render", "compose", "-"]).exits(0).stdout;
    let service = rendered(&compose, "productivity");
    assert!(
        !service.contains("PRODUCTIVITY_FOLDERS") && !service.contains("type: bind"),
        "{service}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_placed() {
    let project = project(
        "services:\n  productivity:\n    folders:\n      notes: notse\n      plan: plan.txt\n      home: ~/no such folder\n      bad/name: notes\n  jira: {folders: {notes: .}}\n",
    );
    project.write("plan.txt", "a file");
    refuses(
        &project,
        "error: atlas.yaml:4:14: services.productivity.folders.notes: failed to open the folder `notse`: it does not exist
  hint: the path is relative to the project directory; `~` is your home directory
error: atlas.yaml:5:13: services.productivity.folders.plan: failed to open the folder `plan.txt`: it is not a directory
  hint: the path is relative to the project directory; `~` is your home directory
error: atlas.yaml:6:13: services.productivity.folders.home: failed to open the folder `~/no such folder`: it does not exist
  hint: the path is relative to the project directory; `~` is your home directory
error: atlas.yaml:7:7: services.productivity.folders.bad/name: invalid folder name `bad/name`
  hint: use letters, digits, `.`, `_` and `-`, beginning with a letter or digit; the path is the value
error: atlas.yaml:8:27: services.jira.folders: `jira` takes no folders
  hint: remove `folders`

error: the configuration has 5 problems
",
    );
}

#[test]
fn a_tilde_is_the_home_directory() {
    let project = project(
        "services-to-run: [productivity]\nservices: {productivity: {folders: {notes: ~/notes}}}\n",
    );
    std::fs::create_dir_all(project.path().join("home/notes")).expect("made");
    let home = project
        .path()
        .join("home")
        .canonicalize()
        .expect("it exists");
    let mut command = crate::offline::command(&project, &["render", "compose", "-"]);
    let said = command.env("HOME", &home).output().expect("atlas starts");
    let compose = String::from_utf8(said.stdout).expect("text");
    let source = format!("source: {}/notes\n", home.display());
    assert!(compose.contains(&source), "{compose}");
}
