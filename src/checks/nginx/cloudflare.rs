//! Whether Cloudflare's networks, as nginx is told them, are those that it publishes.

use super::super::facts::{Facts, Known, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

/// What was seen of the networks that nginx believes.
#[derive(Debug, Clone)]
pub struct Cloudflare {
    /// When the list was published.
    pub date: String,
    /// How many networks are on it.
    pub count: usize,
    /// Networks that are published and not on the list, and the other way round.
    pub differs: Known<(Vec<String>, Vec<String>)>,
}

pub(super) const LISTED: Rule = Rule {
    id: "ATLAS-NGX-005",
    title: "nginx knows Cloudflare's networks",
    why: "all who come through a network that is not listed count as one client, and a network that is Cloudflare's no more may say who anybody is",
    manual: "With `nginx.behind: cloudflare` and `--online`, the list that nginx is written with is compared with \
             https://www.cloudflare.com/ips-v4 and ips-v6. A list of your own goes before the one inside atlas: \
             `nginx.cloudflare: {addresses: FILE, as-of: DATE}` in atlas.yaml.",
    see: &["https://www.cloudflare.com/ips/"],
    needs: &[],
    cheap: false,
    judge: listed,
};

fn listed(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(cloudflare) = &seen(&facts.nginx)?.cloudflare else {
        return Ok(Verdict::Irrelevant);
    };
    let (missing, surplus) = seen(&cloudflare.differs)?;
    let Cloudflare { date, count, .. } = cloudflare;
    let say = |networks: &[String], what: &str| {
        let text = format!("{} {what}", networks.join(", "));
        (!networks.is_empty()).then_some(text)
    };
    let missing = say(missing, &format!("missing from the list of {date}"));
    let surplus = say(
        surplus,
        &format!("on the list of {date}, and not Cloudflare's any more"),
    );
    let mut problems = missing.into_iter().chain(surplus);
    let Some(first) = problems.next() else {
        return Ok(Verdict::Good(format!(
            "the {count} networks of {date} are those of today"
        )));
    };
    let fix = Fix::command(
        "fetch the lists, set `nginx.cloudflare: {addresses: cloudflare.txt, as-of: …}` in atlas.yaml to today, and have nginx written anew",
        "(curl -fsS https://www.cloudflare.com/ips-v4; echo; curl -fsS https://www.cloudflare.com/ips-v6) > cloudflare.txt",
    );
    let problem = Problem::warning(first, fix);
    let problem = problems.fold(problem, |problem, text| problem.and(text));
    Ok(Verdict::Bad(vec![problem]))
}
