//! `atlas init` without questions, and `atlas render`: what stands in the files, and that nothing of the user's is lost.

mod merge;
mod render;
mod targets;

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::atlas::{Project, Run};
use crate::offline::{self, ENV, run};

const MISSING: &str = "warning: .env: confluence: `CONFLUENCE_TOKEN`, `CONFLUENCE_URL` and `CONFLUENCE_USERNAME` are not set; it will run, but is not configured
  hint: set them in .env
warning: .env: jira: `JIRA_TOKEN`, `JIRA_URL` and `JIRA_USERNAME` are not set; it will run, but is not configured
  hint: set them in .env
";
const NEXT: &str =
    "\nnext: `atlas up` brings it up; put missing credentials into .env first or later\n";

/// Every file with its mode and contents.
fn snapshot(project: &Project) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![project.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(project.path()).expect("inside");
            let mode = path.metadata().expect("metadata").permissions().mode() & 0o777;
            let contents = std::fs::read(&path).expect("readable");
            files.insert(name.display().to_string(), (mode, contents));
        }
    }
    files
}

/// The variables that a file of ours sets.
fn variables(text: &str) -> BTreeMap<&str, &str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).collect()
}

fn with_stdin(project: &Project, arguments: &[&str], input: &str) -> Run {
    let mut command = offline::command(project, arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("atlas starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    Run::of(child.wait_with_output().expect("atlas ends"))
}

#[test]
fn an_empty_folder_gets_everything_that_up_needs() {
    let project = Project::new("init");
    let said = run(&project, &["-p", "demo", "init", "--yes"]).exits(0);
    assert_eq!(said.stdout, "");
    assert_eq!(
        said.stderr,
        format!(
            "file atlas.yaml created
file .env created
file .gitignore created
{MISSING}file compose.yaml created
file .atlas/secrets/atlas_api_key created
file .atlas/secrets/atlas_secret_key created
file .atlas/secrets/mongo_url created
file .atlas/secrets/mongodb_password created
file .atlas/secrets/redis_conf created
file .atlas/secrets/redis_url created
{NEXT}"
        )
    );
    assert_eq!(
        project.read("atlas.yaml"),
        "# yaml-language-server: $schema=.atlas/atlas.schema.json
# What runs, and how. `atlas up` makes it so; `atlas plan` shows what would change.

name: demo
profile: atlassian

# services:
#   gateway:
#     port: 8001          # on 127.0.0.1; `expose: 0.0.0.0` opens it
#     memory: 512m
"
    );
    assert_eq!(project.read(".gitignore"), ".env\n.atlas/\nbackups/\n");
    let files = snapshot(&project);
    assert_eq!(files[".env"].0, 0o600);
    for name in ["atlas.yaml", ".gitignore", "compose.yaml"] {
        assert_eq!(files[name].0, 0o644, "{name}");
    }
}

#[test]
fn the_env_file_has_a_section_for_each_service_in_the_guides_names() {
    let project = Project::new("init");
    run(&project, &["init", "--yes"]).exits(0);
    let mut text = project.read(".env");
    let secrets: Vec<String> = variables(&text)
        .into_values()
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .collect();
    for (number, secret) in secrets.iter().enumerate() {
        assert_eq!(secret.len(), 40);
        assert!(secret.chars().all(|c| c.is_ascii_alphanumeric()));
        assert!(!secrets[..number].contains(secret), "all are different");
        text = text.replace(secret, "<secret>");
    }
    assert_eq!(
        text,
        "# Credentials, read by Docker Compose's rules. Yours to edit; `atlas init` only adds what is missing.
# Quote values that contain $, #, quotes or spaces: NAME='value'

# --- gateway: Main entry point of the API ---
# Origins that may call the API, separated by commas; the extension's is chrome-extension://<its id>
# where: chrome://extensions shows the extension's id
# CORS_ORIGINS=chrome-extension://*
# Name of the database
# DB_NAME=atlas_ai
# Address of a collector of traces (OTLP over HTTP), such as http://collector:4318
# OTEL_EXPORTER_OTLP_ENDPOINT=
# Requests that one client may make in a minute
# RATE_LIMIT_PER_MINUTE=120
# The key that clients of the API present
ATLAS_API_KEY=<secret>
# Signs sessions and encrypts stored credentials
ATLAS_SECRET_KEY=<secret>
# Headers for that collector, name=value separated by commas
# OTEL_EXPORTER_OTLP_HEADERS=

# --- orchestrator: Coordinates the integrations ---
# Who searches the web for you, searxng, brave or duckduckgo; nobody if it is not set
# WEB_SEARCH_PROVIDER=
# Address of your SearXNG, or of a proxy for the others
# where: https://docs.searxng.org/admin/installation.html
# WEB_SEARCH_URL=
# Key of the Brave Search API, for the provider brave
# where: https://api-dashboard.search.brave.com/app/keys
# BRAVE_API_KEY=

# --- confluence: Searches and reads Confluence pages ---
# Seconds for which results are kept; 0 is not at all
# CACHE_TTL_SECONDS=60
# Address of your Confluence site, such as https://acme.atlassian.net
# where: https://admin.atlassian.com
CONFLUENCE_URL=
# E-mail address of the account that reads
# where: https://id.atlassian.com/manage-profile/email
CONFLUENCE_USERNAME=
# API token of that account
# where: https://id.atlassian.com/manage-profile/security/api-tokens
CONFLUENCE_TOKEN=

# --- jira: Searches and reads Jira issues ---
# Address of your Jira site, such as https://acme.atlassian.net
# where: https://admin.atlassian.com
JIRA_URL=
# E-mail address of the account that reads
# where: https://id.atlassian.com/manage-profile/email
JIRA_USERNAME=
# API token of that account
# where: https://id.atlassian.com/manage-profile/security/api-tokens
JIRA_TOKEN=

# --- mongodb: Database of settings and history ---
# Password of the database's root user
MONGO_INITDB_ROOT_PASSWORD=<secret>

# --- redis: Cache and rate limits ---
# Password of Redis
REDIS_PASSWORD=<secret>
"
    );
}

#[test]
fn a_second_init_changes_nothing() {
    for arguments in [
        &["init", "--yes"][..],
        &["init", "--yes", "--profile", "minimal"],
        &[
            "init",
            "--yes",
            "--data",
            "embedded",
            "--set",
            "DB_NAME=mine",
        ],
        &["init", "--yes", "jira", "confluence"],
    ] {
        let project = Project::new("init");
        run(&project, arguments).exits(0);
        let before = snapshot(&project);
        let again = run(&project, arguments).exits(0);
        assert!(
            again.stderr.starts_with(
                "file atlas.yaml unchanged\nfile .env unchanged\nfile .gitignore unchanged\n"
            ),
            "{}",
            again.stderr
        );
        run(&project, &["init", "--yes"]).exits(0);
        assert_eq!(snapshot(&project), before, "{arguments:?}");
        let check = run(&project, &["render", "compose", "--check"]).exits(0);
        assert_eq!(check.stdout, "");
    }
}

#[test]
fn settings_come_from_options_and_standard_input() {
    let project = Project::new("init");
    let values = "\u{feff}# mine\r\nMY_PASSWORD=pa$$ #'\\\r\n\nstage=development\n";
    let arguments = [
        "init",
        "--yes",
        "--profile",
        "minimal",
        "--set",
        "JIRA_URL=https://acme.example",
        "--set-from",
        "-",
    ];
    let said = with_stdin(&project, &arguments, values).exits(0);
    assert!(!said.stderr.contains("pa$$"));
    let text = project.read(".env");
    assert!(text.contains("\nJIRA_URL=https://acme.example\n"), "{text}");
    assert!(
        text.contains("\nMY_PASSWORD=\"pa\\$\\$ #'\\\\\"\n"),
        "{text}"
    );
    assert!(
        project
            .read("atlas.yaml")
            .contains("profile: minimal\nstage: development\n")
    );
}

#[test]
fn mistakes_in_settings_are_told_at_once_and_never_show_a_value() {
    let project = Project::new("init");
    let arguments = [
        "init",
        "--yes",
        "--set",
        "nokey",
        "--set",
        "prfile=all",
        "--set",
        "data=embeded",
        "--set",
        "name=No Good",
        "--set",
        "profile=atlasian",
        "--set",
        "jira_url=x",
        "--set",
        "JIRA_TOKEN=your-api-token",
        "--set",
        "stage=production\nfoo: bar",
        "--set-from",
        "-",
    ];
    let said = with_stdin(
        &project,
        &arguments,
        "JIRA_TOKEN hunter2\nhunter2==\nJIRA_URL=hunter2",
    )
    .exits(2);
    assert_eq!(
        said.stderr,
        "error: --set: expected KEY=VALUE
error: --set: unknown key `prfile`
  hint: did you mean `profile`?
error: --set: data: unknown value `embeded`
  hint: did you mean `embedded`?
error: --set: invalid project name `No Good`: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number
error: --set: profile: unknown value `atlasian`
  hint: did you mean `atlassian`?
error: --set: unknown key; variables are written in capitals
  hint: did you mean `JIRA_URL`?
error: --set: JIRA_TOKEN: still holds the example's placeholder
  hint: get it from https://id.atlassian.com/manage-profile/security/api-tokens
error: --set: stage: unknown value `production
foo: bar`
  hint: did you mean `production`?
error: standard input:1: expected KEY=VALUE
error: standard input:2: unknown key before `=`
  hint: give a variable in capitals, such as JIRA_URL, or one of `data`, `images`, `name`, `profile`, `public-url` and `stage`
error: standard input:3: JIRA_URL: must be an address such as `https://host`, without spaces
  hint: get it from https://admin.atlassian.com

error: the settings could not be used; nothing was written
"
    );
    assert!(snapshot(&project).is_empty());
    let said = run(&project, &["init", "--yes", "--set-from", "nowhere"]).exits(2);
    assert_eq!(
        said.stderr,
        "error: failed to read `nowhere`: it does not exist\n"
    );
}

#[test]
fn a_misspelt_variable_is_kept_and_told() {
    let project = Project::new("init");
    let said = run(&project, &["init", "--yes", "--set", "JIRA_TOKN=x"]).exits(0);
    assert!(
        said.stderr
            .starts_with("warning: no service reads `JIRA_TOKN`; did you mean `JIRA_TOKEN`?\n"),
        "{}",
        said.stderr
    );
    assert!(project.read(".env").ends_with("\nJIRA_TOKN=x\n"));
}

#[test]
fn a_selection_that_cannot_run_writes_nothing() {
    let project = Project::new("init");
    let said = run(&project, &["init", "--yes", "--profile", "nope"]).exits(3);
    assert_eq!(
        said.stderr,
        "error: profile: unknown profile `nope`
  hint: known are `all`, `atlassian` and `minimal`

error: the configuration has 1 problem; nothing was written
"
    );
    assert!(snapshot(&project).is_empty());
}

#[test]
fn external_data_gets_lines_to_fill_in() {
    let project = Project::new("init");
    let said = run(&project, &["init", "--yes", "--data", "external"]).exits(3);
    assert!(said.stderr.contains("error: .env:"), "{}", said.stderr);
    let text = project.read(".env");
    assert_eq!(variables(&text)["MONGO_URL"], "");
    assert_eq!(variables(&text)["REDIS_URL"], "");
    let set = "MONGO_URL=mongodb://u:p@db:27017\nREDIS_URL=redis://:p@cache:6379\n";
    with_stdin(&project, &["init", "--yes", "--set-from", "-"], set).exits(0);
    assert_eq!(
        project.read(".atlas/secrets/mongo_url"),
        "mongodb://u:p@db:27017"
    );
}

#[test]
fn events_are_data_with_json() {
    let project = Project::new("init");
    project.write(".env", ENV);
    let said = run(
        &project,
        &["--json", "init", "--yes", "--profile", "minimal"],
    )
    .exits(0);
    assert_eq!(said.stderr, "");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"event":"file","path":"atlas.yaml","outcome":"created","schema":"atlas/v1","kind":"event"}"#
    );
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with('{') && line.ends_with('}'))
    );
    assert!(!said.stdout.contains("s3cret"));
}
