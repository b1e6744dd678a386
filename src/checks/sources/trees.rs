//! Whether what is to be built is there, and is all in one folder.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

pub(super) const THERE: Rule = Rule {
    id: "ATLAS-SRC-001",
    title: "every service that is built has its source tree",
    why: "an image cannot be built without a folder and a Dockerfile in it",
    manual: "With `images: {source: build}` each service is built from a folder below `images.context`, with a Dockerfile in it. \
             Some trees of the product have none; the built-in images and those of a registry need none.",
    see: &["https://docs.docker.com/build/concepts/context/"],
    needs: &[],
    cheap: true,
    judge: there,
};

pub(super) const INSIDE: Rule = Rule {
    id: "ATLAS-SRC-002",
    title: "no Dockerfile copies from outside of its folder",
    why: "a build sees its own folder only: `COPY ../base` fails whatever lies there",
    manual: "`COPY` and `ADD` of each Dockerfile are followed; a source with `..` that leaves the folder cannot be had. \
             Copy what is shared into the folder, or give the build the folder above as its context.",
    see: &["https://docs.docker.com/reference/dockerfile/#copy"],
    needs: &["SRC-001"],
    cheap: true,
    judge: inside,
};

fn there(facts: &Facts) -> Result<Verdict, Unknown> {
    let sources = seen(&facts.sources)?;
    if sources.trees.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let problems = sources.trees.iter().filter_map(|tree| {
        let text = match (tree.is_there, &tree.dockerfile) {
            (false, _) => format!("there is no folder `{}`", tree.folder),
            (true, None) => format!("there is no `{}`", tree.file),
            (true, Some(_)) => return None,
        };
        let fix = "set `images: {source: build, context: …}` to the source tree, or use `images: builtin`";
        Some(Problem::failure(text, Fix::by_hand(fix)).about(&tree.service))
    });
    let evidence = format!("{} source trees have a Dockerfile", sources.trees.len());
    Ok(Verdict::of(problems.collect(), evidence))
}

fn inside(facts: &Facts) -> Result<Verdict, Unknown> {
    let sources = seen(&facts.sources)?;
    if sources.trees.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let mut problems = Vec::new();
    for tree in &sources.trees {
        let Some(Ok(dockerfile)) = &tree.dockerfile else {
            continue;
        };
        for (line, path) in dockerfile.outside() {
            let text = format!(
                "{}:{line} copies `{path}`, which is outside of its folder",
                tree.file
            );
            let fix = format!("copy it into `{}` and name it there", tree.folder);
            problems.push(Problem::failure(text, Fix::by_hand(fix)).about(&tree.service));
        }
    }
    let evidence = "every copied file lies in the folder that is built";
    Ok(Verdict::of(problems, evidence))
}
