//! DevTools. Shapes: <https://api.stackexchange.com/docs/excerpt-search>,
//! <https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md#get-v1search>, <https://docs.pypi.org/api/json/>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Seen};
use crate::running::{Running, all, code, unscored};

const ADDRESSES: [&str; 3] = ["STACKOVERFLOW_API_URL", "NPM_API_URL", "PYPI_API_URL"];
const LIMITED: &str = "PyPI offers no search: a package is found by its exact name";

async fn start(vendor: &str, more: &[(&str, &str)]) -> Running {
    let mut variables = more.to_vec();
    variables.extend(ADDRESSES.map(|address| (address, vendor)));
    Running::start("devtools", &variables).await
}

fn wrapped(items: Value) -> Value {
    json!({"items": items, "has_more": false, "quota_max": 10_000, "quota_remaining": 9_998})
}

pub(crate) fn answers(asked: &Seen) -> Reply {
    Reply::json(match asked.path.as_str() {
        "/2.3/search/excerpts" => wrapped(json!([
            {
                "title": "Why &quot;flask run&quot; fails", "excerpt": "the <span class=\"highlight\">flask</span> app &hellip;", "tags": ["python", "flask"],
                "item_type": "question", "question_id": 11, "score": 3, "is_answered": true, "creation_date": 1_700_000_000, "last_activity_date": 1_700_000_000
            },
            {"title": "Why", "excerpt": "because", "item_type": "answer", "question_id": 11, "answer_id": 12, "score": 9, "tags": []}
        ])),
        "/-/v1/search" => json!({"total": 1, "time": "x", "objects": [{
            "package": {
                "name": "@acme/flask", "version": "1.2.3", "description": "**Flask** for node", "date": "2026-01-01T00:00:00.000Z",
                "publisher": {"username": "ann", "email": "a@b.c"}, "links": {"npm": "https://www.npmjs.com/package/@acme/flask"}
            },
            "score": {"final": 0.5, "detail": {}}, "searchScore": 100.0
        }]}),
        "/pypi/flask/json" => json!({
            "info": {"name": "Flask", "version": "3.1.0", "summary": "A framework", "author": "", "author_email": "Pallets <c@p.example>"},
            "releases": {}, "urls": [{"filename": "f.whl", "upload_time_iso_8601": "2026-01-03T00:00:00.000000Z"}]
        }),
        "/2.3/info" => wrapped(json!([{"total_questions": 1}])),
        "/-/ping" | "/pypi/sampleproject/json" => json!({}),
        _ => return Reply::text(404, "application/json", r#"{"message": "Not Found"}"#),
    })
}

#[tokio::test]
async fn packages_and_questions_are_found_side_by_side() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;

    let (status, body) = start(&vendor.url, &[("STACKOVERFLOW_KEY", "k3y")])
        .await
        .search("flask")
        .await;

    assert_eq!(status, 200);
    assert_eq!(
        unscored(body),
        json!([
            {
                "id": "pypi:Flask", "title": "Flask (PyPI)", "content": "A framework", "url": "https://pypi.org/project/Flask/", "source": "devtools",
                "metadata": {"site": "pypi", "type": "package", "version": "3.1.0", "author": "Pallets <c@p.example>", "updated": "2026-01-03T00:00:00.000000Z"}
            },
            {
                "id": "11", "title": "Why \"flask run\" fails", "content": "the flask app …", "url": "https://stackoverflow.com/q/11", "source": "devtools",
                "metadata": {"site": "stackoverflow", "type": "question", "tags": "python, flask", "updated": "2023-11-14T22:13:20Z"}
            },
            {
                "id": "npm:@acme/flask", "title": "@acme/flask (npm)", "content": "Flask for node", "url": "https://www.npmjs.com/package/@acme/flask", "source": "devtools",
                "metadata": {"site": "npm", "type": "package", "version": "1.2.3", "author": "ann", "updated": "2026-01-01T00:00:00.000Z"}
            },
            {
                "id": "12", "title": "Why", "content": "because", "url": "https://stackoverflow.com/a/12", "source": "devtools",
                "metadata": {"site": "stackoverflow", "type": "answer"}
            }
        ])
    );
    let seen = vendor.seen();
    let asked = |path: &str| seen.iter().find(|asked| asked.path == path).unwrap();
    let excerpts = asked("/2.3/search/excerpts");
    assert_eq!(
        (excerpts.query("site"), excerpts.query("key")),
        (Some("stackoverflow"), Some("k3y"))
    );
    assert_eq!(asked("/-/v1/search").query("text"), Some("flask"));
}

#[tokio::test]
async fn a_dead_site_costs_only_its_own_results() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/-/v1/search" | "/-/ping" => Reply::text(200, "text/html", "<h1>hello</h1>"),
        _ => answers(asked),
    })
    .await;
    let service = start(&vendor.url, &[]).await;
    // PyPI has no package of this name, which is no fault.
    let (status, body) = service.search("flask run").await;
    assert_eq!((status, all(&body, "id")), (200, vec!["11", "12"]));

    let (_, health) = service.get("/health/detailed").await;
    assert_eq!(health["status"], "degraded");
    assert_eq!(
        health["reason"],
        format!(
            "npm answered with a web page that is not the JSON it documents; is its URL right?; \
             stackoverflow answers, 9998 requests are left today; pypi answers; {LIMITED}"
        )
    );

    let only = json!({"query": "flask", "filters": {"site": "npm"}});
    let (status, body) = service.post("/search", only).await;
    assert_eq!(
        (status, code(&body)),
        (502, "bad_answer"),
        "nothing else was asked"
    );
}

#[tokio::test]
async fn it_works_without_any_variable_and_says_what_is_limited() {
    let service = Running::start("devtools", &[]).await;
    let (_, health) = service.get("/health").await;
    assert_eq!(
        (&health["configured"], &health["reason"]),
        (&json!(true), &json!(LIMITED))
    );
}

/// <https://api.stackexchange.com/docs/throttle>, <https://api.stackexchange.com/docs/error-handling>
#[tokio::test]
async fn stack_overflows_own_refusals_are_understood() {
    let says = |name: &str, words: &str| {
        let body = json!({"error_id": 502, "error_name": name, "error_message": words});
        Reply::text(400, "application/json", &body.to_string())
    };
    for (reply, code_said, message, wait) in [
        (
            says(
                "throttle_violation",
                "too many requests from this IP, more requests available in 82 seconds",
            ),
            "vendor_rate_limited",
            "stackoverflow asked us to slow down",
            Some("82"),
        ),
        (
            says("bad_parameter", "`key` doesn't match a known application"),
            "vendor_unauthorized",
            "stackoverflow does not know the key; check `STACKOVERFLOW_KEY`",
            None,
        ),
        (
            says("bad_parameter", "q"),
            "query_rejected",
            "stackoverflow refused the query: q",
            None,
        ),
    ] {
        let vendor = Fake::always(reply).await;
        let service = start(&vendor.url, &[("STACKOVERFLOW_KEY", "k3y")]).await;
        let only = json!({"query": "x", "filters": {"site": "stackoverflow"}});
        let response = service
            .request(reqwest::Method::POST, "/search")
            .json(&only)
            .send()
            .await
            .unwrap();
        assert_eq!(crate::running::header(&response, "retry-after"), wait);
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            (code(&body), &body["error"]["message"]),
            (code_said, &json!(message))
        );
        assert!(!body.to_string().contains("k3y"));
    }
}

#[tokio::test]
async fn a_pause_in_a_good_answer_is_kept() {
    let vendor = Fake::start(|asked, _| match asked.path.as_str() {
        "/2.3/search/excerpts" => {
            Reply::json(json!({"items": [], "backoff": 30, "quota_remaining": 1}))
        }
        _ => answers(asked),
    })
    .await;
    let service = start(&vendor.url, &[]).await;
    for _ in 0..2 {
        let (_, body) = service.search("flask").await;
        assert_eq!(all(&body, "id"), ["pypi:Flask", "npm:@acme/flask"]);
    }
    let asked = vendor
        .seen()
        .into_iter()
        .filter(|asked| asked.path == "/2.3/search/excerpts");
    assert_eq!(asked.count(), 1);
}
