//! Files that are empty, binary, of another system, not readable, or not writable; places with odd names.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{accepts, project, refuses, refuses_arguments};
use crate::atlas::{Project, Run};
use crate::offline::{self, ENV, run};

const NOTHING_SET: &str = "error: .env: ATLAS_API_KEY: is needed but not set
  hint: run `atlas init`
error: .env: ATLAS_SECRET_KEY: is needed but not set
  hint: run `atlas init`
error: .env: MONGO_INITDB_ROOT_PASSWORD: is needed but not set
  hint: run `atlas init`
error: .env: REDIS_PASSWORD: is needed but not set
  hint: run `atlas init`
warning: .env: confluence: `CONFLUENCE_TOKEN`, `CONFLUENCE_URL` and `CONFLUENCE_USERNAME` are not set; it will run, but is not configured
  hint: set them in .env
warning: .env: jira: `JIRA_TOKEN`, `JIRA_URL` and `JIRA_USERNAME` are not set; it will run, but is not configured
  hint: set them in .env

error: the configuration has 4 problems
";

#[test]
fn an_empty_or_missing_env_file_says_what_is_needed() {
    let project = project("");
    project.write(".env", "");
    refuses(&project, NOTHING_SET);
    std::fs::remove_file(project.path().join(".env")).expect("removed");
    refuses(&project, NOTHING_SET);
}

#[test]
fn a_binary_env_file_is_one_problem_not_a_flood() {
    let project = project("");
    project.write(".env", b"ATLAS_API_KEY=hunter2\n\x7fELF\x00\x01");
    refuses(
        &project,
        "error: .env:2:5: not a text file: it contains a NUL byte
  hint: save the file as UTF-8

error: the configuration has 1 problem
",
    );
}

#[test]
fn a_binary_atlas_yaml_is_placed_where_it_stops_being_text() {
    let project = project("");
    project.write("atlas.yaml", b"name: demo\nstage: \xff\xfe");
    refuses(
        &project,
        "error: atlas.yaml:2:8: not a text file: it is not UTF-8
  hint: save the file as UTF-8

error: the configuration has 1 problem
",
    );
}

#[test]
fn a_mistake_in_the_env_file_names_the_variable_and_never_its_value() {
    let project = project("");
    project.write(
        ".env",
        format!(
            "{}ATLAS_API_KEY=\"hunter2\nJIRA_TOKEN=${{hunter2\n",
            ENV.replace("ATLAS_API_KEY=k3y\n", "")
        ),
    );
    refuses(
        &project,
        "error: .env:10:15: ATLAS_API_KEY: the closing `\"` is missing
error: .env:11:12: JIRA_TOKEN: a reference `${` is not closed

error: the configuration has 2 problems
",
    );
}

#[test]
fn line_ends_and_byte_order_marks_of_other_systems_are_read() {
    let dos = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let unix = project("name: demo\nprofile: minimal\n");
    let windows = project("");
    windows.write("atlas.yaml", dos("name: demo\nprofile: minimal\n"));
    windows.write(".env", dos(ENV));
    let rendered = |project: &Project| run(project, &["render", "compose", "-"]).exits(0).stdout;
    assert_eq!(rendered(&windows), rendered(&unix));
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let project = Project::new("input");
    project.write("atlas.yaml/x", "");
    project.write(".env", ENV);
    refuses(
        &project,
        "error: atlas.yaml: failed to read the file: it is a directory

error: the configuration has 1 problem
",
    );
}

#[test]
fn folders_with_spaces_and_unicode_are_folders() {
    let project = Project::new("input");
    let odd = "Mein Pröjekt 日本/.env";
    project.write(odd, ENV);
    let run = run(&project, &["-C", "Mein Pröjekt 日本", "render", "compose"]).exits(0);
    assert_eq!(run.stdout, "");
    let rendered = project.read("Mein Pröjekt 日本/compose.yaml");
    assert!(rendered.contains("\nname: meinprjekt\n"), "{rendered}");
}

#[test]
fn a_folder_must_make_a_project_name() {
    let project = Project::new("input");
    project.write("___/.env", ENV);
    refuses_arguments(
        &project,
        &["-C", "___", "render", "compose", "-"],
        "error: the directory's name `___` makes no project name
  hint: set `name` in atlas.yaml

error: the configuration has 1 problem
",
    );
}

#[test]
fn a_project_directory_that_is_missing_is_no_empty_project() {
    let project = Project::new("input");
    project.write("file", "");
    for (name, why) in [
        ("nowhere", "it does not exist"),
        ("file", "it is not a directory"),
    ] {
        let run = run(&project, &["-C", name, "render", "compose", "-"]).exits(2);
        let path = project.path().canonicalize().expect("it exists").join(name);
        assert_eq!(
            run.stderr,
            format!(
                "error: failed to find the project directory `{}`: {why}\n",
                path.display()
            )
        );
    }
}

/// Runs `atlas` as nobody; `None` when this machine does not let us.
fn as_nobody(test: &str, project: &Project, arguments: &[&str]) -> Option<Run> {
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let may = Command::new("setpriv").args(nobody).arg("true").output();
    if !may.is_ok_and(|output| output.status.success()) {
        offline::skipped(test, "only root with `setpriv` can become another user");
        return None;
    }
    // A copy, since nobody may not enter the folders above the one that cargo built into.
    let program = project.path().join("atlas");
    std::fs::copy(crate::atlas::executable(), &program).expect("copied");
    let mut command = Command::new("setpriv");
    command.args(nobody).arg(&program).args(arguments);
    command
        .current_dir(project.path())
        .env("HOME", project.path())
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .env("NO_COLOR", "1");
    Some(Run::of(command.output().expect("setpriv starts")))
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("mode");
}

#[test]
fn files_that_may_not_be_read_or_written_are_named() {
    let project = project("");
    mode(project.path(), 0o755);
    mode(&project.path().join(".env"), 0o600);
    let check = ["render", "compose", "-"];
    let Some(run) = as_nobody("files_that_may_not_be_read_or_written", &project, &check) else {
        return;
    };
    assert_eq!(
        run.exits(3).stderr,
        "error: .env: failed to read the file: permission denied

error: the configuration has 1 problem
"
    );
    mode(&project.path().join(".env"), 0o644);
    let folder = project.path().canonicalize().expect("it exists");
    let folder = folder.display();
    for (arguments, file) in [
        (&["render", "compose"][..], "compose.yaml"),
        (&["init", "--yes", "--data", "embedded"], "atlas.yaml"),
    ] {
        let before = std::fs::read_dir(project.path()).expect("folder").count();
        let run = as_nobody("written", &project, arguments).expect("not skipped above");
        let run = run.exits(5);
        let said = run.stderr.split_once("error: ").expect("an error").1;
        assert_eq!(
            said,
            format!(
                "failed to write `{folder}/{file}`: permission denied
hint: see who may write there: `ls -ld {folder}`; what was made with sudo can only be changed with sudo
"
            )
        );
        let after = std::fs::read_dir(project.path()).expect("folder").count();
        assert_eq!(after, before, "nothing is left behind");
    }
}

/// A memory file system that goes with the test.
struct Small<'p>(&'p Path);

impl<'p> Small<'p> {
    fn mount(path: &'p Path, size: &str) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        let done = command.arg(path).output();
        done.is_ok_and(|output| output.status.success())
            .then_some(Self(path))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let project = Project::new("input");
    project.write("full/x", "");
    let folder = project
        .path()
        .canonicalize()
        .expect("it exists")
        .join("full");
    let Some(_mounted) = Small::mount(&folder, "96k") else {
        return offline::skipped("a_full_disk_loses_nothing", "cannot mount a file system");
    };
    project.write("full/.env", ENV);
    project.write("full/atlas.yaml", "name: demo\nprofile: minimal\n");
    run(&project, &["-C", "full", "render", "compose"]).exits(0);
    let before = project.read("full/compose.yaml");
    std::fs::write(
        folder.join("atlas.yaml"),
        "name: demo\nprofile: atlassian\n",
    )
    .expect("fits");
    // Nothing else fits.
    let _ = std::fs::write(folder.join("ballast"), [0; 256 << 10]);
    let run = run(&project, &["-C", "full", "render", "compose"]).exits(5);
    assert_eq!(
        run.stderr,
        format!(
            "error: failed to write `{}/compose.yaml`: no space left on the file system
hint: free some space (`df -h .` and `df -i .` tell how much is left); the old file is untouched
",
            folder.display()
        )
    );
    assert_eq!(project.read("full/compose.yaml"), before);
    std::fs::remove_file(folder.join("ballast")).expect("removed");
    let run = offline::run(&project, &["-C", "full", "render", "compose"]);
    run.exits(0);
    assert!(project.read("full/compose.yaml").contains("mongodb"));
}

#[test]
fn an_empty_atlas_yaml_is_the_default() {
    accepts(&project(""));
    accepts(&project("# only a comment\n"));
}
