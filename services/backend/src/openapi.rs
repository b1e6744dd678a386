//! What each role's API is: an OpenAPI 3.1 document, and the same as a page to read. The documents are kept by hand beside this
//! file, because what matters in them (codes, limits, who reads a filter) is in no type; tests hold them to the routers and to
//! real answers. <https://spec.openapis.org/oas/v3.1.1.html>
//!
//! Both are served without a key: they hold nothing that the source of Atlas does not, and are made once.

mod page;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};

const GATEWAY: &str = include_str!("openapi/gateway.json");
const ORCHESTRATOR: &str = include_str!("openapi/orchestrator.json");
const SERVICE: &str = include_str!("openapi/service.json");
/// What the documents have in common; each takes what it refers to.
const SHARED: &str = include_str!("openapi/shared.json");

/// `openapi.json` and `docs` of `role`, under `/api` for the gateway.
pub fn routes<S: Clone + Send + Sync + 'static>(role: &str) -> Router<S> {
    let prefix = if role == "gateway" { "/api" } else { "" };
    let json = once(role, |document| document.to_string());
    let html = once(role, |document| page::render(&document));
    let policy = page::policy();
    Router::new()
        .route(
            &format!("{prefix}/openapi.json"),
            get(async move || answer(json(), "application/json", "default-src 'none'")),
        )
        .route(
            &format!("{prefix}/docs"),
            get(async move || answer(html(), "text/html; charset=utf-8", &policy)),
        )
}

/// Makes something of the document when it is asked for first: most services are never asked.
fn once(role: &str, make: fn(Value) -> String) -> impl Fn() -> Bytes + Clone + Send + 'static {
    let (role, made) = (role.to_owned(), Arc::new(OnceLock::new()));
    move || {
        let made = made.get_or_init(|| Bytes::from(make(document(&role))));
        made.clone()
    }
}

fn answer(body: Bytes, kind: &str, policy: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ];
    (headers, body).into_response()
}

/// The document of `role`; one that is neither the gateway nor the orchestrator is a service.
pub fn document(role: &str) -> Value {
    let own = match role {
        "gateway" => GATEWAY,
        "orchestrator" => ORCHESTRATOR,
        _ => SERVICE,
    };
    let mut document = parse(own);
    fill(&mut document, &parse(SHARED));
    document["info"]["version"] = crate::VERSION.into();
    if own == SERVICE {
        document["info"]["title"] = format!("Atlas AI {role}").into();
        keep_filters_of(&mut document, role);
    }
    document
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("the documents are JSON, which a test of each holds them to")
}

/// Takes from `shared` what the document refers to and does not have.
fn fill(document: &mut Value, shared: &Value) {
    if let Some(schemes) = shared.pointer("/components/securitySchemes")
        && document.to_string().contains("\"bearer\":[]")
    {
        document["components"]["securitySchemes"] = schemes.clone();
    }
    loop {
        let mut wanted = BTreeSet::new();
        references(document, &mut wanted);
        wanted.retain(|pointer| document.pointer(pointer).is_none());
        if wanted.is_empty() {
            return;
        }
        for pointer in wanted {
            let mut steps = pointer.split('/').skip(2);
            let (Some(kind), Some(name)) = (steps.next(), steps.next()) else {
                continue;
            };
            // An unknown name becomes `null`: found by the test that holds the document to the specification.
            let found = shared.pointer(&pointer).cloned().unwrap_or_default();
            document["components"][kind][name] = found;
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let target = map.get("$ref").and_then(Value::as_str);
            found.extend(target.and_then(|t| Some(t.strip_prefix('#')?.to_owned())));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// A service reads its own filters only.
fn keep_filters_of(document: &mut Value, role: &str) {
    let filters = document.pointer_mut("/components/schemas/Filters/properties");
    if let Some(filters) = filters.and_then(Value::as_object_mut) {
        filters.retain(|_, filter| {
            let sources = filter["x-sources"].as_array();
            sources.is_some_and(|sources| sources.contains(&json!(role)))
        });
    }
}

#[cfg(test)]
mod tests;
