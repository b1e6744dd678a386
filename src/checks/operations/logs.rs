//! Whether logs leave the machine that they are written on.

use std::collections::BTreeMap;

use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

/// Where logs go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logs {
    /// The running containers of the project, or what will run when nothing does.
    pub sources: Vec<Source>,
    /// Containers of this engine that collect logs of others, by name: their images.
    pub collectors: BTreeMap<String, String>,
}

/// What writes a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The service.
    pub service: String,
    /// The engine's logging driver for it.
    pub driver: String,
}

/// Drivers that keep logs on the engine's machine.
const LOCAL: [&str; 3] = ["json-file", "local", "journald"];

pub(super) const RULE: Rule = Rule {
    id: "ATLAS-OPS-003",
    title: "logs are collected",
    why: "logs that stay in the container's file go with the container, the disk or the machine, just when they are needed",
    manual: "The logging driver of each container is read, and the engine's containers are looked through for collectors \
             (Promtail, Alloy, Fluent Bit, Fluentd, Vector, Filebeat, Datadog, OpenTelemetry) that read its logs. A collector \
             that runs as a process of the machine cannot be seen: then `atlas checklist` asks you. Containers that atlas makes \
             use the driver `local` with rotation: collectors read it by the engine's socket, not from files.",
    see: &["https://docs.docker.com/engine/logging/configure/"],
    needs: &["CFG"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let logs = seen(&seen(&facts.operations)?.logs)?;
    if logs.sources.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let lost = logs.sources.iter().filter(|source| source.driver == "none");
    let lost = lost.map(|source| {
        let fix = Fix::command(
            "make the container again as atlas.yaml describes it",
            "atlas up",
        );
        Problem::failure("its logging driver is `none`: every line is lost", fix)
            .about(source.service.clone())
    });
    let lost: Vec<Problem> = lost.collect();
    if !lost.is_empty() {
        return Ok(Verdict::Bad(lost));
    }
    let is_local = |source: &&Source| LOCAL.contains(&source.driver.as_str());
    let kept: Vec<&str> = logs
        .sources
        .iter()
        .filter(is_local)
        .map(|s| s.service.as_str())
        .collect();
    let mut drivers: Vec<&str> = logs.sources.iter().map(|s| s.driver.as_str()).collect();
    drivers.sort_unstable();
    drivers.dedup();
    let drivers = drivers.join(", ");
    if kept.is_empty() {
        return Ok(Verdict::Good(format!(
            "all logs are shipped by the engine ({drivers})"
        )));
    }
    if let Some((name, image)) = logs.collectors.first_key_value() {
        return Ok(Verdict::Good(format!(
            "`{name}` ({image}) collects the logs of this engine ({drivers})"
        )));
    }
    Err(Unknown::Unseen(format!(
        "logs stay on the engine's machine ({drivers}: {}), and no container collects them; whether a process does cannot be seen",
        kept.join(", ")
    )))
}
