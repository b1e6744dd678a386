//! Which path leads where: both APIs let the longest prefix decide, by whole elements.

use serde_json::Value;

use super::{Options, deployment, file};

/// Prefixes with the Service behind each, if any.
type Table = Vec<(String, Option<String>)>;

fn objects(options: &Options, path: &str) -> Vec<Value> {
    let mut deployment = deployment();
    deployment.public_url = "https://api.example.com".parse().ok();
    serde_saphyr::from_multiple(&file(&deployment, options, path)).expect("YAML")
}

fn gateway_api() -> Table {
    let objects = objects(&Options::default(), "k/components/gateway-api/objects.yaml");
    let route =
        |object: &&Value| object["kind"] == "HTTPRoute" && object["metadata"]["name"] == "gateway";
    let route = objects.iter().find(route).expect("a route");
    let mut table = Table::new();
    for rule in route["spec"]["rules"].as_array().expect("rules") {
        let service = rule["backendRefs"][0]["name"].as_str().map(str::to_owned);
        for matched in rule["matches"].as_array().expect("matches") {
            assert_eq!(matched["path"]["type"], "PathPrefix");
            let prefix = matched["path"]["value"].as_str().expect("a path");
            table.push((prefix.to_owned(), service.clone()));
        }
    }
    table
}

fn ingress() -> (Table, Vec<Value>) {
    let options = Options {
        ingress: true,
        ..Options::default()
    };
    let objects = objects(&options, "k/components/ingress/objects.yaml");
    let found = objects.iter().find(|object| object["kind"] == "Ingress");
    let paths = &found.expect("an Ingress")["spec"]["rules"][0]["http"]["paths"];
    let mut table = Table::new();
    for path in paths.as_array().expect("paths") {
        assert_eq!(path["pathType"], "Prefix");
        let service = path["backend"]["service"]["name"].as_str();
        let prefix = path["path"].as_str().expect("a path");
        table.push((prefix.to_owned(), service.map(str::to_owned)));
    }
    (table, objects)
}

/// As the specifications of both say; `None` is no match at all.
fn leads<'t>(table: &'t Table, path: &str) -> Option<Option<&'t str>> {
    let matches = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found = table.iter().filter(|(prefix, _)| matches(prefix));
    let longest = found.max_by_key(|(prefix, _)| prefix.len())?;
    Some(longest.1.as_deref())
}

#[test]
fn the_insides_are_closed_and_everything_else_of_the_api_is_open() {
    let (ingress, _) = ingress();
    for (table, nowhere) in [(gateway_api(), None), (ingress, Some("closed"))] {
        for path in [
            "/api",
            "/api/",
            "/api/search",
            "/api/search/stream",
            "/api/debugger",
        ] {
            assert_eq!(leads(&table, path), Some(Some("gateway")), "{path}");
        }
        for path in ["/api/debug", "/api/debug/", "/api/debug/settings/default"] {
            assert_eq!(leads(&table, path), Some(nowhere), "{path}");
        }
        for path in ["/", "/metrics", "/health", "/apis"] {
            assert_eq!(leads(&table, path), None, "{path}");
        }
    }
}

#[test]
fn no_time_out_cuts_a_stream() {
    let text = objects(&Options::default(), "k/components/gateway-api/objects.yaml");
    let route = text
        .iter()
        .find(|object| object["metadata"]["name"] == "gateway");
    let rules = route.expect("a route")["spec"]["rules"].clone();
    assert_eq!(
        rules,
        serde_json::json!([
            {"matches": [{"path": {"type": "PathPrefix", "value": "/api/debug"}}]},
            {
                "matches": [
                    {"path": {"type": "PathPrefix", "value": "/api/chat/stream"}},
                    {"path": {"type": "PathPrefix", "value": "/api/search/stream"}},
                ],
                "timeouts": {"request": "0s"},
                "backendRefs": [{"name": "gateway", "port": 8001}],
            },
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/api"}}],
                "timeouts": {"request": "60s"},
                "backendRefs": [{"name": "gateway", "port": 8001}],
            },
        ])
    );
}

#[test]
fn the_way_that_ends_has_ends_at_which_nothing_listens() {
    let (_, objects) = ingress();
    let closed = objects.iter().find(|object| object["kind"] == "Service");
    let spec = &closed.expect("a Service")["spec"];
    assert_eq!(spec["selector"]["app.kubernetes.io/name"], "gateway");
    assert_eq!(spec["ports"][0]["targetPort"], 1);
    let policy = objects
        .iter()
        .find(|object| object["kind"] == "NetworkPolicy");
    let ports = &policy.expect("a policy")["spec"]["ingress"][0]["ports"];
    assert_eq!(
        ports,
        &serde_json::json!([{"port": 8001, "protocol": "TCP"}])
    );
}
