//! What each rule says to made-up facts.

use std::collections::BTreeMap;

use super::*;
use crate::checks::{Facts, Severity, Unknown, Verdict};
use crate::input::Inputs;

fn judged(rule: &Rule, operations: Operations) -> Result<Verdict, Unknown> {
    let mut facts = Facts::unseen(Inputs::default(), Err(Vec::new()));
    facts.operations = Ok(operations);
    (rule.judge)(&facts)
}

fn nothing() -> Operations {
    Operations {
        rate: Ok(None),
        metrics: Ok(None),
        logs: Ok(Logs::default()),
    }
}

/// Good, failure, warning, not checked or irrelevant, and the first words.
fn said(verdict: Result<Verdict, Unknown>) -> String {
    match verdict {
        Ok(Verdict::Good(seen)) => format!("good: {seen}"),
        Ok(Verdict::Bad(problems)) => {
            let severity = match problems[0].severity {
                Severity::Failure => "failure",
                Severity::Warning => "warning",
            };
            format!("{severity}: {}", problems[0].evidence[0])
        }
        Ok(Verdict::Irrelevant) => "irrelevant".to_owned(),
        Err(Unknown::Unseen(why)) => format!("not checked: {why}"),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn a_limit_is_what_refused() {
    let rate = |configured, sent, limited, announced| {
        let rate = Rate {
            configured,
            sent,
            millis: 1234,
            limited,
            announced,
            client: "192.0.2.7".into(),
        };
        said(judged(
            &RULES[0],
            Operations {
                rate: Ok(Some(rate)),
                ..nothing()
            },
        ))
    };
    let told = Some(Limited { tells: true });
    let mute = Some(Limited { tells: false });
    assert_eq!(
        rate(Some(120), 121, told, Some(120)),
        "good: the gateway refused request 121 with 429 after 1.2 s (limit 120 a minute), counted as client 192.0.2.7"
    );
    assert_eq!(
        rate(None, 101, mute, None),
        "warning: the gateway refused request 101 with 429, but without RateLimit-* headers or Retry-After"
    );
    assert_eq!(
        rate(Some(120), 160, None, None),
        "failure: 160 requests in 1.2 s were all answered, none with 429"
    );
    assert_eq!(
        rate(Some(0), 0, None, None),
        "failure: RATE_LIMIT_PER_MINUTE is 0: there is no limit"
    );
    assert_eq!(
        rate(Some(9000), 2000, None, Some(9000)),
        "not checked: 2000 requests in 1.2 s were answered (limit 9000 a minute): that is more than the probe may use up"
    );
    // A slow gateway was not asked often enough to tell, whether it announces its limit or not.
    assert!(rate(Some(120), 40, None, None).starts_with("not checked: "));
    assert_eq!(said(judged(&RULES[0], nothing())), "irrelevant");
}

#[test]
fn metrics_are_read_when_a_scraper_says_so() {
    let metrics = |scrapers| {
        let metrics = Metrics {
            series: Ok(16),
            scrapers,
        };
        said(judged(
            &RULES[1],
            Operations {
                metrics: Ok(Some(metrics)),
                ..nothing()
            },
        ))
    };
    let scraper = |targets| Scraper {
        name: "prom".into(),
        targets,
    };
    let target = |up| Target {
        url: "http://gateway:8001/metrics".into(),
        up,
    };
    let (up, down) = (target(Ok(())), target(Err("refused".to_owned())));
    assert_eq!(
        metrics(vec![scraper(Ok(vec![down.clone()])), scraper(Ok(vec![up]))]),
        "good: /metrics answers with 16 series; `prom` scrapes http://gateway:8001/metrics"
    );
    assert_eq!(
        metrics(vec![scraper(Ok(vec![down]))]),
        "failure: `prom` fails to scrape http://gateway:8001/metrics: refused"
    );
    assert_eq!(
        metrics(vec![scraper(Err("connection refused".to_owned()))]),
        "not checked: /metrics answers with 16 series; the targets of `prom` cannot be read: connection refused"
    );
}

#[test]
fn logs_are_collected_by_the_engine_or_by_a_container() {
    let logs = |drivers: &[&str], collectors: &[(&str, &str)]| {
        let sources = drivers.iter().map(|driver| Source {
            service: "gateway".into(),
            driver: (*driver).into(),
        });
        let named = collectors
            .iter()
            .map(|(name, image)| ((*name).into(), (*image).into()));
        let collectors: BTreeMap<String, String> = named.collect();
        let logs = Logs {
            sources: sources.collect(),
            collectors,
        };
        said(judged(
            &RULES[2],
            Operations {
                logs: Ok(logs),
                ..nothing()
            },
        ))
    };
    assert_eq!(
        logs(&["syslog", "gelf"], &[]),
        "good: all logs are shipped by the engine (gelf, syslog)"
    );
    assert_eq!(
        logs(&["local"], &[("promtail", "grafana/promtail:3")]),
        "good: `promtail` (grafana/promtail:3) collects the logs of this engine (local)"
    );
    assert_eq!(
        logs(&["json-file", "syslog"], &[]),
        "not checked: logs stay on the engine's machine (json-file, syslog: gateway), and no container collects them; whether a process does cannot be seen"
    );
    assert_eq!(
        logs(&["none"], &[("promtail", "x")]),
        "failure: its logging driver is `none`: every line is lost"
    );
    assert_eq!(logs(&[], &[]), "irrelevant");
}
