//! What keeps a service there: a disruption budget, an autoscaler, spread over nodes and zones.

use serde_json::{Value, json};

use super::{View, object, workload};
use crate::model::Service;

/// Replicas below which an autoscaler does not go, so that a lost node stops nothing.
const FEWEST: u32 = 2;

/// PodDisruptionBudget, and HorizontalPodAutoscaler where more than one pod makes sense.
pub(super) fn objects(view: &View<'_>, service: &Service) -> Vec<Value> {
    let name = service.name.as_str();
    let mut objects = vec![json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": view.metadata(service, name),
        "spec": {
            "maxUnavailable": 1,
            "selector": object::selector(name),
            // A pod that never became ready must not hold up a drain.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    })];
    if is_scaled(service) {
        let fewest = service.replicas.max(FEWEST);
        objects.push(json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": view.metadata(service, name),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": fewest,
                "maxReplicas": fewest * 3,
                "metrics": [{
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }],
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
            },
        }));
    }
    objects
}

/// Whether an autoscaler decides how many pods there are; nobody else may then.
pub(super) fn is_scaled(service: &Service) -> bool {
    service.scalable && !workload::is_stateful(service)
}

/// Never two members of a replica set on one node; otherwise rather not.
pub(super) fn affinity(service: &Service, strict: bool) -> Value {
    let term = json!({
        "labelSelector": object::selector(service.name.as_str()),
        "topologyKey": "kubernetes.io/hostname",
    });
    match strict {
        true => json!({"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [term],
        }}),
        false => json!({"podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}],
        }}),
    }
}

/// Evenly over zones and nodes as far as there are any.
pub(super) fn spread(service: &Service) -> Value {
    let over = |key: &str| {
        json!({
            "labelSelector": object::selector(service.name.as_str()),
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
        })
    };
    json!([
        over("topology.kubernetes.io/zone"),
        over("kubernetes.io/hostname")
    ])
}
