//! A catalogue of one's own.

use super::{accepts, project, refuses, refuses_arguments};

const WIKI: &str = "description: A wiki\nkind: integration\nport: 8100\nhealth: {http: /health}\nimages: {any: {image: \"acme/wiki:1\"}}\n";

#[test]
fn a_folder_that_is_missing_is_placed() {
    refuses(
        &project("name: demo\ncatalogue: more\n"),
        "error: atlas.yaml:2:12: catalogue: failed to read the folder `more`: it does not exist
  hint: the path is relative to the project directory

error: the configuration has 1 problem
",
    );
}

#[test]
fn a_broken_entry_is_told_in_full_and_mentions_of_it_are_not() {
    let project = project("catalogue: more\nprofiles: {mine: [wiki]}\nprofile: mine\n");
    project.write("more/wiki.yaml", "kind: integratoin\nport: 0\nprot: 1\n");
    refuses(
        &project,
        "error: more/wiki.yaml:1:1: description: is missing
error: more/wiki.yaml:1:1: health: is missing
error: more/wiki.yaml:1:7: kind: unknown value `integratoin`
  hint: did you mean `integration`?
error: more/wiki.yaml:2:7: port: expected a port from 1 to 65535, found `0`
error: more/wiki.yaml:3:1: prot: unknown key `prot`
  hint: did you mean `port`?

error: the configuration has 5 problems
",
    );
}

#[test]
fn a_circle_of_dependencies_is_drawn() {
    let project = project("catalogue: more\nservices-to-run: [wiki]\n");
    project.write(
        "more/wiki.yaml",
        format!("{WIKI}depends_on: {{news: healthy}}\n"),
    );
    project.write(
        "more/news.yaml",
        format!("{WIKI}depends_on: {{blog: healthy}}\n"),
    );
    project.write(
        "more/blog.yaml",
        format!("{WIKI}depends_on: {{wiki: started}}\n"),
    );
    refuses(
        &project,
        "error: more/blog.yaml:6:14: depends_on: dependency circle: blog → wiki → news → blog
  hint: remove one of the dependencies of `wiki`, `news` and `blog`

error: the configuration has 1 problem
",
    );
    project.write(
        "more/blog.yaml",
        format!("{WIKI}depends_on: {{blog: started}}\n"),
    );
    refuses(
        &project,
        "error: more/blog.yaml:6:14: depends_on: dependency circle: blog → blog
  hint: remove one of the dependencies of `blog`

error: the configuration has 1 problem
",
    );
}

#[test]
fn unknown_dependencies_and_names_of_files_are_told() {
    let project = project("catalogue: more/\nservices-to-run: [wiki]\n");
    project.write(
        "more/wiki.yaml",
        format!("{WIKI}depends_on: {{mongdb: healthy}}\n"),
    );
    project.write("more/wiki.yml", WIKI);
    project.write("more/Big_Wiki.yaml", WIKI);
    project.write("more/README.md", "not a service");
    refuses(
        &project,
        "error: more/Big_Wiki.yaml:1:1: name: invalid service name `Big_Wiki`: must be 2 to 63 lower-case letters, digits and inner hyphens
error: more/wiki.yaml:6:14: depends_on.mongdb: unknown service `mongdb`
  hint: did you mean `mongodb`?
error: more/wiki.yml: `wiki` is described by two files

error: the configuration has 3 problems
",
    );
}

#[test]
fn adding_a_service_is_adding_one_file() {
    let project = project("catalogue: more\nservices-to-run: [wiki]\n");
    project.write("more/wiki.yaml", WIKI);
    accepts(&project);
    refuses_arguments(
        &project,
        &["render", "compose", "-", "wikki"],
        "error: unknown service `wikki`
  hint: did you mean `wiki`?

error: the configuration has 1 problem
",
    );
}

#[test]
fn who_calls_the_internet_is_a_word_or_a_variable() {
    let project = project("catalogue: more\nservices-to-run: [wiki]\n");
    project.write("more/wiki.yaml", format!("{WIKI}internet: sometimes!\n"));
    refuses(
        &project,
        "error: more/wiki.yaml:6:11: internet: expected `true`, `false`, or the name of a variable, found `sometimes!`

error: the configuration has 1 problem
",
    );
    project.write("more/wiki.yaml", format!("{WIKI}internet: WIKI_MIRROR\n"));
    accepts(&project);
}
