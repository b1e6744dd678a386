//! Results that were found a short while ago: from memory, from a real Redis, and what must never come from either.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis::Commands as _;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::devtools::answers;
use crate::fake::{Fake, Reply};
use crate::real::binary;
use crate::redis::{start_redis, until_it_answers};
use crate::running::{Running, all, eventually, header};

/// A Jira that finds one issue, whatever is asked.
async fn jira() -> Fake {
    let issues = json!({"issues": [{"id": "1", "key": "OPS-1", "fields": {"summary": "Roadmap"}}]});
    Fake::always(Reply::json(issues)).await
}

async fn start(vendor: &Fake, further: &[(&str, &str)]) -> Running {
    let mut variables = vec![
        ("JIRA_URL", vendor.url.as_str()),
        ("JIRA_USERNAME", "ann@example.com"),
        ("JIRA_TOKEN", "t0ken"),
    ];
    variables.retain(|(name, _)| !further.iter().any(|(other, _)| other == name));
    variables.extend(further);
    Running::start("jira", &variables).await
}

async fn search(service: &Running, body: Value) -> Response {
    let request = service.request(Method::POST, "/search").json(&body);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

async fn metrics(service: &Running) -> String {
    let request = service.request(Method::GET, "/metrics");
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn an_equal_search_is_answered_from_memory_and_says_how_old_that_is() {
    let vendor = jira().await;
    let service = start(&vendor, &[]).await;
    let question = json!({"query": "road map", "filters": {"project": "OPS"}});

    let first = search(&service, question).await;
    assert_eq!(header(&first, "age"), None);
    let first: Value = first.json().await.unwrap();
    let same = json!({"query": " road  map ", "limit": 10, "filters": {"project": ["OPS"]}, "user_id": "bob"});
    let second = search(&service, same).await;
    let age: u64 = header(&second, "age").unwrap().parse().unwrap();
    assert!(age <= 20, "{age}");
    assert_eq!(second.json::<Value>().await.unwrap(), first);
    assert_eq!(vendor.seen().len(), 1);

    for other in [
        json!({"query": "road map"}),
        json!({"query": "road map", "limit": 1}),
    ] {
        assert_eq!(header(&search(&service, other).await, "age"), None);
    }
    assert_eq!(vendor.seen().len(), 3);
    let metrics = metrics(&service).await;
    for line in [
        "atlas_cache_lookups_total{source=\"jira\",outcome=\"hit\"} 1",
        "atlas_cache_lookups_total{source=\"jira\",outcome=\"miss\"} 3",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn results_are_kept_for_as_long_as_was_said_and_not_at_all_with_0() {
    let (vendor, started) = (jira().await, Instant::now());
    let service = start(&vendor, &[("CACHE_TTL_SECONDS", "1")]).await;
    service.search("x").await;
    let asked_again = async || {
        service.search("x").await;
        vendor.seen().len()
    };
    eventually(asked_again, |calls| *calls == 2).await;
    assert!(started.elapsed() >= Duration::from_secs(1));

    let vendor = jira().await;
    let service = start(&vendor, &[("CACHE_TTL_SECONDS", "0")]).await;
    for _ in 0..2 {
        assert_eq!(
            header(&search(&service, json!({"query": "x"})).await, "age"),
            None
        );
    }
    assert_eq!(vendor.seen().len(), 2);
    assert!(!metrics(&service).await.contains("outcome=\"miss\""));
}

#[tokio::test]
async fn equal_searches_at_one_time_ask_the_vendor_once() {
    let slow = Reply::json(json!({"issues": []})).after(Duration::from_millis(300));
    let vendor = Fake::always(slow).await;
    let service = start(&vendor, &[]).await;
    let answers = join_all((0..20).map(|_| service.search("x"))).await;
    assert!(answers.iter().all(|answer| *answer == (200, json!([]))));
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn failures_and_answers_that_lack_a_part_are_not_kept() {
    let vendor = Fake::start(|_, before| match before {
        0 => Reply::status(403),
        _ => Reply::json(json!({"issues": []})),
    })
    .await;
    let service = start(&vendor, &[]).await;
    assert_eq!(service.search("x").await.0, 502);
    assert_eq!(service.search("x").await.0, 200);
    assert_eq!(vendor.seen().len(), 2);

    let parts = Fake::start(|asked, _| match asked.path.as_str() {
        "/-/v1/search" if asked.query("text") == Some("flask") => Reply::status(403),
        _ => answers(asked),
    })
    .await;
    let variables = ["STACKOVERFLOW_API_URL", "NPM_API_URL", "PYPI_API_URL"];
    let devtools = Running::start("devtools", &variables.map(|name| (name, &*parts.url))).await;
    let to_npm = |words: &str| {
        let seen = parts.seen().into_iter();
        seen.filter(|seen| seen.query("text") == Some(words))
            .count()
    };
    for _ in 0..2 {
        let (_, body) = devtools.search("flask").await;
        assert!(all(&body, "id").contains(&"pypi:Flask"), "{body}");
        devtools.search("acme").await;
    }
    assert_eq!(to_npm("flask"), 2, "npm failed");
    assert_eq!(to_npm("acme"), 1, "PyPI said that it has no such package");
}

#[tokio::test]
async fn the_orchestrator_says_whose_answers_were_kept() {
    let vendor = jira().await;
    let service = start(&vendor, &[]).await;
    let it = Running::start("orchestrator", &[("JIRA_SERVICE_URL", &service.url)]).await;
    let (_, first) = it.search("x").await;
    assert_eq!(first.get("cached"), None);
    let (_, second) = it.search("x").await;
    assert!(second["cached"]["jira"].is_u64(), "{second}");
    assert_eq!(second["results"], first["results"]);
    let stream = it.request(Method::POST, "/search/stream");
    let stream = stream.json(&json!({"query": "x"})).send().await.unwrap();
    let text = stream.text().await.unwrap();
    assert!(text.contains("\"cached\":"), "{text}");
}

#[tokio::test]
async fn containers_of_a_service_share_redis_which_learns_nothing() {
    let Some(binary) = binary("ATLAS_TEST_REDIS_SERVER", "Redis") else {
        return;
    };
    let redis = start_redis(&binary);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let mut kept = until_it_answers(&url).await;
    let vendor = jira().await;
    let redis_url = ("REDIS_URL", url.as_str());
    let (left, right) = (
        start(&vendor, &[redis_url]).await,
        start(&vendor, &[redis_url]).await,
    );
    left.search("zebra").await;
    let shared = search(&right, json!({"query": "zebra"})).await;
    assert!(header(&shared, "age").is_some());
    assert_eq!(vendor.seen().len(), 1);

    let keys: Vec<String> = kept.keys("*").unwrap();
    let [key] = &keys[..] else {
        panic!("one entry: {keys:?}");
    };
    assert!(key.starts_with("atlas:results:jira:"), "{key}");
    assert!((1..=60).contains(&kept.ttl::<_, i64>(key).unwrap()));
    let value: Vec<u8> = kept.get(key).unwrap();
    let text = format!("{key}{}", String::from_utf8_lossy(&value));
    for secret in ["zebra", "Roadmap", "t0ken", "ann@example.com"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }

    let other = start(&vendor, &[redis_url, ("JIRA_TOKEN", "other")]).await;
    let apart = search(&other, json!({"query": "zebra"})).await;
    assert_eq!(header(&apart, "age"), None, "other credentials");
    assert_eq!(vendor.seen().len(), 2);

    let _: () = kept.set(key, "what nobody wrote").unwrap();
    assert_eq!(all(&left.search("zebra").await.1, "title").len(), 1);
    assert_eq!(vendor.seen().len(), 3, "what cannot be read is not there");
    let _: () = kept.del(key).unwrap();
    let _: () = kept.hset(key, "another", "type").unwrap();
    left.search("zebra").await;
    assert_eq!(vendor.seen().len(), 4, "nor is what is of another type");
    right.search("zebra").await;
    assert_eq!(vendor.seen().len(), 4, "and both were replaced");
}

#[tokio::test]
async fn a_redis_that_hangs_holds_up_one_search_for_a_moment() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let vendor = jira().await;
    let service = start(&vendor, &[("REDIS_URL", &url)]).await;
    let started = Instant::now();
    service.search("x").await;
    let second = search(&service, json!({"query": "x"})).await;
    assert!(header(&second, "age").is_some(), "kept in memory");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn redis_may_die_and_come_back_under_load() {
    let Some(binary) = binary("ATLAS_TEST_REDIS_SERVER", "Redis") else {
        return;
    };
    let mut redis = start_redis(&binary);
    let url = format!("redis://127.0.0.1:{}", redis.port);
    until_it_answers(&url).await;
    let vendor = jira().await;
    let service = start(&vendor, &[("REDIS_URL", &url)]).await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let load = async |number: usize| {
        let (mut count, mut slowest) = (0, Duration::ZERO);
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let started = Instant::now();
            let query = format!("{number} {}", count % 5);
            assert_eq!(service.search(&query).await.0, 200);
            slowest = slowest.max(started.elapsed());
            count += 1;
        }
        (count, slowest)
    };
    let faults = async {
        let aged = async || {
            let answer = search(&service, json!({"query": "steady"})).await;
            header(&answer, "age").map(str::to_owned)
        };
        eventually(aged, Option::is_some).await;
        redis.kill();
        assert_eq!(aged().await, None, "what Redis had is away");
        assert!(aged().await.is_some(), "kept in memory meanwhile");
        redis.revive();
        let mut kept = until_it_answers(&url).await;
        let entries = async || {
            service.search("afterwards").await;
            redis::cmd("DBSIZE").query::<u64>(&mut kept).unwrap()
        };
        eventually(entries, |entries| *entries > 0).await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (counts, ()) = futures_util::join!(join_all((0..8).map(load)), faults);
    for (count, slowest) in counts {
        assert!(count > 5 && slowest < Duration::from_secs(5), "{slowest:?}");
    }
}
