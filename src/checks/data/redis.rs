//! Redis: no way in without the password, a limit of memory that fits, and data that outlives a restart.

use super::{Redis, Settings};
use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};
use crate::model::bytes;

const SUBJECT: &str = "redis";

pub(super) const LOCKED: Rule = Rule {
    id: "ATLAS-DATA-003",
    title: "Redis refuses whoever has no password",
    why: "a Redis that answers everybody can be made to write files and run code on its host",
    manual: "atlas sends PING to the container without a password. The right answer is NOAUTH.",
    see: &["https://redis.io/docs/latest/operate/oss_and_stack/management/security/"],
    needs: &["CFG", "ENG", "CON"],
    cheap: false,
    judge: locked,
};

pub(super) const PERSISTENCE: Rule = Rule {
    id: "ATLAS-DATA-005",
    title: "Redis keeps its data over a restart",
    why: "without appendonly and without save points all limits and caches are gone when it restarts, and a backup has nothing to copy",
    manual: "atlas asks Redis for `appendonly` and `save`. The described container is started with `--appendonly yes`.",
    see: &["https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/"],
    needs: &["CFG", "ENG", "CON"],
    cheap: false,
    judge: persistence,
};

pub(super) const MEMORY: Rule = Rule {
    id: "ATLAS-DATA-006",
    title: "Redis stops taking data before its container is killed for memory",
    why: "a Redis without `maxmemory`, or with one above its container's limit, is killed by the kernel instead of refusing",
    manual: "`maxmemory` is compared with the memory limit of the container; at least a tenth should remain for Redis itself.",
    see: &["https://redis.io/docs/latest/develop/reference/eviction/"],
    needs: &["CFG", "ENG", "CON"],
    cheap: false,
    judge: memory,
};

fn redis(facts: &Facts) -> Result<Option<&Redis>, Unknown> {
    seen(&seen(&facts.data)?.redis).map(Option::as_ref)
}

fn settings(redis: &Redis) -> Result<&Settings, Unknown> {
    let settings = redis.settings.as_ref();
    settings.map_err(|why| Unknown::Unseen(why.clone()))
}

fn recreate(text: &str) -> Fix {
    Fix::command(text, "atlas up --force-recreate redis")
}

fn locked(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(redis) = redis(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    match &redis.open {
        Err(why) => Err(Unknown::Unseen(why.clone())),
        Ok(false) => Ok(Verdict::Good("PING without a password: NOAUTH".to_owned())),
        Ok(true) => {
            let evidence = "PING without a password: PONG";
            let fix = recreate(
                "bring the described container back, which starts Redis with its password",
            );
            Ok(Verdict::Bad(vec![
                Problem::failure(evidence, fix).about(SUBJECT),
            ]))
        }
    }
}

fn persistence(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(redis) = redis(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let settings = settings(redis)?;
    let words = match (settings.append_only, settings.save.is_empty()) {
        (true, _) => "appendonly is on",
        (false, false) => "it saves at intervals",
        (false, true) => {
            let evidence = "appendonly is off and there are no save points";
            let fix =
                recreate("bring the described container back, which starts Redis with appendonly");
            return Ok(Verdict::Bad(vec![
                Problem::warning(evidence, fix).about(SUBJECT),
            ]));
        }
    };
    Ok(Verdict::Good(words.to_owned()))
}

fn memory(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(redis) = redis(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let (most, limit) = (settings(redis)?.max_memory, redis.limit);
    let evidence = match most {
        0 => "maxmemory is not set".to_owned(),
        most => format!(
            "maxmemory is {}, the container's limit {}",
            bytes(most),
            bytes(limit)
        ),
    };
    if most > 0 && most <= limit / 10 * 9 {
        return Ok(Verdict::Good(evidence));
    }
    let fix = recreate("bring the described container back, whose maxmemory is below its limit");
    Ok(Verdict::Bad(vec![
        Problem::warning(evidence, fix).about(SUBJECT),
    ]))
}
