//! A second `init` over what a person has made of the files.

use std::os::unix::fs::symlink;

use super::{run, snapshot, variables};
use crate::atlas::Project;
use crate::offline::ENV;

#[test]
fn a_persons_comments_order_and_keys_survive() {
    let project = Project::new("init");
    let manifest = "# ours\nstage: development # audited\nprofile: minimal   # small\n\nservices:\n  # mornings\n  gateway: {memory: 1g}\nname: demo\n";
    let dotenv = "# mine\nEXTRA='x y' # kept\nexport ATLAS_API_KEY=k3y\nATLAS_SECRET_KEY=\nJIRA_TOKEN=\"two\n# JIRA_URL=no\nlines\" # odd\n# RATE_LIMIT_PER_MINUTE=7\n";
    project.write("atlas.yaml", manifest);
    project.write(".env", dotenv);
    project.write(".gitignore", "target\n/.env");
    let said = run(
        &project,
        &[
            "init",
            "--yes",
            "--profile",
            "atlassian",
            "--set",
            "RATE_LIMIT_PER_MINUTE=9",
        ],
    );
    // The value of two lines is no token, which is told; nothing is lost over it.
    let said = said.exits(3);
    assert!(
        said.stderr.contains(".env:5:1: JIRA_TOKEN: must be"),
        "{}",
        said.stderr
    );
    assert_eq!(project.read(".env"), dotenv);
    let said = run(
        &project,
        &[
            "init",
            "--yes",
            "--profile",
            "atlassian",
            "--set",
            "RATE_LIMIT_PER_MINUTE=9",
            "--set",
            "JIRA_TOKEN=one",
        ],
    )
    .exits(0);
    assert!(
        said.stderr.starts_with(
            "--- atlas.yaml
+++ atlas.yaml
@@ -1,6 +1,6 @@
 # ours
 stage: development # audited
-profile: minimal   # small
+profile: atlassian # small
 
 services:
   # mornings
file atlas.yaml updated
file .env updated
file .gitignore updated
"
        ),
        "{}",
        said.stderr
    );
    assert_eq!(
        project.read("atlas.yaml"),
        manifest.replace("minimal   #", "atlassian #")
    );
    assert_eq!(
        project.read(".gitignore"),
        "target\n/.env\n.atlas/\nbackups/\n"
    );
    let text = project.read(".env");
    let made = variables(&text)["ATLAS_SECRET_KEY"];
    assert_eq!(made.len(), 40);
    let kept = format!(
        "# mine\nEXTRA='x y' # kept\nexport ATLAS_API_KEY=k3y\nATLAS_SECRET_KEY={made}\nJIRA_TOKEN=one # odd\nRATE_LIMIT_PER_MINUTE=9\n\n# --- gateway"
    );
    assert!(text.starts_with(&kept), "{text}");
    assert_eq!(text.matches("JIRA_URL=").count(), 1, "{text}");
}

#[test]
fn another_profile_adds_only_what_is_missing_and_no_secret_changes() {
    let project = Project::new("init");
    run(&project, &["init", "--yes", "--profile", "minimal"]).exits(0);
    let before = project.read(".env");
    assert!(!before.contains("MONGO"));
    run(
        &project,
        &[
            "init",
            "--yes",
            "--profile",
            "atlassian",
            "--data",
            "containers",
        ],
    )
    .exits(0);
    let after = project.read(".env");
    let added = after.strip_prefix(&before).expect("what was there stays");
    let services: Vec<&str> = added
        .lines()
        .filter(|line| line.starts_with("# ---"))
        .collect();
    assert_eq!(
        services,
        [
            "# --- mongodb: Database of settings and history ---",
            "# --- redis: Cache and rate limits ---"
        ]
    );
    run(
        &project,
        &[
            "init",
            "--yes",
            "--profile",
            "minimal",
            "--data",
            "embedded",
        ],
    )
    .exits(0);
    assert_eq!(project.read(".env"), after);
}

#[test]
fn files_of_other_systems_keep_their_line_ends() {
    let project = Project::new("init");
    let dos = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    project.write("atlas.yaml", dos("name: demo\nprofile: minimal\n"));
    project.write(".env", dos(ENV));
    run(
        &project,
        &[
            "init",
            "--yes",
            "--profile",
            "atlassian",
            "--set",
            "JIRA_TOKEN=new",
        ],
    )
    .exits(0);
    assert_eq!(
        project.read("atlas.yaml"),
        dos("name: demo\nprofile: atlassian\n")
    );
    let text = project.read(".env");
    assert!(text.starts_with(&dos(&ENV.replace("j1ra", "new"))));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\u{feff}').count(), 1);
}

#[test]
fn a_form_that_cannot_be_edited_is_left_alone() {
    for manifest in ["{profile: minimal}\n", "\"profile\": minimal\n"] {
        let project = Project::new("init");
        project.write("atlas.yaml", manifest);
        let before = snapshot(&project);
        let said = run(&project, &["init", "--yes", "--profile", "atlassian"]).exits(5);
        assert_eq!(
            said.stderr,
            "error: failed to edit `atlas.yaml`: its form is not one that atlas can change
hint: set `profile` there yourself, then run `atlas init` again
"
        );
        assert_eq!(snapshot(&project), before);
    }
}

#[test]
fn a_setting_can_mend_what_was_wrong() {
    let project = Project::new("init");
    project.write("atlas.yaml", "name: demo\ndata: embeded\n");
    run(&project, &["init", "--yes"]).exits(3);
    run(&project, &["init", "--yes", "--data", "embedded"]).exits(0);
    assert_eq!(project.read("atlas.yaml"), "name: demo\ndata: embedded\n");
}

#[test]
fn modes_are_kept_but_secrets_are_closed_and_links_not_followed() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new("init");
    project.write("atlas.yaml", "name: demo\nprofile: minimal\n");
    project.write(".env", ENV);
    set_permissions(
        project.path().join("atlas.yaml"),
        Permissions::from_mode(0o640),
    )
    .expect("mode");
    set_permissions(project.path().join(".env"), Permissions::from_mode(0o644)).expect("mode");
    let said = run(&project, &["init", "--yes"]).exits(0);
    assert!(
        said.stderr
            .starts_with("file atlas.yaml unchanged\nfile .env updated\n"),
        "{}",
        said.stderr
    );
    let files = snapshot(&project);
    assert_eq!(files["atlas.yaml"].0, 0o640);
    assert_eq!(files[".env"].0, 0o600);

    let linked = Project::new("init");
    linked.write("elsewhere", ENV);
    symlink("elsewhere", linked.path().join(".env")).expect("linked");
    let said = run(&linked, &["init", "--yes"]).exits(5);
    assert_eq!(
        said.stderr,
        "error: failed to write `.env`: it is a symbolic link; nothing was written
hint: put the file itself here; links are never written through, nor replaced
"
    );
    assert_eq!(linked.read("elsewhere"), ENV);
    assert!(!linked.path().join("atlas.yaml").exists());
}
