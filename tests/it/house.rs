//! What surrounds the code and must not drift from it: completions, manual pages, help texts, README.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use atlas::exit::Exit;

use crate::atlas::{Project, executable};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn repository(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect(name)
}

/// Files below a folder by their path in it.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .expect("below it")
                .to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("a text file");
            found.insert(name.into_owned(), text);
        }
    }
    found
}

/// The names of all commands, as `atlas --help` lists them; `render compose` is one.
fn commands(project: &Project) -> Vec<Vec<String>> {
    let help = project.run(&["-h"]).exits(0).stdout;
    let (_, rest) = help.split_once("Commands:\n").expect("a list of commands");
    let (list, _) = rest.split_once("\n\n").expect("an end of the list");
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let mut commands: Vec<Vec<String>> = names
        .filter(|name| *name != "help")
        .map(|name| vec![name.to_owned()])
        .collect();
    for target in ["compose", "helm", "kubernetes", "nginx"] {
        commands.push(vec!["render".to_owned(), target.to_owned()]);
    }
    for command in [
        "create", "list", "show", "verify", "restore", "prune", "pin", "unpin", "copy", "schedule",
        "check", "export", "import", "key",
    ] {
        commands.push(vec!["backup".to_owned(), command.to_owned()]);
    }
    for command in ["answer", "forget"] {
        commands.push(vec!["checklist".to_owned(), command.to_owned()]);
    }
    for command in ["check", "set", "rotate", "sync"] {
        commands.push(vec!["env".to_owned(), command.to_owned()]);
    }
    commands
}

#[test]
fn completions_and_manual_pages_are_those_of_this_build() {
    let project = Project::new("completions");
    let written = project.path().join("written");
    let folder = written.to_string_lossy();
    project.run(&["completions", "--write", &folder]).exits(0);
    assert!(
        project.read("written/man/atlas.1").starts_with(".ie"),
        "a manual page"
    );
    let (fresh, committed) = (tree(&written), tree(&root().join("completions")));
    let names: BTreeSet<&String> = fresh.keys().chain(committed.keys()).collect();
    let stale: Vec<&&String> = names
        .iter()
        .filter(|name| fresh.get(**name) != committed.get(**name))
        .collect();
    assert!(
        stale.is_empty(),
        "out of date: {stale:?}\nmend it with: rm -r completions && cargo run -- completions --write completions"
    );
    assert!(committed.contains_key("man/atlas-up.1"), "{committed:?}");
    for shell in [
        "atlas.bash",
        "_atlas",
        "atlas.fish",
        "_atlas.ps1",
        "atlas.elv",
    ] {
        assert!(committed.contains_key(shell), "{shell} is missing");
    }
}

#[test]
fn completion_scripts_find_atlas_by_its_name() {
    let here = executable();
    let folder = here.parent().expect("it has a folder").to_string_lossy();
    for (name, text) in tree(&root().join("completions")) {
        assert!(!text.contains(&*folder), "{name} names {folder}");
        assert!(!text.contains(&*root().to_string_lossy()), "{name}");
    }
}

/// A project with a profile and a service of its own.
fn team() -> Project {
    let project = Project::new("names");
    project.write(
        "atlas.yaml",
        "profiles:\n  team: [confluence]\ncatalogue: mine\n",
    );
    project.write(
        "mine/wiki.yaml",
        "title: Wiki\ndescription: Our wiki\nkind: integration\nport: 8099\nhealth: {http: /health}\n\
         profiles: [all]\nscalable: true\nimages:\n  registry: {}\n",
    );
    project
}

/// What the completer answers for the last word, as the scripts of all shells ask it.
fn completed(project: &Project, words: &[&str]) -> Vec<String> {
    let mut command = project.command(&["--", "atlas"]);
    let output = command
        .args(words)
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "false")
        .env("_CLAP_IFS", "\n")
        .output()
        .expect("atlas starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn completions_know_the_profiles_and_services_of_the_project_at_hand() {
    let project = team();
    assert_eq!(
        completed(&project, &["up", "--profile", ""]),
        ["all", "atlassian", "minimal", "team"]
    );
    assert_eq!(completed(&project, &["up", "w"]), ["wiki"]);
    assert_eq!(completed(&project, &["logs", "-f", "conf"]), ["confluence"]);
    assert_eq!(completed(&project, &["scale", "wi"]), ["wiki="]);
    assert_eq!(
        completed(&project, &["checklist", "answer", "lo"]),
        ["logs"]
    );
    assert_eq!(
        completed(&project, &["up", "--data", ""]),
        ["containers", "external", "embedded"]
    );
}

#[test]
fn completions_follow_the_project_directory() {
    let (project, elsewhere) = (team(), Project::new("elsewhere"));
    let folder = project.path().to_string_lossy();
    let (short, long) = (
        format!("-C{folder}"),
        format!("--project-directory={folder}"),
    );
    for option in [vec!["-C", &*folder], vec![&*short], vec![&*long]] {
        let words = [&option[..], &["up", "--profile", "te"]].concat();
        assert_eq!(completed(&elsewhere, &words), ["team"]);
    }
    assert!(completed(&elsewhere, &["up", "--profile", "te"]).is_empty());
}

#[test]
fn the_bash_script_completes_in_bash() {
    let project = team();
    let script = root().join("completions/atlas.bash");
    let path = std::env::var("PATH").unwrap_or_default();
    let folder = executable();
    let folder = folder.parent().expect("it has a folder");
    let output = Command::new("bash")
        .arg("-c")
        .arg(
            r#"source "$0" && COMP_WORDS=(atlas up --profile t) COMP_CWORD=3 COMP_TYPE=9 && _clap_complete_atlas atlas t
               echo "${COMPREPLY[*]}"; complete -p atlas | grep -o 'F .*'"#,
        )
        .arg(script)
        .current_dir(project.path())
        .env("PATH", format!("{}:{path}", folder.display()))
        .output()
        .expect("bash starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said,
        "team\nF _clap_complete_atlas atlas\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_command_has_examples_that_fit_a_page() {
    let project = Project::new("examples");
    for command in commands(&project) {
        let name = command.join(" ");
        let words = [&["help".to_owned()], &command[..]].concat();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let help = project.run(&words).exits(0).stdout;
        let (_, examples) = help.split_once("\nExamples:\n").expect(&name);
        let example = format!("  atlas {name}");
        assert!(
            examples.lines().any(|line| line.starts_with(&example)),
            "`atlas help {name}` has no example of itself"
        );
        for line in examples.lines().filter(|line| line.starts_with("  ")) {
            assert!(line.chars().count() <= 80, "`atlas help {name}`: {line}");
        }
    }
}

#[test]
fn help_manual_and_readme_have_every_exit_code() {
    let help = Project::new("codes").run(&["--help"]).exits(0).stdout;
    let page = repository("completions/man/atlas.1").replace("\\-", "-");
    let readme = repository("README.md");
    for (exit, meaning) in Exit::TABLE {
        let line = format!("{:>5}  {meaning}", exit.code());
        assert!(help.contains(&line), "`atlas --help` lacks {line}");
        assert!(page.contains(&line), "atlas.1 lacks {line}");
        let row = format!("| {} | {meaning} |", exit.code());
        assert!(readme.contains(&row), "README.md lacks {row}");
    }
}

#[test]
fn every_variable_that_atlas_reads_is_in_the_manual() {
    let help = Project::new("variables").run(&["--help"]).exits(0).stdout;
    for variable in [
        "DOCKER_HOST",
        "DOCKER_TLS_VERIFY",
        "DOCKER_CERT_PATH",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "COMPOSE_PROJECT_NAME",
        "COMPOSE_ENV_FILES",
        "COMPOSE_DISABLE_ENV_FILE",
        "ATLAS_BUILTIN_EXECUTABLE",
        "ATLAS_CLOUDFLARE_URL",
        "ATLAS_BACKUP_PASSPHRASE",
        "AWS_ACCESS_KEY_ID",
        "SMTP_URL",
        "XDG_CACHE_HOME",
        "NO_COLOR",
        "COMPLETE",
    ] {
        assert!(help.contains(&format!("  {variable}")), "{variable}");
    }
}

#[test]
fn the_readme_s_two_commands_work_as_written() {
    let readme = repository("README.md");
    let run =
        "cargo run --release -- up --profile atlassian --data embedded --project-directory demo";
    let test = "tests/parts/with cargo test --workspace --locked";
    for command in [run, test] {
        let lines = readme.lines().filter(|line| *line == command).count();
        assert_eq!(lines, 1, "README.md has this line once: {command}");
    }
    let ci = repository(".ci/run");
    let last = ci.trim_end().lines().last();
    assert_eq!(
        last,
        Some(&*format!("step {test}")),
        "CI runs what README.md says"
    );
    // What the first one asks of atlas can be asked.
    let (_, words) = run.split_once("-- ").expect("words for atlas");
    let words: Vec<&str> = words.split(' ').chain(["--help"]).collect();
    Project::new("readme").run(&words).exits(0);
    assert!(repository(".gitignore").lines().any(|line| line == "/demo"));
}

#[test]
fn the_readme_names_every_key_of_atlas_yaml_and_every_command() {
    let readme = repository("README.md");
    let project = Project::new("keys");
    let schema = project.run(&["schema"]).exits(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    for place in [
        "/properties",
        "/properties/images/oneOf/1/properties",
        "/properties/services/additionalProperties/properties",
        "/properties/backup/properties",
        "/properties/backup/properties/keep/properties",
    ] {
        let keys = schema.pointer(place).and_then(|keys| keys.as_object());
        for key in keys.expect(place).keys() {
            assert!(
                readme.contains(&format!("{key}:")),
                "README.md lacks `{key}:`"
            );
        }
    }
    for command in commands(&project) {
        let command = format!("atlas {}", command.join(" "));
        assert!(readme.contains(&command), "README.md lacks `{command}`");
    }
}

#[test]
fn the_readme_s_yaml_is_valid() {
    let readme = repository("README.md");
    let blocks: Vec<&str> = readme
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let [atlas_yaml, wiki] = blocks[..] else {
        panic!("README.md shows atlas.yaml and a service");
    };
    let project = Project::new("yaml");
    project.write("atlas.yaml", atlas_yaml);
    project.write("my-services/wiki.yaml", wiki);
    project.write("home/notes/plan.md", "# Plan");
    project.set("HOME", project.path().join("home").to_string_lossy());
    // One block is a project, the other a service of it: both are read, and everything fits together.
    project
        .run(&["init", "--yes", "wiki", "orchestrator"])
        .exits(0);
    let rendered = project.run(&["render", "compose", "-"]).exits(0).stdout;
    assert!(rendered.contains("image: registry.example.com/acme/wiki:1"));
    assert!(rendered.contains("WIKI_SERVICE_URL: http://wiki:8099"));
}

/// Names below `[dependencies]` and `[dev-dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in repository(manifest).lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.starts_with("[workspace");
        } else if let Some((name, _)) = line.split_once(['=', '.']).filter(|_| inside) {
            names.push(name.trim().to_owned());
        }
    }
    assert!(names.len() > 5, "{manifest} has dependencies");
    names
}

#[test]
fn the_readme_says_why_each_dependency_is_there() {
    let readme = repository("README.md");
    let (_, rest) = readme.split_once("\n## Dependencies\n").expect("a section");
    let (section, _) = rest.split_once("\n## ").expect("an end of it");
    let rows: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let names: BTreeSet<String> = [
        "Cargo.toml",
        "backup/Cargo.toml",
        "services/backend/Cargo.toml",
    ]
    .iter()
    .flat_map(|manifest| dependencies(manifest))
    .collect();
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(rows, names, "rows of README.md, dependencies of Cargo.toml");
}

#[test]
fn dependencies_are_sorted() {
    for manifest in [
        "Cargo.toml",
        "backup/Cargo.toml",
        "services/backend/Cargo.toml",
    ] {
        let names = dependencies(manifest);
        let (mut run, tests) = (names.clone(), ["rcgen".to_owned(), "tempfile".to_owned()]);
        run.retain(|name| !tests.contains(name));
        assert!(run.is_sorted(), "{manifest}: {names:?}");
    }
}
