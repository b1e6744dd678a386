//! Whether somebody reads the gateway's metrics.

use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

/// What was seen of metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Series at the gateway's `/metrics`, or what it answered instead.
    pub series: Result<usize, String>,
    /// Prometheus and its like among the engine's containers.
    pub scrapers: Vec<Scraper>,
}

/// A program that reads metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scraper {
    /// The container's name.
    pub name: String,
    /// Its targets that are the gateway, or why they cannot be told.
    pub targets: Result<Vec<Target>, String>,
}

/// A target that is the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the scraper asks.
    pub url: String,
    /// Whether its last try succeeded, and else why not.
    pub up: Result<(), String>,
}

pub(super) const RULE: Rule = Rule {
    id: "ATLAS-OPS-002",
    title: "the gateway's metrics are scraped",
    why: "nobody notices errors and slowness before the users do when nothing reads the numbers",
    manual: "The gateway is asked for /metrics, and each Prometheus among the engine's running containers for its targets \
             (/api/v1/targets). A Prometheus on another machine cannot be seen from here: then `atlas checklist` asks you. \
             A job for the gateway is `{job_name: atlas, static_configs: [{targets: ['gateway:8001']}]}` in prometheus.yml, \
             with Prometheus in the project's network.",
    see: &[
        "https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config",
    ],
    needs: &["CFG"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(metrics) = seen(&seen(&facts.operations)?.metrics)? else {
        return Ok(Verdict::Irrelevant);
    };
    let answered = match &metrics.series {
        Ok(series) => format!("/metrics answers with {series} series"),
        Err(seen) => format!("the gateway has no /metrics ({seen})"),
    };
    let told = |scraper: &Scraper| scraper.targets.clone().unwrap_or_default();
    let targets = metrics.scrapers.iter().flat_map(|scraper| {
        let name = scraper.name.clone();
        told(scraper)
            .into_iter()
            .map(move |target| (name.clone(), target))
    });
    let targets: Vec<(String, Target)> = targets.collect();
    if let Some((name, target)) = targets.iter().find(|(_, target)| target.up.is_ok()) {
        let url = &target.url;
        return Ok(Verdict::Good(format!("{answered}; `{name}` scrapes {url}")));
    }
    let failing = targets.iter().map(|(name, target)| {
        let why = target.up.clone().err().unwrap_or_default();
        let text = format!("`{name}` fails to scrape {}: {why}", target.url);
        let fix = Fix::by_hand(
            "mend the target in prometheus.yml, or put Prometheus into the project's network",
        );
        Problem::failure(text, fix)
            .and(answered.clone())
            .about("gateway")
    });
    let failing: Vec<Problem> = failing.collect();
    if !failing.is_empty() {
        return Ok(Verdict::Bad(failing));
    }
    let around = match &metrics.scrapers[..] {
        [] => "no Prometheus runs on this engine, and one elsewhere cannot be seen".to_owned(),
        [scraper, ..] => match &scraper.targets {
            Ok(_) => format!(
                "`{}` runs here, but the gateway is none of its targets",
                scraper.name
            ),
            Err(why) => format!("the targets of `{}` cannot be read: {why}", scraper.name),
        },
    };
    Err(Unknown::Unseen(format!("{answered}; {around}")))
}
