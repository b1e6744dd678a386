//! DuckDuckGo. Shapes: <https://html.duckduckgo.com/html/>, and the fields of its form as
//! <https://github.com/searxng/searxng/blob/master/searx/engines/duckduckgo.py> describes them.

use serde_json::json;

use super::{found, only_web, provider, refused, urls};
use crate::fake::{Fake, Reply, Seen};

const ADVERTISEMENT: &str = r#"<div class="result results_links results_links_deep result--ad result--ad--small">
  <h2 class="result__title"><a rel="nofollow" class="result__a" href="https://duckduckgo.com/y.js?ad_domain=shop.example">Buy</a></h2>
  <a class="result__snippet" href="https://duckduckgo.com/y.js?ad_domain=shop.example">now</a></div>"#;

fn page(results: &[(&str, &str)], next: Option<u32>) -> Reply {
    let results = results.iter().map(|(href, title)| {
        format!(
            r#"<div class="result results_links results_links_deep web-result ">
  <div class="links_main links_deep result__body">
    <h2 class="result__title"><a rel="nofollow" class="result__a" href="{href}"
      >{title}</a></h2>
    <div class="result__extras"><div class="result__extras__url"><span class="result__icon"><img src="//x.ico"></span>
      <a class="result__url" href="{href}">example.com</a><span>&nbsp; &nbsp; 2026-01-30T00:00:00.0000000</span></div></div>
    <a class="result__snippet" href="{href}">what <b>x</b> &amp; y&#x27;s are</a>
    <div class="clear"></div></div></div>"#
        )
    });
    let results: String = results.collect();
    let next = next.map_or_else(String::new, |offset| {
        format!(
            r#"<div class="nav-link"><form action="/html/" method="post"><input type="submit" class='btn btn--alt' value="Next" />
  <input type="hidden" name="q" value="something else" /><input type="hidden" name="s" value="{offset}" />
  <input type="hidden" name="nextParams" value="" /><input type="hidden" name="v" value="l" /><input type="hidden" name="o" value="json" />
  <input type="hidden" name="dc" value="{}" /><input type="hidden" name="api" value="d.js" />
  <input type="hidden" name="vqd" value="4-27547094037301250810679169593972079382" /><input name="kl" value="wt-wt" type="hidden" /></form></div>"#,
            offset + 1
        )
    });
    let back = r#"<form action="/html/" method="post"><input type="submit" value="Previous" /><input type="hidden" name="s" value="0" />
  <input type="hidden" name="vqd" value="4-27547" /></form>"#;
    let page = format!(
        r#"<!DOCTYPE html><html><head><title>x at DuckDuckGo</title></head><body>
<form id="search_form" class="search-form" action="/html/" method="post"><input name="q" value="x" type="text" /></form>
<div class="serp__results"><div id="links" class="results">{ADVERTISEMENT}{results}{back}{next}</div></div></body></html>"#
    );
    Reply::text(200, "text/html; charset=UTF-8", &page)
}

fn field<'a>(asked: &'a Seen, name: &str) -> Option<&'a str> {
    let mut fields = asked.form.iter();
    Some(fields.find(|(field, _)| field == name)?.1.as_str())
}

#[tokio::test]
async fn duckduckgos_page_is_read_and_its_forms_are_filled_in() {
    let vendor = Fake::start(|asked, _| match field(asked, "s") {
        None => page(
            &[
                ("https://example.com/a?b=1&amp;c=2", "Page &quot;A&quot;"),
                (
                    "//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.com%2Fb%3Fd%3D1&amp;rut=92d",
                    "Page B",
                ),
            ],
            Some(10),
        ),
        Some("10") => page(&[("https://example.com/c", "Page C")], Some(25)),
        other => panic!("asked for page {other:?}"),
    })
    .await;

    let results = found("duckduckgo", &vendor, "x \\ y", 3).await;

    assert_eq!(
        results[0],
        json!({
            "id": "https://example.com/a?b=1&c=2", "title": "Page \"A\"", "content": "what x & y's are", "url": "https://example.com/a?b=1&c=2",
            "source": "web", "score": 1.0, "metadata": {"site": "example.com", "published": "2026-01-30", "engine": "duckduckgo"}
        })
    );
    assert_eq!(
        urls(&results)[1..],
        ["https://example.com/b?d=1", "https://example.com/c"],
        "no advertisement, and not the address of a redirection"
    );
    let seen = vendor.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/html/")
    );
    let fields: Vec<(&str, &str)> = seen[1]
        .form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("q", "x y"),
            ("s", "10"),
            ("nextParams", ""),
            ("v", "l"),
            ("o", "json"),
            ("dc", "11"),
            ("api", "d.js"),
            ("vqd", "4-27547094037301250810679169593972079382"),
            ("kl", "wt-wt"),
        ]
    );
}

#[tokio::test]
async fn duckduckgos_puzzle_is_a_fault_and_it_is_left_alone() {
    let puzzle = r#"<html><body><form id="challenge-form" action="//duckduckgo.com/anomaly.js?cc=botnet" method="POST">
        <div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too.</div></form></body></html>"#;
    for status in [200, 202] {
        let vendor = Fake::always(Reply::text(status, "text/html", puzzle)).await;
        let (gateway, _folder) = provider("duckduckgo", &vendor.url).await;
        for message in [
            "duckduckgo takes us for a robot and shows a puzzle instead of results; SearXNG and Brave (`WEB_SEARCH_PROVIDER`) answer programs",
            "duckduckgo asked us to slow down",
        ] {
            let (_, body) = gateway.post("/api/search", only_web("x", 10)).await;
            assert_eq!(
                body["errors"]["web"],
                json!({"code": "vendor_rate_limited", "message": message})
            );
        }
        assert_eq!(vendor.seen().len(), 1, "and it is not asked again");
    }
}

#[tokio::test]
async fn no_results_are_told_from_a_page_that_is_none_of_results() {
    let vendor = Fake::always(page(&[], None)).await;
    assert_eq!(found("duckduckgo", &vendor, "x", 5).await, json!([]));
    assert_eq!(
        refused(
            "duckduckgo",
            Reply::text(200, "text/html", "<h1>Welcome</h1>")
        )
        .await,
        (
            "bad_answer".to_owned(),
            "duckduckgo answered with a page that is not its list of results".to_owned()
        )
    );
    assert_eq!(
        refused("duckduckgo", Reply::status(403)).await.1,
        "duckduckgo refuses what comes from this network address"
    );
}
