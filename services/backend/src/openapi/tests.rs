//! The documents against the routers: what one has, the other has.

use std::collections::BTreeSet;

use tempfile::TempDir;

use super::*;
use crate::environment::Variables;
use crate::roles::{app, configure, roles};
use crate::server::Shutdown;

/// The paths of the router of `role`. A router lists them nowhere but in its debug form.
fn routed(role: &str) -> BTreeSet<String> {
    let folder = TempDir::new().unwrap();
    let folder = [("ATLAS_DATA_DIR", folder.path().to_str().unwrap())];
    let variables: Variables = folder.into_iter().collect();
    crate::tls::install_provider();
    let (_trigger, shutdown) = Shutdown::pair();
    let router = app(role, configure(role, &variables).unwrap(), shutdown)
        .unwrap()
        .0;
    let shown = format!("{router:?}");
    let (_, paths) = shown.split_once("node: Node { paths: {").unwrap();
    let (paths, _) = paths.split_once("} }").unwrap();
    let quoted = paths.split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_path_of_every_router_is_documented_and_no_other() {
    for role in roles() {
        let document = document(role);
        let paths = document["paths"].as_object().unwrap();
        let documented: BTreeSet<String> = paths.keys().cloned().collect();
        let routed = routed(role);
        assert!(routed.len() > 4, "{role}: {routed:?}");
        assert_eq!(documented, routed, "{role}: documented, routed");
    }
}

#[test]
fn a_document_has_what_it_refers_to_and_nothing_else() {
    for role in roles() {
        let document = document(role);
        let mut referred = BTreeSet::new();
        references(&document, &mut referred);
        for pointer in &referred {
            let found = document.pointer(pointer);
            assert!(found.is_some_and(Value::is_object), "{role}: {pointer}");
        }
        for kind in ["schemas", "responses", "parameters", "headers"] {
            let components = document["components"][kind].as_object().unwrap();
            for name in components.keys() {
                let pointer = format!("/components/{kind}/{name}");
                assert!(referred.contains(&pointer), "{role}: {pointer} is idle");
            }
        }
    }
}

#[test]
fn a_service_shows_its_own_filters() {
    let filters = |role| {
        let document = document(role);
        let filters = document["components"]["schemas"]["Filters"]["properties"].clone();
        let filters = filters.as_object().unwrap().clone();
        filters.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        filters("jira"),
        ["issue_type", "label", "project", "status"]
    );
    assert_eq!(filters("productivity"), ["folder", "type"]);
    assert!(filters("figma").is_empty());
    assert_eq!(filters("gateway").len(), 14);
}

#[test]
fn every_code_of_a_fault_is_in_the_list_of_codes() {
    let document = document("gateway");
    let codes = &document["components"]["schemas"]["Problem"]["properties"]["error"]["properties"]
        ["code"]["enum"];
    for code in crate::source::Fault::codes() {
        assert!(codes.as_array().unwrap().contains(&json!(code)), "{code}");
    }
}

#[test]
fn the_page_shows_every_operation_with_a_line_to_try_it() {
    let document = document("gateway");
    let page = page::render(&document);
    assert!(page.len() < 100 * 1024, "{} bytes", page.len());
    for word in ["<script", "http://", "https://fonts", "src=", "style=\""] {
        assert!(!page.contains(word), "{word}");
    }
    let search = "<pre>curl -X POST -H &quot;X-API-Key: $ATLAS_API_KEY&quot; \\\n  \
         -H 'Content-Type: application/json' -d '{&quot;query&quot;:&quot;release plan&quot;,&quot;limit&quot;:5,";
    assert!(page.contains(search));
    assert!(page.contains("<pre>curl -H &quot;X-API-Key: $ATLAS_API_KEY&quot; &quot;$ATLAS/api/history/ann@example.com?limit=20&quot;</pre>"));
    assert!(page.contains("<code>query</code> <span class=\"soft\"><a href=\"#shape-Query\">Query</a>, required</span>"));
}
