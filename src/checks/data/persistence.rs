//! What Redis keeps, and how much of it.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::redis;

const MIB: u64 = 1024 * 1024;

pub(super) const PERSISTENCE: Rule = Rule {
    id: "ATLAS-DATA-005",
    title: "Redis writes to its disk",
    why: "what Redis does not write is gone with its next restart; one whose writes fail also refuses new data",
    manual: "`CONFIG GET appendonly` and `save`, and the statuses of the last writes in `INFO persistence`. A failing save is a full disk, a volume \
             that Redis may not write to, or a fork without memory (vm.overcommit_memory).",
    see: &["https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/"],
    needs: &["ENG-001", "CON-010"],
    cheap: false,
    judge: persistence,
};

pub(super) const MEMORY: Rule = Rule {
    id: "ATLAS-DATA-006",
    title: "Redis stays below its memory limit by itself",
    why: "without `maxmemory` Redis grows until the kernel kills it; with it, what is kept for a time only makes room",
    manual: "`CONFIG GET maxmemory` against the memory limit of the container. Copies that are made while Redis saves need room too, so it should \
             be a quarter below the limit.",
    see: &[
        "https://redis.io/docs/latest/develop/reference/eviction/",
        "https://github.com/redis/docker-library-redis/issues/346",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge: memory,
};

fn restart(text: &str) -> Fix {
    Fix::command(text, "atlas restart redis")
}

fn persistence(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((_, told)) = redis(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    if let Some(refusal) = &told.refusal {
        return Err(Unknown::Unseen(format!(
            "Redis does not take our password: {refusal}"
        )));
    }
    if !told.failing.is_empty() {
        let fix = Fix::command(
            "see why in its log: a full disk, or a volume that it may not write to",
            "atlas logs --tail 50 redis",
        );
        let text = format!("Redis fails to write: {}", told.failing.join(", "));
        return Ok(Verdict::Bad(vec![
            Problem::failure(text, fix).about("redis"),
        ]));
    }
    let seen = match (told.appends, told.save.is_empty()) {
        (true, _) => "it appends every change to its file",
        (false, false) => "it saves snapshots",
        (false, true) => {
            let fix = restart("start it again, so that it takes the settings of its command");
            let problem = Problem::warning(
                "Redis writes nothing to its disk: `appendonly no`, no `save`",
                fix,
            );
            return Ok(Verdict::Bad(vec![problem.about("redis")]));
        }
    };
    Ok(Verdict::Good(seen.to_owned()))
}

fn memory(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((redis, told)) = redis(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    if let Some(refusal) = &told.refusal {
        return Err(Unknown::Unseen(format!(
            "Redis does not take our password: {refusal}"
        )));
    }
    let (most, limit) = (told.maxmemory, redis.limit);
    let text = match most {
        0 => "Redis has no `maxmemory`".to_owned(),
        most if limit > 0 && most >= limit => {
            format!(
                "`maxmemory` of Redis, {} MiB, is not below the limit of its container, {} MiB",
                most / MIB,
                limit / MIB
            )
        }
        most => {
            let seen = format!("{} MiB of {} MiB", most / MIB, limit / MIB);
            return Ok(Verdict::Good(seen));
        }
    };
    let fix = restart(
        "start it again, so that it takes the `maxmemory` of its command; that one is below the limit",
    );
    Ok(Verdict::Bad(vec![
        Problem::warning(text, fix).about("redis"),
    ]))
}
