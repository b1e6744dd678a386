//! The way in: Gateway API, or a plain Ingress. Owns the names and rules; certificates are cert-manager's.
//!
//! Only `/api` leads inside, and not what is closed below it: in both APIs the longest prefix that matches decides, by whole
//! elements of a path. How a prefix is closed differs: a rule of an HTTPRoute without a backend answers 500 (Gateway API 1.6;
//! 404 before), an Ingress has no such rule and gets a Service behind which nothing listens.

use serde_json::{Value, json};

use super::{View, object, policy};
use crate::model::{Kind, PublicUrl, Service};

/// The issuer that cert-manager asks.
const ISSUER: &str = "letsencrypt";

/// The label by which an administrator tells in which namespaces the proxies run.
const EDGE: &str = "atlas.ai/edge";

/// Streams, which no time-out may cut: of the guide's gateway, and of the built-in one.
const STREAMS: [&str; 2] = ["/api/chat/stream", "/api/search/stream"];

/// What shows the insides, to whoever asks.
const CLOSED: [&str; 1] = ["/api/debug"];

/// The Service of closed paths, and the port of the gateway's pods at which nothing listens (`tcpmux`).
const NOWHERE: &str = "closed";
const NOBODY: u16 = 1;

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
    let paths = |paths: &[&str]| -> Value {
        let prefix = |path: &&str| json!({"path": {"type": "PathPrefix", "value": path}});
        paths.iter().map(prefix).collect()
    };
    let redirect = json!([{"filters": [{
        "type": "RequestRedirect",
        "requestRedirect": {"scheme": "https", "statusCode": 301},
    }]}]);
    let rules = json!([
        {"matches": paths(&CLOSED)},
        {"matches": paths(&STREAMS), "timeouts": {"request": "0s"}, "backendRefs": backend},
        {"matches": paths(&["/api"]), "timeouts": {"request": "60s"}, "backendRefs": backend},
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
    let path = |path: &str, service: &str| {
        json!({
            "path": path,
            "pathType": "Prefix",
            "backend": {"service": {"name": service, "port": {"name": "main"}}},
        })
    };
    let mut paths: Vec<Value> = CLOSED.iter().map(|closed| path(closed, NOWHERE)).collect();
    paths.push(path("/api", name));
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {
            "rules": [{
                "host": url.host,
                "http": {"paths": paths},
            }],
            "tls": [{"hosts": [url.host], "secretName": "atlas-tls"}],
        },
    });
    vec![nowhere(view, service), ingress, way_in(view, service)]
}

/// A way that ends. It has the gateway's own pods as its ends, since a controller may leave out a path whose Service has none,
/// and the next shorter prefix would then lead inside. Neither does a pod listen there, nor does a policy let anybody through.
fn nowhere(view: &View<'_>, service: &Service) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": NOWHERE,
            "namespace": view.namespace(),
            "labels": {
                "app.kubernetes.io/managed-by": "atlas",
                "app.kubernetes.io/part-of": "atlas",
            },
        },
        "spec": {
            "type": "ClusterIP",
            "selector": object::selector(service.name.as_str())["matchLabels"],
            "ports": [{"name": "main", "port": 80, "protocol": "TCP", "targetPort": NOBODY}],
        },
    })
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
