//! Limits of containers, as the engine has them.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Seen, count, look};
use crate::model::Resources;

const MIB: u64 = 1024 * 1024;

pub(super) const LIMITS: Rule = Rule {
    id: "ATLAS-CON-008",
    title: "containers have the limits that are described",
    why: "without limits one service that goes wrong takes the memory, the processors or the processes of all others and of the host",
    manual: "Limits of memory, processors and processes are read from the engine and compared with those of atlas.yaml and the catalogue. \
             Containers that differ from their description in more than this are told by CON-009.",
    see: &[
        "https://docs.docker.com/engine/containers/resource_constraints/",
        "https://github.com/docker/docker-bench-security",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let deployment = facts.deployment()?;
    let mut problems = Vec::new();
    for seen in containers.all.iter().filter(|seen| !seen.drifted) {
        let mut services = deployment.services.values();
        let service = services.find(|service| service.name.as_str() == seen.service);
        if let Some(service) = service {
            problems.extend(compare(seen, &service.resources));
        }
    }
    let evidence = format!(
        "{} with limits of memory, processors and processes",
        count(containers.all.len())
    );
    Ok(Verdict::of(problems, evidence))
}

fn compare(seen: &Seen, wanted: &Resources) -> Option<Problem> {
    let limits = [
        ("memory", seen.memory, wanted.memory, MIB, " MiB"),
        (
            "processors",
            seen.cpu_millis,
            wanted.cpu_millis.into(),
            1,
            "/1000",
        ),
        ("processes", seen.pids, wanted.pids.into(), 1, ""),
    ];
    let differ = limits
        .iter()
        .filter(|(_, found, wanted, ..)| found != wanted);
    let lines: Vec<String> = differ
        .map(|(what, found, wanted, unit, name)| match found {
            0 => format!(
                "{} has no limit of {what}; {}{name} are described",
                seen.name,
                wanted / unit
            ),
            found => format!(
                "{} may use {}{name} of {what}; {}{name} are described",
                seen.name,
                found / unit,
                wanted / unit
            ),
        })
        .collect();
    let mut lines = lines.into_iter();
    let first = lines.next()?;
    let fix = Fix::command(
        "make its container from its description again",
        "atlas up --force-recreate",
    );
    let none = limits.iter().any(|(_, found, ..)| *found == 0);
    let problem = match none {
        true => Problem::failure(first, fix),
        false => Problem::warning(first, fix),
    };
    Some(lines.fold(problem, Problem::and).about(&seen.service))
}
