//! The house rules that a test can check: which room may know what, how long a file may be, who may print.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms of `src/` and the rooms that each may name; `*` is all of them. Data flows from left to right, never back.
const MAP: &[(&str, &[&str])] = &[
    ("app", &["*"]),
    (
        "backup",
        &["engines", "error", "event", "exit", "model", "plan"],
    ),
    (
        "checks",
        &["diagnostic", "exit", "input", "model", "plan", "resolve"],
    ),
    ("cli", &["commands", "exit"]),
    ("commands", &["*"]),
    ("diagnostic", &[]),
    ("engines", &["event", "model", "plan", "targets"]),
    ("error", &["diagnostic", "exit"]),
    ("event", &["diagnostic", "model"]),
    ("execute", &["engines", "event", "model", "plan"]),
    ("exit", &[]),
    ("files", &["error", "event", "model", "targets"]),
    ("input", &["diagnostic", "error", "model"]),
    ("lib", &["*"]),
    ("main", &[]),
    ("model", &[]),
    ("plan", &["model"]),
    ("prompt", &["error", "exit"]),
    ("references", &["diagnostic", "error", "input"]),
    (
        "report",
        &["checks", "diagnostic", "event", "model", "targets"],
    ),
    ("resolve", &["diagnostic", "input", "model"]),
    ("schema", &["input"]),
    ("sealing", &["model"]),
    (
        "survey",
        &[
            "backup",
            "checks",
            "diagnostic",
            "engines",
            "error",
            "execute",
            "input",
            "model",
            "plan",
            "resolve",
            "targets",
        ],
    ),
    ("targets", &["model"]),
];

/// Rooms between what is read and what is done: no I/O, no clock, no environment, no `async`.
const PURE: &[&str] = &[
    "checks",
    "diagnostic",
    "event",
    "exit",
    "model",
    "plan",
    "resolve",
    "schema",
    "targets",
];

/// Words of the language or the system, and the files that may use them (a folder with its last `/`).
const OWNERS: &[(&str, &[&str])] = &[
    ("bollard", &["src/engines/docker.rs", "src/engines/docker/"]),
    ("serde_saphyr", &["src/input/", "src/targets/"]),
    ("dialoguer", &["src/prompt.rs"]),
    ("minijinja", &["src/targets/templates.rs"]),
    ("indicatif", &["src/report/tty.rs"]),
    // Where a secret leaves its type: for the engine, for a file, for a digest of both, to be hidden in a log.
    (
        ".expose()",
        &[
            "src/backup/mongodump.rs",
            "src/backup/reach.rs",
            "src/backup/redis/wire.rs",
            "src/commands/doctor/bundle/redactor.rs",
            "src/engines/docker/body.rs",
            "src/engines/docker/changes.rs",
            "src/engines/docker/command.rs",
            "src/execute/redact.rs",
            "src/sealing.rs",
            "src/sealing/record.rs",
            "src/targets.rs",
            "src/targets/compose/secrets.rs",
            "src/targets/compose/spec.rs",
            "src/targets/kubernetes/elsewhere.rs",
            "src/targets/kubernetes/secret.rs",
        ],
    ),
    // `serve` and `probe` run inside the built-in image, without the surroundings of a command.
    ("println!", &["src/app.rs", "src/commands/serve.rs"]),
    ("process::exit", &[]),
    // The completer is not handed the other words of the command line.
    (
        "std::env",
        &["src/app.rs", "src/app/", "src/commands/complete.rs"],
    ),
    ("unsafe ", &[]),
    ("dbg!", &[]),
];

const FORBIDDEN_NAMES: [&str; 5] = ["util", "helpers", "common", "misc", "manager"];
const LONGEST: usize = 400;

struct Source {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
    /// Compiled for tests only.
    test: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the repository");
    for entry in entries {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
    found.sort();
}

/// Every Rust file below the folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders {
        files(&root().join(folder), &mut found);
    }
    found.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let texts: Vec<(PathBuf, String)> = found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a source file");
            (path, text)
        })
        .collect();
    let tests: Vec<PathBuf> = texts
        .iter()
        .flat_map(|(path, text)| test_modules(path, text))
        .collect();
    texts
        .into_iter()
        .map(|(path, text)| Source {
            test: tests
                .iter()
                .any(|test| path.starts_with(test) || path.with_extension("") == *test),
            path: path
                .strip_prefix(root())
                .expect("below the root")
                .to_string_lossy()
                .into_owned(),
            text,
        })
        .collect()
}

/// `#[cfg(test)] mod name;`: the paths of such modules, without an ending.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let folder = match path.file_name().and_then(|name| name.to_str()) {
        Some("lib.rs" | "main.rs" | "mod.rs") => path.with_file_name(""),
        _ => path.with_extension(""),
    };
    let mut modules = Vec::new();
    let mut after = false;
    for line in text.lines() {
        let module = line
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'));
        match module {
            Some(name) if after => modules.push(folder.join(name)),
            _ => {}
        }
        after = line == "#[cfg(test)]" || (after && line.starts_with("#["));
    }
    modules
}

impl Source {
    /// What is compiled into the executable, without comments: inline test modules close a file here.
    fn code(&self) -> String {
        let shipped = match self.text.split_once("#[cfg(test)]\n") {
            Some((before, rest)) if rest.contains("mod tests {") => before,
            _ => &self.text,
        };
        let code = shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        code.collect::<Vec<_>>().join("\n")
    }

    /// The room of `src/` that it belongs to.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").expect("a file of src/");
        inside.split(['/', '.']).next().expect("never empty")
    }
}

/// Rooms that a text names after `crate::`.
fn named_rooms(code: &str) -> BTreeSet<&str> {
    code.split("crate::")
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
            Some(&rest[..end])
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[track_caller]
fn none(problems: &[String], rule: &str) {
    assert!(problems.is_empty(), "{rule}:\n{}", problems.join("\n"));
}

#[test]
fn every_file_says_what_it_owns() {
    let sources = sources(&["src", "backup", "services/backend/src", "tests"]);
    assert!(sources.len() > 100, "the walk found the sources");
    let silent: Vec<String> = sources
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    none(
        &silent,
        "a file opens with a `//!` line that says what it owns",
    );
}

#[test]
fn files_stay_small() {
    let sources = sources(&["src", "backup", "services/backend", "tests"]);
    let mut lengths: Vec<usize> = sources.iter().map(|s| s.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    eprintln!("{} files, median {median} lines", lengths.len());
    let long: Vec<String> = sources
        .iter()
        .map(|source| (source.text.lines().count(), &source.path))
        .filter(|(length, _)| *length > LONGEST)
        .map(|(length, path)| format!("{path}: {length} lines"))
        .collect();
    none(&long, "no file is above 400 lines");
}

#[test]
fn files_are_named_after_what_they_hold() {
    let sources = sources(&["src", "backup", "services/backend", "tests"]);
    let vague: Vec<String> = sources
        .into_iter()
        .map(|source| source.path)
        .filter(|path| {
            path.split(['/', '.', '_'])
                .any(|word| FORBIDDEN_NAMES.contains(&word))
        })
        .collect();
    none(&vague, "no util, helpers, common, misc, manager");
}

#[test]
fn every_word_stays_with_its_owner() {
    let mut strays = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| !source.test) {
        let code = source.code();
        for (word, owners) in OWNERS {
            let owned = owners.iter().any(|owner| match owner.ends_with('/') {
                true => source.path.starts_with(owner),
                false => source.path == *owner,
            });
            if code.contains(word) && !owned {
                strays.push(format!("{} names `{word}`", source.path));
            }
        }
    }
    none(&strays, "some words belong to few files");
}

#[test]
fn every_exception_is_still_needed() {
    let sources = sources(&["src"]);
    let mut idle = Vec::new();
    for (word, owners) in OWNERS {
        for owner in *owners {
            let mut owned = sources.iter().filter(|s| s.path.starts_with(owner));
            if !owned.any(|source| source.code().contains(word)) {
                // A module and its folder are one owner.
                let folder = owner.replace(".rs", "/");
                if !owners.contains(&&*folder) || folder == **owner {
                    idle.push(format!("{owner} no longer names `{word}`"));
                }
            }
        }
    }
    none(&idle, "an exception that nobody needs is taken back");
}

#[test]
fn rooms_know_only_what_the_map_allows() {
    let map: BTreeMap<&str, &[&str]> = MAP.iter().copied().collect();
    let mut strays = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| !source.test) {
        let room = source.room();
        let Some(allowed) = map.get(room) else {
            strays.push(format!("{}: `{room}` is not on the map", source.path));
            continue;
        };
        let code = source.code();
        for named in named_rooms(&code) {
            let free = allowed.contains(&"*") || allowed.contains(&named) || named == room;
            if !free {
                strays.push(format!("{} names `crate::{named}`", source.path));
            }
        }
    }
    none(&strays, "a room knows only the rooms that the map allows");
}

#[test]
fn the_map_of_rooms_is_complete() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let rooms: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.rsplit_once("mod ")?.1.strip_suffix(';'))
        .collect();
    let rows: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `")?.split('`').next())
        .collect();
    assert_eq!(rows, rooms, "rows of the table in lib.rs, modules");
    let map: BTreeSet<&str> = MAP.iter().map(|(room, _)| *room).collect();
    let doors = BTreeSet::from(["lib", "main"]);
    assert_eq!(map, &rooms | &doors, "the map of this test, modules");
}

#[test]
fn what_lies_between_reading_and_doing_is_pure() {
    let impure = [
        "std::fs",
        "std::net::Tcp",
        "std::process",
        "tokio",
        "async ",
        "::now()",
    ];
    let mut strays = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| !source.test) {
        if !PURE.contains(&source.room()) {
            continue;
        }
        let code = source.code();
        for word in impure.iter().filter(|word| code.contains(**word)) {
            strays.push(format!("{} names `{word}`", source.path));
        }
    }
    none(
        &strays,
        "no I/O, no clock and no `async` between `input` and `execute`",
    );
}

#[test]
fn the_executable_is_a_door_and_nothing_else() {
    let main = std::fs::read_to_string(root().join("src/main.rs")).expect("main.rs");
    assert!(main.lines().count() <= 15, "main.rs has at most 15 lines");
}
