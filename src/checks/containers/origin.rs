//! From which folder containers were made.

use std::collections::BTreeMap;

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::look;

pub(super) const FOLDER: Rule = Rule {
    id: "ATLAS-CON-011",
    title: "containers were made from this folder",
    why: "two folders with one project name fight over the same containers: each `up` undoes the other's, with another .env and other secrets",
    manual: "Every container carries the folder that it was made from (`com.docker.compose.project.working_dir`). Give one of the two projects \
             another `name` in atlas.yaml; if the folder was moved, make the containers again.",
    see: &["https://docs.docker.com/compose/how-tos/project-name/"],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let mut others: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for seen in &containers.all {
        match seen.folder.as_deref() {
            Some(folder) if folder != containers.folder => {
                others.entry(folder).or_default().push(&seen.name);
            }
            _ => {}
        }
    }
    let problems = others.into_iter().map(|(folder, names)| {
        let text = format!("made from {folder}, not from {}: {}", containers.folder, names.join(", "));
        let fix = Fix::command(
            format!("set another `name` in atlas.yaml if both folders are in use; else make the containers from this one (it was {folder})"),
            "atlas up --force-recreate",
        );
        Problem::warning(text, fix)
    });
    Ok(Verdict::of(
        problems.collect(),
        format!("all were made from {}", containers.folder),
    ))
}
