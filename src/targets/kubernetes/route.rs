//! The way in: Gateway API, or a plain Ingress. Owns the names and rules; certificates are cert-manager's.

use serde_json::{Value, json};

use super::{View, object, policy};
use crate::model::{Kind, PublicUrl, Service};

/// The issuer that cert-manager asks.
const ISSUER: &str = "letsencrypt";

/// The label by which an administrator tells in which namespaces the proxies run.
const EDGE: &str = "atlas.ai/edge";

/// Streams, which no time-out may cut.
const STREAM: &str = "/api/chat/stream";

/// Gateway, redirect to https, and the routes to the gateway service; none without a public address.
pub(super) fn gateway_api(view: &View<'_>) -> Vec<Value> {
    let Some((service, url)) = entry(view) else {
        return Vec::new();
    };
    let host = url.host.as_str();
    let route = |name: &str, section: &str, rules: Value| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": view.metadata(service, name),
            "spec": {
                "hostnames": [host],
                "parentRefs": [{"name": "atlas", "sectionName": section}],
                "rules": rules,
            },
        })
    };
    let name = service.name.as_str();
    let backend = json!([{"name": name, "port": service.port.get()}]);
    let path = |path: &str| json!([{"path": {"type": "PathPrefix", "value": path}}]);
    let redirect = json!([{"filters": [{
        "type": "RequestRedirect",
        "requestRedirect": {"scheme": "https", "statusCode": 301},
    }]}]);
    let rules = json!([
        {"matches": path(STREAM), "timeouts": {"request": "0s"}, "backendRefs": backend},
        {"matches": path("/api"), "timeouts": {"request": "60s"}, "backendRefs": backend},
    ]);
    let mut metadata = view.metadata(service, "atlas");
    metadata["annotations"] = json!({"cert-manager.io/cluster-issuer": ISSUER});
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {
            "gatewayClassName": "atlas",
            "listeners": [
                {
                    "name": "http",
                    "hostname": host,
                    "port": 80,
                    "protocol": "HTTP",
                    "allowedRoutes": {"namespaces": {"from": "Same"}},
                },
                {
                    "name": "https",
                    "hostname": host,
                    "port": 443,
                    "protocol": "HTTPS",
                    "allowedRoutes": {"namespaces": {"from": "Same"}},
                    "tls": {"mode": "Terminate", "certificateRefs": [{"name": "atlas-tls"}]},
                },
            ],
        },
    });
    vec![
        gateway,
        route("atlas-redirect", "http", redirect),
        route(name, "https", rules),
        way_in(view, service),
    ]
}

/// An Ingress without a controller's own annotations; none without a public address.
pub(super) fn ingress(view: &View<'_>) -> Vec<Value> {
    let Some((service, url)) = entry(view) else {
        return Vec::new();
    };
    let name = service.name.as_str();
    let mut metadata = view.metadata(service, name);
    metadata["annotations"] = json!({"cert-manager.io/cluster-issuer": ISSUER});
    let backend = json!({"service": {"name": name, "port": {"name": "main"}}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {
            "rules": [{
                "host": url.host,
                "http": {"paths": [{"path": "/api", "pathType": "Prefix", "backend": backend}]},
            }],
            "tls": [{"hosts": [url.host], "secretName": "atlas-tls"}],
        },
    });
    vec![ingress, way_in(view, service)]
}

/// What is reached from outside, and by which address.
fn entry<'a>(view: &View<'a>) -> Option<(&'a Service, &'a PublicUrl)> {
    let mut services = view.deployment.services.values();
    let service = services.find(|service| service.kind == Kind::Gateway)?;
    Some((service, view.url?))
}

/// Proxies run in a namespace whose name depends on the controller; its administrator labels it.
fn way_in(view: &View<'_>, service: &Service) -> Value {
    let spec = json!({
        "podSelector": object::selector(service.name.as_str()),
        "policyTypes": ["Ingress"],
        "ingress": [{
            "from": [{"namespaceSelector": {"matchLabels": {EDGE: "true"}}}],
            "ports": policy::port(service.port.get()),
        }],
    });
    policy::named(view, "edge", spec)
}
