//! Whether memory is enough for what the services may use.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use crate::model::bytes;

/// Less than this at hand, and nothing more can be started.
const LEAST: u64 = 128 << 20;

pub(super) const MEMORY: Rule = Rule {
    id: "ATLAS-HOST-001",
    title: "there is memory for all services",
    why: "when memory runs out the kernel kills what uses most of it, which is mostly MongoDB",
    manual: "The limits of all services (`memory` times `replicas`) are added up and compared with the machine's memory \
             (`MemTotal`, `MemAvailable` of /proc/meminfo, or what a remote engine tells of its machine). Limits beyond the memory \
             are a warning, for services seldom use all they may. The whole backend is comfortable with 8 GiB; \
             `--profile minimal` and smaller `memory:` of single services need less.",
    see: &["https://github.com/moby/moby/issues/21083"],
    needs: &[],
    cheap: true,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let deployment = facts.deployment()?;
    let memory = *seen(&seen(&facts.host)?.memory)?;
    let services = deployment.services.values();
    let limits: u64 = services
        .map(|service| service.resources.memory * u64::from(service.replicas))
        .sum();
    let total = memory.total;
    let mut problems = Vec::new();
    if limits > total {
        let text = format!(
            "the services may use up to {}, the host has {}: memory may run out under load",
            bytes(limits),
            bytes(total)
        );
        let largest = deployment
            .services
            .values()
            .max_by_key(|service| service.resources.memory * u64::from(service.replicas));
        let name = largest.map_or("NAME", |service| service.name.as_str());
        let fix = format!(
            "set less than that for the largest, `services.{name}.memory` in atlas.yaml, or run fewer services"
        );
        problems.push(Problem::warning(text, Fix::by_hand(fix)));
    }
    if let Some(available) = memory.available.filter(|available| *available < LEAST) {
        let text = format!(
            "only {} of {} of memory can be had",
            bytes(available),
            bytes(total)
        );
        let fix = Fix::by_hand("stop what uses it: `ps aux --sort=-rss | head` shows it");
        problems.push(Problem::failure(text, fix));
    }
    let evidence = format!(
        "the services may use up to {} of {}",
        bytes(limits),
        bytes(total)
    );
    Ok(Verdict::of(problems, evidence))
}
