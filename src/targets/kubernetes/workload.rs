//! Deployments for services without data of their own, StatefulSets for the others.

use serde_json::{Value, json};

use super::{View, availability, object, pod, replica_set, secret};
use crate::model::{Image, Mount, Service};

/// The size of a volume; the model has none. An overlay can ask for more.
const VOLUME_SIZE: &str = "10Gi";

/// Whether a service keeps data in a volume.
pub(super) fn is_stateful(service: &Service) -> bool {
    service
        .mounts
        .iter()
        .any(|mount| matches!(mount, Mount::Volume { .. }))
}

/// The name of the file that holds it.
pub(super) fn kind(service: &Service) -> &'static str {
    match is_stateful(service) {
        true => "statefulset",
        false => "deployment",
    }
}

/// The object that keeps the pods of a service running.
pub(super) fn workload(view: &View<'_>, service: &Service) -> Value {
    let mut metadata = view.metadata(service, service.name.as_str());
    let skips = skips(view, service);
    if !skips.is_empty() {
        let numbered = skips.iter().zip(1..);
        metadata["annotations"] = numbered
            .map(|(skip, number)| (format!("checkov.io/skip{number}"), Value::from(*skip)))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    let (kind, spec) = match is_stateful(service) {
        true => ("StatefulSet", stateful(view, service)),
        false => ("Deployment", stateless(view, service)),
    };
    // Moved in: `json!` would copy it.
    let mut workload = json!({"apiVersion": "apps/v1", "kind": kind});
    workload["metadata"] = metadata;
    workload["spec"] = spec;
    workload
}

/// Findings of checkov that cannot be mended here, with the reason.
fn skips(view: &View<'_>, service: &Service) -> Vec<&'static str> {
    let mut skips = Vec::new();
    if secret::variables(service).next().is_some() {
        skips.push("CKV_K8S_35=this image reads its environment only");
    }
    if matches!(service.image, Image::Builtin(_)) && view.options.builtin.is_none() {
        skips.push("CKV_K8S_43=its tag is the digest of its content");
        skips.push("CKV_K8S_15=it is loaded into the nodes, from no registry");
    }
    skips
}

fn stateless(view: &View<'_>, service: &Service) -> Value {
    let scaled = availability::is_scaled(service);
    let mut spec = json!({
        "selector": object::selector(service.name.as_str()),
        "minReadySeconds": 5,
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 5,
        "strategy": match service.scalable {
            true => json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}),
            false => json!({"type": "Recreate"}),
        },
    });
    spec["template"] = pod::template(view, service);
    if !scaled {
        spec["replicas"] = service.replicas.into();
    }
    spec
}

fn stateful(view: &View<'_>, service: &Service) -> Value {
    let mongodb = replica_set::is_mongodb(service);
    let claims: Vec<Value> = volumes(service)
        .map(|(volume, _)| {
            json!({
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": object::dashed(volume)},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": VOLUME_SIZE}},
                },
            })
        })
        .collect();
    let mut spec = json!({
        "serviceName": match mongodb {
            true => replica_set::members_service(service),
            false => service.name.to_string(),
        },
        "replicas": if mongodb { replica_set::MEMBERS } else { service.replicas },
        "selector": object::selector(service.name.as_str()),
        "minReadySeconds": 5,
        "revisionHistoryLimit": 5,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate"},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    });
    spec["template"] = pod::template(view, service);
    spec["volumeClaimTemplates"] = claims.into();
    spec
}

/// Volume keys and where they are mounted.
pub(super) fn volumes(service: &Service) -> impl Iterator<Item = (&str, &str)> {
    service.mounts.iter().filter_map(|mount| match mount {
        Mount::Volume { volume, target } => Some((volume.as_str(), target.as_str())),
        Mount::Bind { .. } => None,
    })
}
