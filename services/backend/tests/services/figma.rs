//! Figma. Shapes: <https://developers.figma.com/docs/rest-api/projects-endpoints/>.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply, Seen};
use crate::running::{Running, all, refused, unscored};

const ACCOUNT: [(&str, &str); 2] = [("FIGMA_TOKEN", "figd_s3cret"), ("FIGMA_TEAM_ID", "42")];

async fn start(vendor: &str) -> Running {
    Running::start(
        "figma",
        &[ACCOUNT[0], ACCOUNT[1], ("FIGMA_API_URL", vendor)],
    )
    .await
}

fn file(key: &str, name: &str, day: u8) -> Value {
    json!({"key": key, "name": name, "thumbnail_url": "https://a.example/t", "last_modified": format!("2026-01-{day:02}T00:00:00Z")})
}

fn answers(asked: &Seen) -> Reply {
    match asked.path.as_str() {
        "/v1/teams/42/projects" => Reply::json(json!({"name": "Design", "projects": [
            {"id": "7", "name": "Login"}, {"id": 8, "name": "Shop"}, {"id": "9", "name": "Broken"}
        ]})),
        "/v1/projects/7/files" => Reply::json(
            json!({"name": "Login", "files": [file("a", "Icons", 9), file("b", "Old screens", 1)]}),
        ),
        "/v1/projects/8/files" => Reply::json(
            json!({"name": "Shop", "files": [file("c", "Cart", 3), file("d", "LOGIN of the shop", 2)]}),
        ),
        _ => Reply::status(403),
    }
}

#[tokio::test]
async fn files_are_found_by_the_names_of_files_and_projects() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let service = start(&vendor.url).await;

    let (status, body) = service.search("login").await;

    assert_eq!(status, 200);
    let hit = |key: &str, title: &str, project: &str, day: u8| {
        json!({
            "id": key, "title": title, "content": format!("a file of the project {project}"),
            "url": format!("https://www.figma.com/file/{key}"), "source": "figma",
            "metadata": {"type": "file", "project": project, "updated": format!("2026-01-{day:02}T00:00:00Z")}
        })
    };
    let expected = json!([
        hit("d", "LOGIN of the shop", "Shop", 2),
        hit("a", "Icons", "Login", 9),
        hit("b", "Old screens", "Login", 1)
    ]);
    assert_eq!(
        unscored(body),
        expected,
        "its own name counts more than the project's, then the newest"
    );
    for asked in vendor.seen() {
        assert_eq!(asked.header("x-figma-token"), "figd_s3cret");
    }
}

#[tokio::test]
async fn a_complete_list_is_kept_and_one_that_lacks_a_project_is_not() {
    let whole = Fake::start(|asked, _| match asked.path.as_str() {
        "/v1/projects/9/files" => Reply::json(json!({"name": "Broken", "files": []})),
        _ => answers(asked),
    })
    .await;
    let service = start(&whole.url).await;
    for _ in 0..2 {
        let question = json!({"query": "shop", "limit": 1});
        let (_, body) = service.post("/search", question).await;
        assert_eq!(all(&body, "title"), ["LOGIN of the shop"]);
    }
    assert_eq!(
        whole.seen().len(),
        4,
        "the team and its three projects, once"
    );

    let partial = Fake::start(|asked, _| answers(asked)).await;
    let service = start(&partial.url).await;
    for _ in 0..2 {
        service.search("shop").await;
    }
    assert_eq!(partial.seen().len(), 8);
}

/// <https://developers.figma.com/docs/rest-api/errors/>, <https://developers.figma.com/docs/rest-api/rate-limits/>
#[tokio::test]
async fn refusals_are_told_in_words() {
    let says = |status: u16, words: &str| {
        Reply::text(
            status,
            "application/json",
            &json!({"status": status, "err": words}).to_string(),
        )
    };
    for (reply, code, message) in [
        (
            says(403, "Invalid token"),
            "vendor_unauthorized",
            "figma says that the token is wrong or was revoked; check `FIGMA_TOKEN`",
        ),
        (
            says(403, "Token expired"),
            "vendor_unauthorized",
            "figma says that the token expired; check `FIGMA_TOKEN`",
        ),
        (
            says(
                403,
                "Invalid scope(s): files:read. This endpoint requires the projects:read scope",
            ),
            "vendor_forbidden",
            "figma says that the token lacks a scope: Invalid scope(s): files:read. This endpoint requires the projects:read scope",
        ),
        (
            says(404, "Not found"),
            "vendor_not_found",
            "figma has no such team; check `FIGMA_TEAM_ID`",
        ),
        (
            says(429, "Rate limit exceeded").with("retry-after", "60"),
            "vendor_rate_limited",
            "figma asked us to slow down",
        ),
    ] {
        let said = refused("figma", &ACCOUNT, "FIGMA_API_URL", reply).await;
        assert_eq!(said, (code.to_owned(), message.to_owned()));
    }
}

#[tokio::test]
async fn health_tries_the_team_and_says_what_is_limited() {
    let vendor = Fake::start(|asked, _| answers(asked)).await;
    let service = start(&vendor.url).await;
    let limited = "files are found by their names: Figma offers no search";
    assert_eq!(service.get("/health").await.1["reason"], limited);
    let (_, body) = service.get("/health/detailed").await;
    assert_eq!(
        body["reason"],
        format!("reads 3 projects of the team `Design`; {limited}")
    );
}
