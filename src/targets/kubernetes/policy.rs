//! Who may speak to whom: nothing, then one way for each edge of the service graph, DNS, and the internet for those who ask
//! vendors. Whatever a cluster's network plug-in does not enforce stays open; that is for the cluster to mend.

use serde_json::{Value, json};

use super::{View, elsewhere, object, replica_set};
use crate::model::{Kind, Service};

/// Networks that are not the internet: private (RFC 1918, RFC 6598), link-local with the clouds' metadata service, loopback.
const PRIVATE: [&str; 6] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
];

/// The same in IPv6: unique local and link-local addresses.
const PRIVATE_6: [&str; 2] = ["fc00::/7", "fe80::/10"];

impl View<'_> {
    /// Names of policies, routes and Services that belong to no service.
    pub(super) const RESERVED: [&'static str; 5] =
        ["acme-solver", "atlas", "closed", "default-deny", "edge"];
}

/// All policies of the component.
pub(super) fn objects(view: &View<'_>) -> Vec<Value> {
    let everyone = json!({});
    let closed = json!({"podSelector": everyone, "policyTypes": ["Ingress", "Egress"]});
    let mut policies = vec![named(view, "default-deny", closed), solver(view)];
    policies.extend(view.services().map(|service| of_service(view, service)));
    policies
}

/// A policy that belongs to no service.
pub(super) fn named(view: &View<'_>, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": view.namespace(),
            "labels": {
                "app.kubernetes.io/managed-by": "atlas",
                "app.kubernetes.io/part-of": "atlas",
            },
        },
        "spec": spec,
    })
}

/// cert-manager answers HTTP-01 from a pod in this namespace (cert-manager#3968).
fn solver(view: &View<'_>) -> Value {
    let spec = json!({
        "podSelector": {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 8089, "protocol": "TCP"}]}],
    });
    named(view, "acme-solver", spec)
}

fn of_service(view: &View<'_>, service: &Service) -> Value {
    let name = service.name.as_str();
    let replicated = replica_set::is_mongodb(service);
    let known = view.clients.get(&service.name).into_iter().flatten();
    let mut clients: Vec<Value> = known.map(|other| peer(other.name.as_str())).collect();
    let mut egress = vec![dns()];
    for dependency in service.depends_on.keys() {
        if let Some(other) = view.deployment.services.get(dependency) {
            egress
                .push(json!({"to": [peer(other.name.as_str())], "ports": port(other.port.get())}));
        }
    }
    if replicated {
        clients.push(peer(name));
        egress.push(json!({"to": [peer(name)], "ports": port(service.port.get())}));
    }
    egress.extend(outside(view, service));
    let mut spec = json!({
        "podSelector": object::selector(name),
        "policyTypes": ["Ingress", "Egress"],
        "egress": egress,
    });
    // The API server drops an empty list: every comparison would find a difference.
    if !clients.is_empty() {
        spec["ingress"] = json!([{"from": clients, "ports": port(service.port.get())}]);
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": view.metadata(service, name),
        "spec": spec,
    })
}

/// Ways out of the cluster.
fn outside(view: &View<'_>, service: &Service) -> Vec<Value> {
    let mut ways = Vec::new();
    if asks_vendors(service) {
        ways.push(json!({
            "to": [
                {"ipBlock": {"cidr": "0.0.0.0/0", "except": PRIVATE}},
                {"ipBlock": {"cidr": "::/0", "except": PRIVATE_6}},
            ],
            "ports": port(443),
        }));
    }
    ways.extend(elsewhere::ways(view, service));
    ways
}

/// Whether a service calls others' APIs on the internet.
fn asks_vendors(service: &Service) -> bool {
    service.internet && service.kind != Kind::Store
}

fn dns() -> Value {
    json!({
        "to": [{
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    })
}

fn peer(name: &str) -> Value {
    json!({"podSelector": object::selector(name)})
}

/// A TCP port of a rule.
pub(super) fn port(number: u16) -> Value {
    json!([{"port": number, "protocol": "TCP"}])
}
