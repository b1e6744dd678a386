//! Reading a project directory, and input that is nothing one would write.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Catalogue, Dotenv, Environment, Files, Project, read};

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn problems(directory: &TempDir, files: &Files) -> Vec<String> {
    let inputs = read(directory.path(), files, &Environment::new());
    inputs.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_directory_is_a_project() {
    assert_eq!(problems(&directory(&[]), &Files::default()), [""; 0]);
}

#[test]
fn a_named_file_must_exist() {
    let files = Files {
        project: Some(PathBuf::from("prod.yaml")),
        env_files: vec![PathBuf::from("a.env"), PathBuf::from(".")],
    };
    assert_eq!(
        problems(&directory(&[]), &files),
        [
            "error: prod.yaml: failed to read the file: it does not exist",
            "error: a.env: failed to read the file: it does not exist",
            "error: .: failed to read the file: it is a directory",
        ]
    );
}

#[test]
fn later_env_files_override_earlier_ones() {
    let directory = directory(&[
        ("a.env", "A=1\nB=1\n"),
        ("b.env", "B=2\nC=$A\n"),
        (".env", "A=0\n"),
    ]);
    let environment = [("COMPOSE_ENV_FILES".to_owned(), "a.env,b.env".to_owned())].into();
    let inputs = read(directory.path(), &Files::default(), &environment);
    let set: Vec<String> = inputs
        .dotenv
        .iter()
        .map(|(name, set)| format!("{name}={}", set.value))
        .collect();
    assert_eq!(set, ["A=1", "B=2", "C=1"]);
}

#[test]
fn a_folder_of_ones_own_adds_and_replaces_services() {
    let service = "kind: integration\ndescription: Mine\nport: 9100\nhealth: {http: /}\nimages: {any: {image: a/b}}\n";
    let directory = directory(&[
        ("atlas.yaml", "catalogue: ./mine\n"),
        ("mine/wiki.yaml", service),
        ("mine/jira.yml", service),
        ("mine/jira.yaml", service),
        ("mine/X.yaml", service),
        ("mine/README.md", "not a service"),
    ]);
    let inputs = read(directory.path(), &Files::default(), &Environment::new());
    assert_eq!(inputs.catalogue.get("wiki").unwrap().port.get(), 9100);
    assert_eq!(inputs.catalogue.get("jira").unwrap().port.get(), 9100);
    assert_eq!(
        problems(&directory, &Files::default()),
        [
            "error: ./mine/X.yaml:1:1: name: invalid service name `X`: must be 2 to 63 lower-case letters, digits and inner hyphens",
            "error: ./mine/jira.yml: `jira` is described by two files",
        ]
    );
}

#[test]
fn a_missing_folder_is_reported_where_it_is_named() {
    assert_eq!(
        problems(&directory(&[("atlas.yaml", "name: a\ncatalogue: ./mine\n")]), &Files::default()),
        ["error: atlas.yaml:2:12: catalogue: failed to read the folder `./mine`: it does not exist
  hint: the path is relative to the project directory"]
    );
}

#[test]
fn the_embedded_catalogue_is_sound() {
    let (catalogue, problems) = Catalogue::embedded();
    assert_eq!(problems, []);
    assert_eq!(catalogue.entries().count(), 15);
    let profiles = catalogue.profiles();
    let sizes: Vec<(&str, usize)> = profiles
        .iter()
        .map(|(name, members)| (*name, members.len()))
        .collect();
    assert_eq!(sizes, [("all", 13), ("atlassian", 4), ("minimal", 1)]);
    for (_, variable) in catalogue.entries().flat_map(|entry| &entry.environment) {
        assert!(variable.value.is_some() || !variable.description.is_empty());
    }
}

/// Every byte string is either understood or refused.
#[test]
fn nothing_panics() {
    let seed = "name: a\nservices:\n  gateway: &g {port: 9000, environment: {A: \"b\"}}\n  jira: *g\nprofiles: {t: [a]}\n\
A=\"${B:-x}\" # c\nexport C='d'\n\t- ? : | > %TAG ! \u{feff}\r\n";
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    };
    for _ in 0..1500 {
        let mut bytes = seed.as_bytes().to_vec();
        for _ in 0..=random(8) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => drop(bytes.drain(at..(at + random(9)).min(bytes.len()))),
                _ => bytes.extend_from_within(at..(at + random(20)).min(bytes.len())),
            }
        }
        Project::parse("atlas.yaml", &bytes);
        Dotenv::default().parse(".env", &bytes, &Environment::new());
        Catalogue::default().add("x.yaml", "xx", &bytes, &mut Vec::new());
    }
}
