//! Faults planted in .env and around it; each has one id.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{Mend, fault, findings, wrong};
use crate::atlas::Project;

const OPTIONS: [&str; 2] = ["--only", "env,cfg"];

/// A project with everything that it needs.
fn project(test: &str) -> Project {
    let project = Project::new(test);
    project.write(
        "atlas.yaml",
        "profile: atlassian\noldest-engine: \"20.10\"\n",
    );
    project.run(&["init", "--yes"]).exits(0);
    for (from, to) in [
        ("# CONFLUENCE_URL=", "CONFLUENCE_URL=https://acme.example"),
        ("# JIRA_URL=", "JIRA_URL=https://acme.example"),
    ] {
        let env = project.read(".env");
        project.write(".env", env.replace(from, to));
    }
    let env = project.read(".env");
    let mut filled = String::new();
    for line in env.lines().filter(|line| {
        !["CONFLUENCE_", "JIRA_"]
            .iter()
            .any(|n| line.trim_start_matches("# ").starts_with(n))
    }) {
        filled += &format!("{line}\n");
    }
    filled += "CONFLUENCE_URL=https://acme.example\nCONFLUENCE_USERNAME=a@acme.example\nCONFLUENCE_TOKEN=ATATT3xFfGF0one\n\
               JIRA_URL=https://acme.example\nJIRA_USERNAME=a@acme.example\nJIRA_TOKEN=ATATT3xFfGF0two\n";
    project.write(".env", filled);
    closed(&project);
    assert_eq!(
        wrong(&findings(&project, &OPTIONS)),
        std::collections::BTreeSet::new()
    );
    project
}

fn closed(project: &Project) {
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(project.path().join(".env"), mode).expect("a file of ours");
}

/// `.env` with one text in the place of another.
fn edit(project: &Project, from: &str, to: &str) {
    let env = project.read(".env");
    assert!(env.contains(from), "there is no {from:?}");
    project.write(".env", env.replacen(from, to, 1));
}

/// The whole assignment of a variable.
fn line(project: &Project, name: &str) -> String {
    let env = project.read(".env");
    let begin = format!("{name}=");
    let line = env.lines().find(|line| line.starts_with(&begin));
    line.expect("it is set").to_owned()
}

/// Plants an edit of one variable's line, and mends it by putting the line back.
#[track_caller]
fn edited(project: &Project, what: &str, id: &str, name: &str, wrong: &str) {
    let right = line(project, name);
    fault(
        project,
        &OPTIONS,
        what,
        id,
        || edit(project, &right, wrong),
        Mend::by(|| edit(project, wrong, &right)),
    );
}

#[test]
fn values_that_are_missing_copied_or_of_another_kind_have_one_id_each() {
    let project = project("doctor-values");
    let key = line(&project, "ATLAS_API_KEY");
    fault(
        &project,
        &OPTIONS,
        "a generated key is empty",
        "ATLAS-ENV-001",
        || edit(&project, &key, "ATLAS_API_KEY="),
        Mend::Printed,
    );
    edited(
        &project,
        "an integration lacks its token",
        "ATLAS-ENV-001",
        "JIRA_TOKEN",
        "JIRA_TOKEN=",
    );
    edited(
        &project,
        "an example's token",
        "ATLAS-ENV-002",
        "JIRA_TOKEN",
        "JIRA_TOKEN=your-api-token",
    );
    edited(
        &project,
        "an example's password",
        "ATLAS-ENV-002",
        "REDIS_PASSWORD",
        "REDIS_PASSWORD=changeme",
    );
    edited(
        &project,
        "an address without a scheme",
        "ATLAS-ENV-003",
        "JIRA_URL",
        "JIRA_URL=acme.example",
    );
    edited(
        &project,
        "a token with a space inside",
        "ATLAS-ENV-003",
        "JIRA_TOKEN",
        "JIRA_TOKEN='AT ATT'",
    );
}

#[test]
fn stray_characters_explain_what_follows_from_them() {
    let project = project("doctor-stray");
    edited(
        &project,
        "a space inside quotes",
        "ATLAS-ENV-004",
        "JIRA_TOKEN",
        "JIRA_TOKEN=\"ATATT3xFf \"",
    );
    edited(
        &project,
        "quotes in quotes",
        "ATLAS-ENV-004",
        "JIRA_TOKEN",
        "JIRA_TOKEN=\"'ATATT3xFf'\"",
    );
    edited(
        &project,
        "a `$` that is taken for a variable",
        "ATLAS-ENV-004",
        "REDIS_PASSWORD",
        "REDIS_PASSWORD=kZ8s$B2mQ4tR6",
    );
    edited(
        &project,
        "nothing but a `$`",
        "ATLAS-ENV-004",
        "REDIS_PASSWORD",
        "REDIS_PASSWORD=$kZ8sB2mQ4tR6",
    );
    edited(
        &project,
        "a quote that is not closed",
        "ATLAS-ENV-004",
        "JIRA_TOKEN",
        "JIRA_TOKEN='ATATT3xFf",
    );
    let text = project.read(".env");
    fault(
        &project,
        &OPTIONS,
        "line ends of Windows",
        "ATLAS-ENV-004",
        || project.write(".env", text.replace('\n', "\r\n")),
        Mend::Printed,
    );
    fault(
        &project,
        &OPTIONS,
        "a byte order mark",
        "ATLAS-ENV-004",
        || project.write(".env", format!("\u{feff}{text}")),
        Mend::Printed,
    );
    assert_eq!(
        project.read(".env"),
        text,
        "the printed fixes change nothing else"
    );
}

#[test]
fn secrets_that_are_shared_weak_or_open_are_found() {
    let project = project("doctor-secrets");
    let key = line(&project, "ATLAS_API_KEY");
    let shared = key.replace("ATLAS_API_KEY", "ATLAS_SECRET_KEY");
    edited(
        &project,
        "one secret for two purposes",
        "ATLAS-ENV-005",
        "ATLAS_SECRET_KEY",
        &shared,
    );
    for (what, weak) in [
        ("a short key", "ATLAS_API_KEY=h7Kq2x"),
        ("a word of every list", "ATLAS_API_KEY=Password2024"),
        ("two letters", "ATLAS_API_KEY=abababababababab"),
    ] {
        let key = line(&project, "ATLAS_API_KEY");
        let plant = || edit(&project, &key, weak);
        fault(
            &project,
            &OPTIONS,
            what,
            "ATLAS-ENV-009",
            plant,
            Mend::Printed,
        );
    }
    let mode = |path: &str, mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(project.path().join(path), mode).expect("a file of ours");
    };
    for (what, path, open) in [
        ("everyone reads .env", ".env", 0o644),
        ("its group reads .env", ".env", 0o640),
        ("everyone enters the secrets", ".atlas/secrets", 0o755),
    ] {
        fault(
            &project,
            &OPTIONS,
            what,
            "ATLAS-ENV-006",
            || mode(path, open),
            Mend::Printed,
        );
    }
    project.write(".atlas/backup.key", "AGE-SECRET-KEY-1\n");
    mode(".atlas/backup.key", 0o600);
    let open = || mode(".atlas/backup.key", 0o604);
    fault(
        &project,
        &OPTIONS,
        "a backup key",
        "ATLAS-ENV-006",
        open,
        Mend::Printed,
    );
}

#[test]
fn git_keeps_env_out() {
    let project = project("doctor-git");
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(project.path())
            .status();
        assert!(status.expect("git is there").success(), "git {arguments:?}");
    };
    git(&["init", "--quiet"]);
    fault(
        &project,
        &OPTIONS,
        "git tracks .env",
        "ATLAS-ENV-007",
        || git(&["add", "--force", ".env"]),
        Mend::Printed,
    );
    fault(
        &project,
        &OPTIONS,
        "git does not ignore .env",
        "ATLAS-ENV-007",
        || project.write(".gitignore", "target\n"),
        Mend::Printed,
    );
}

#[test]
fn names_that_nobody_reads_are_found() {
    let project = project("doctor-unread");
    let text = project.read(".env");
    fault(
        &project,
        &OPTIONS,
        "a slip of the pen",
        "ATLAS-ENV-008",
        || project.write(".env", format!("{text}SLACK_BOT_TOKN=xoxb-1\n")),
        Mend::by(|| project.write(".env", &text)),
    );
    fault(
        &project,
        &OPTIONS,
        "left over",
        "ATLAS-ENV-008",
        || project.write(".env", format!("{text}OLD_THING=1\n")),
        Mend::Printed,
    );
    assert_eq!(project.read(".env"), format!("{text}# OLD_THING=1\n"));
}

#[test]
fn a_reference_that_leads_nowhere_is_found() {
    let project = project("doctor-references");
    project.write("token", "ATATT3xFfGF0three\n");
    let file = project.path().join("token").display().to_string();
    for (what, reference) in [
        ("no such file", format!("file:{file}.gone")),
        ("no such variable", "env:NO_SUCH_VARIABLE".to_owned()),
        (
            "a program that fails",
            "cmd:echo locked >&2; exit 3".to_owned(),
        ),
        (
            "no program of the vendor",
            "op://vault/item/field".to_owned(),
        ),
    ] {
        edited(
            &project,
            what,
            "ATLAS-ENV-010",
            "JIRA_TOKEN",
            &format!("JIRA_TOKEN='{reference}'"),
        );
    }
    let right = line(&project, "JIRA_TOKEN");
    edit(&project, &right, &format!("JIRA_TOKEN=file:{file}"));
    assert_eq!(
        wrong(&findings(&project, &OPTIONS)),
        std::collections::BTreeSet::new()
    );
}

#[test]
fn a_folder_without_a_project_has_one_finding() {
    let project = Project::new("doctor-nowhere");
    let found = wrong(&findings(&project, &OPTIONS));
    let only = (
        "ATLAS-CFG-001".to_owned(),
        "failure".to_owned(),
        String::new(),
    );
    assert_eq!(found, std::collections::BTreeSet::from([only]));
    let run = project.run(&["doctor", "--only", "cfg"]).exits(7);
    assert!(
        run.stdout
            .starts_with("failure     there is no project here: neither atlas.yaml nor .env\n"),
        "{}",
        run.stdout
    );
}
