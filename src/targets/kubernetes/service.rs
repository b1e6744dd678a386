//! How a service is found: its Service, and the ServiceAccount it runs as, which has no token.

use serde_json::{Value, json};

use super::{View, object, replica_set};
use crate::model::Service;

/// ServiceAccount and Service; a replica set also has a headless one, by which its members find each other.
pub(super) fn objects(view: &View<'_>, service: &Service) -> Vec<Value> {
    let name = service.name.as_str();
    let mut objects = vec![
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": view.metadata(service, name),
            "automountServiceAccountToken": false,
        }),
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": view.metadata(service, name),
            "spec": {
                "type": "ClusterIP",
                "selector": object::selector(name)["matchLabels"],
                "ports": ports(service),
            },
        }),
    ];
    if replica_set::is_mongodb(service) {
        objects.push(json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": view.metadata(service, &replica_set::members_service(service)),
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": true,
                "selector": object::selector(name)["matchLabels"],
                "ports": ports(service),
            },
        }));
    }
    objects
}

fn ports(service: &Service) -> Value {
    json!([{"name": "main", "port": service.port.get(), "protocol": "TCP", "targetPort": "main"}])
}
