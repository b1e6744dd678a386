//! Logs of containers: whether they grow without end.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Seen, count, look};

const MIB: u64 = 1024 * 1024;
/// A log above it fills disks.
const LARGE: u64 = 1024 * MIB;

pub(super) const SIZE: Rule = Rule {
    id: "ATLAS-CON-012",
    title: "logs are rotated",
    why: "a log that is never rotated fills the disk, and then the databases stop first",
    manual: "Driver and options of each container's log are read from the engine; on the engine's machine the files are counted too. Atlas \
             makes its containers with the driver `local`, 5 files of 10 MiB.",
    see: &[
        "https://docs.docker.com/engine/logging/configure/",
        "https://github.com/docker/cli/issues/2715",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let problems = containers.all.iter().filter_map(problem).collect();
    let sizes = containers.all.iter().filter_map(|seen| seen.log.size);
    let total: u64 = sizes.sum();
    let evidence = format!(
        "{} with rotated logs, {} MiB",
        count(containers.all.len()),
        total / MIB
    );
    Ok(Verdict::of(problems, evidence))
}

fn problem(seen: &Seen) -> Option<Problem> {
    let log = &seen.log;
    let large = log.size.filter(|size| *size > LARGE);
    let has = large.map(|size| format!("the log of {} has {} MiB", seen.name, size / MIB));
    let text = match (log.rotated, has) {
        (true, None) => return None,
        (true, Some(has)) => has,
        (false, has) => {
            let text = format!("the log of {} ({}) is never rotated", seen.name, log.driver);
            has.map_or(text.clone(), |has| format!("{text}; {has}"))
        }
    };
    let fix = Fix::command(
        "make its container from its description again; the old log goes with the old one",
        "atlas up --force-recreate",
    );
    Some(Problem::warning(text, fix).about(&seen.service))
}
