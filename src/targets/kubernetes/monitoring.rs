//! Prometheus: what it scrapes (the operator's ServiceMonitor), and the way by which it may.

use serde_json::{Value, json};

use super::{View, policy};
use crate::model::{Kind, Probe, Service};

/// The namespace where Prometheus runs by convention.
const NAMESPACE: &str = "monitoring";

/// One ServiceMonitor and one policy for all services that have `/metrics`.
pub(super) fn objects(view: &View<'_>) -> Vec<Value> {
    let names: Vec<&str> = view
        .services()
        .filter(|service| has_metrics(service))
        .map(|service| service.name.as_str())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let picked = json!({
        "matchLabels": {"app.kubernetes.io/part-of": "atlas"},
        "matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "In", "values": names}],
    });
    let monitor = json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {
            "name": "atlas",
            "namespace": view.namespace(),
            "labels": {
                "app.kubernetes.io/managed-by": "atlas",
                "app.kubernetes.io/part-of": "atlas",
            },
        },
        "spec": {
            "selector": picked,
            "endpoints": [{"port": "main", "path": "/metrics", "interval": "30s"}],
        },
    });
    let way = json!({
        "podSelector": picked,
        "policyTypes": ["Ingress"],
        "ingress": [{
            "from": [{
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
            }],
            // By its name, which is another number for each service.
            "ports": [{"port": "main", "protocol": "TCP"}],
        }],
    });
    vec![monitor, policy::named(view, "atlas", way)]
}

/// Services of ours answer it; stores do not.
fn has_metrics(service: &Service) -> bool {
    service.kind != Kind::Store && matches!(service.probe, Probe::Http { .. })
}
