//! What all objects have: names, labels, the namespace.

use serde_json::{Value, json};

use super::View;
use crate::model::{Kind, ProjectName, Service};

/// The namespace of a project: a DNS label, so `_` becomes `-` (RFC 1123).
pub(super) fn namespace_name(project: &ProjectName) -> String {
    let name = project.as_str().replace('_', "-");
    name.trim_end_matches('-').to_owned()
}

/// The namespace; its labels have the API server enforce the Pod Security Standard `restricted`.
pub(super) fn namespace(view: &View<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": view.namespace(),
            "labels": {
                "app.kubernetes.io/managed-by": "atlas",
                "app.kubernetes.io/part-of": "atlas",
                "pod-security.kubernetes.io/audit": "restricted",
                "pod-security.kubernetes.io/audit-version": "latest",
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/enforce-version": "latest",
                "pod-security.kubernetes.io/warn": "restricted",
                "pod-security.kubernetes.io/warn-version": "latest",
            },
        },
    })
}

/// A key of the model as the name of an object or a volume.
pub(super) fn dashed(key: &str) -> String {
    key.to_lowercase().replace(['_', '.'], "-")
}

impl View<'_> {
    pub(super) fn namespace(&self) -> String {
        namespace_name(&self.deployment.project)
    }

    /// Metadata of an object of a service.
    pub(super) fn metadata(&self, service: &Service, name: &str) -> Value {
        json!({
            "name": name,
            "namespace": self.namespace(),
            "labels": self.labels(service),
        })
    }

    /// The recommended labels (kubernetes.io/docs/concepts/overview/working-with-objects/common-labels).
    pub(super) fn labels(&self, service: &Service) -> Value {
        let component = match service.kind {
            Kind::Gateway => "gateway",
            Kind::Orchestrator => "orchestrator",
            Kind::Integration => "integration",
            Kind::Store => "store",
            Kind::Edge => "edge",
        };
        json!({
            "app.kubernetes.io/name": service.name.as_str(),
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": "atlas",
            "app.kubernetes.io/part-of": "atlas",
        })
    }
}

/// What picks the pods of a service; it must never change.
pub(super) fn selector(service: &str) -> Value {
    json!({ "matchLabels": {
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/part-of": "atlas",
    }})
}
