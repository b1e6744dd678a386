//! Whether an image that is to be built will have the program of its health check.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::Dockerfile;

pub(super) const PROGRAMS: Rule = Rule {
    id: "ATLAS-SRC-003",
    title: "what is built has the program of its health check",
    why: "a health check whose program is missing fails for ever: the service counts as sick while it works",
    manual: "The program of the health check (atlas' or the Dockerfile's own) is looked for in what the Dockerfile installs and in what its \
             base image is known to have: slim images and Alpine have no curl. Install it, or ask with what is there, \
             such as `python -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:8001/health\")'`.",
    see: &["https://github.com/promptfoo/promptfoo/issues/1202"],
    needs: &["SRC-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let sources = seen(&facts.sources)?;
    let deployment = facts.deployment()?;
    if sources.trees.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let mut problems = Vec::new();
    let mut asked = 0_usize;
    for tree in &sources.trees {
        let Some(Ok(dockerfile)) = &tree.dockerfile else {
            continue;
        };
        let services = deployment.services.values();
        let service = services
            .into_iter()
            .find(|s| s.name.as_str() == tree.service);
        let Some(program) = service.and_then(|service| match service.healthcheck.is_empty() {
            true => program(dockerfile.healthcheck()?.into_iter()),
            false => program(service.healthcheck.iter().skip(1).map(String::as_str)),
        }) else {
            continue;
        };
        asked += 1;
        if let Some(base) = lacks(dockerfile, program) {
            let text = format!(
                "the health check runs `{program}`, which neither {base} nor {} brings",
                tree.file
            );
            let fix = format!(
                "install `{program}` in the Dockerfile, or ask with a program that is there"
            );
            problems.push(Problem::failure(text, Fix::by_hand(fix)).about(&tree.service));
        }
    }
    Ok(match asked {
        0 => Verdict::Irrelevant,
        asked => Verdict::of(
            problems,
            format!("{asked} health checks find their program"),
        ),
    })
}

/// The program that a command runs, through a shell if there is one.
fn program<'w>(words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let mut words = words.flat_map(str::split_whitespace);
    let first = words.next()?;
    let first = match first {
        "sh" | "/bin/sh" => words.find(|word| !word.starts_with('-'))?,
        first => first,
    };
    Some(first.rsplit('/').next().unwrap_or(first))
}

/// The base image, if it is known that there will be no such program.
fn lacks(dockerfile: &Dockerfile, program: &str) -> Option<String> {
    let base = dockerfile.base()?;
    let small = [
        "slim",
        "alpine",
        "distroless",
        "scratch",
        "busybox",
        "debian",
        "ubuntu",
    ];
    let is_small = small.iter().any(|name| base.contains(name));
    let busybox = ["alpine", "busybox"].iter().any(|name| base.contains(name));
    let python = base.contains("python");
    let node = base.starts_with("node") || base.contains("/node:");
    let known = match program {
        "curl" => is_small,
        "wget" | "nc" => is_small && !busybox,
        "python" | "python3" => !python && (is_small || node),
        _ => false,
    };
    (known && !dockerfile.brings(program)).then_some(base)
}
