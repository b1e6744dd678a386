//! Whether the gateway limits a client that asks too often.

use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

/// What came of asking until the gateway refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Requests that a client may make in a minute, as configured; `None` where the gateway has no such variable.
    pub configured: Option<u32>,
    /// Requests that were made.
    pub sent: u32,
    /// Milliseconds that they took.
    pub millis: u64,
    /// The refusal, if one came.
    pub limited: Option<Limited>,
    /// The limit that the first answer announced (`RateLimit-Limit`).
    pub announced: Option<u32>,
    /// Who the gateway took the probe for.
    pub client: String,
}

/// A refusal for asking too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// Whether `RateLimit-*` headers or `Retry-After` tell clients when to come back.
    pub tells: bool,
}

pub(super) const RULE: Rule = Rule {
    id: "ATLAS-OPS-001",
    title: "the gateway limits how often a client may ask",
    why: "without a limit one client, or one loop in a script, uses up the vendors' quotas of everybody and can guess keys",
    manual: "`atlas checklist` asks the gateway for /api without a key until it answers 429, as a client that nobody else is: from inside \
             its own container, else from this machine's outer address, and always with 198.51.100.254 in X-Real-IP and \
             X-Forwarded-For, for gateways that believe a proxy. It makes no more requests than the limit and a quarter allow, at most 2000, within 4 \
             seconds. Plain `atlas doctor` does not count. RATE_LIMIT_PER_MINUTE in .env sets the limit; `atlas up` brings it \
             into effect.",
    see: &["https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-05"],
    needs: &["CFG"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(rate) = seen(&seen(&facts.operations)?.rate)? else {
        return Ok(Verdict::Irrelevant);
    };
    let fix = || {
        let text = "set RATE_LIMIT_PER_MINUTE in .env to a number from 1, such as 120";
        Fix::by_hand(format!("{text}, then run `atlas up`"))
    };
    let about = |problem: Problem| Ok(Verdict::Bad(vec![problem.about("gateway")]));
    if rate.configured == Some(0) {
        return about(Problem::failure(
            "RATE_LIMIT_PER_MINUTE is 0: there is no limit",
            fix(),
        ));
    }
    let Rate { sent, client, .. } = rate;
    let took = seconds(rate.millis);
    let limit = rate.announced.or(rate.configured);
    match &rate.limited {
        Some(Limited { tells: true }) => Ok(Verdict::Good(format!(
            "the gateway refused request {sent} with 429 after {took}{}, counted as client {client}",
            announced(limit)
        ))),
        Some(Limited { tells: false }) => {
            let seen = format!("the gateway refused request {sent} with 429");
            let lacks = "but without RateLimit-* headers or Retry-After";
            let fix = "let the gateway tell clients when they may come back, by Retry-After";
            let problem = Problem::warning(format!("{seen}, {lacks}"), Fix::by_hand(fix));
            about(problem.and(format!("counted as client {client}")))
        }
        None if limit.is_some_and(|limit| limit > *sent) => {
            let limit = announced(limit);
            let why = "that is more than the probe may use up";
            let seen = format!("{sent} requests in {took} were answered{limit}: {why}");
            Err(Unknown::Unseen(seen))
        }
        None => {
            let seen = format!("{sent} requests in {took} were all answered, none with 429");
            let problem = Problem::failure(seen, fix());
            about(problem.and(format!("counted as client {client}")))
        }
    }
}

fn announced(limit: Option<u32>) -> String {
    limit.map_or_else(String::new, |limit| format!(" (limit {limit} a minute)"))
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}
