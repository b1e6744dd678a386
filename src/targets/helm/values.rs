//! `values.yaml`: what an operator may set, with what the objects have by default. A default is taken out of an object when
//! its place is marked, so that neither can be without the other.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::template::Actions;
use crate::targets::kubernetes::yaml;

/// Remarks on the keys of the first level, in the order in which they are written.
pub(super) const SECTIONS: [(&str, &str); 17] = [
    (
        "image",
        "The image of all services of atlas; a digest goes before a tag.",
    ),
    (
        "imageRegistry",
        "A mirror that all images are pulled from instead of their own registry.",
    ),
    (
        "imagePullSecrets",
        "Secrets with credentials of registries: [{name: registry}].",
    ),
    (
        "host",
        "The name by which clients reach the gateway; without it no route leads there.",
    ),
    (
        "route",
        "How they reach it, type: gateway-api, ingress or none. cert-manager's ClusterIssuer `issuer` signs the certificate, which is\n\
         kept in `tlsSecret`; without an issuer you make that Secret. `annotations` go to the Gateway or Ingress.",
    ),
    (
        "networkPolicies",
        "Nobody but who has to may speak to anybody. Label the namespace of your proxies atlas.ai/edge=true.",
    ),
    (
        "monitoring",
        "A ServiceMonitor, and the way for Prometheus, which runs in `namespace`.",
    ),
    (
        "secrets",
        "Who makes the Secrets, source: external (the External Secrets operator, from the entry `entry` of `store`), existing (you: one\n\
         for each service, named like it, or services.<name>.existingSecret; sealed ones are such), or values (this chart, of\n\
         secrets.values: {key: value}).",
    ),
    (
        "storageClass",
        "Of all volumes; empty is the cluster's default, services.<name>.volumes.<volume>.storageClass goes before it.",
    ),
    (
        "namespace",
        "Whether the chart makes its namespace, for `helm template`; `helm install --create-namespace` makes one without its labels.",
    ),
    (
        "priorityClassName",
        "Of all pods; services.<name>.priorityClassName goes before it.",
    ),
    (
        "nodeSelector",
        "Of all pods; services.<name>.nodeSelector goes before it.",
    ),
    (
        "tolerations",
        "Of all pods; services.<name>.tolerations goes before it.",
    ),
    (
        "podAnnotations",
        "Of all pods; services.<name>.podAnnotations goes before it.",
    ),
    ("podLabels", "Further labels of all pods."),
    ("global", "Of the chart that this one may be part of."),
    (
        "services",
        "One entry for each service; a store that is not `enabled` is elsewhere, and the Secrets hold its address. `replicas` counts\n\
         when `autoscaling` does not. `env` holds variables that are no secrets, null takes one away; `extraEnv` is a list as in a pod.",
    ),
];

/// The keys of a service, in the order in which they are written.
const SERVICE: [&str; 7] = [
    "enabled",
    "image",
    "replicas",
    "autoscaling",
    "resources",
    "volumes",
    "env",
];

/// The defaults, as far as they are known.
#[derive(Default)]
pub(super) struct Values {
    all: Map<String, Value>,
}

impl Values {
    /// Sets a default.
    pub(super) fn set(&mut self, path: &[&str], value: Value) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let mut map = &mut self.all;
        for parent in parents {
            let entry = map.entry(*parent).or_insert_with(|| json!({}));
            match entry.as_object_mut() {
                Some(inner) => map = inner,
                None => return,
            }
        }
        map.insert((*last).to_owned(), value);
    }

    /// Takes a scalar out of an object as the default of a value, which stands in its place from now on. `pipeline` says how
    /// the template gets it.
    pub(super) fn take(
        &mut self,
        object: &mut Value,
        pointer: &str,
        path: &[&str],
        actions: &mut Actions,
        pipeline: &str,
    ) {
        if let Some(place) = object.pointer_mut(pointer) {
            let default = std::mem::replace(place, actions.scalar(pipeline));
            self.set(path, default);
        }
    }

    /// Whether anything of a section is known.
    pub(super) fn has(&self, section: &str) -> bool {
        self.all.contains_key(section)
    }

    pub(super) fn as_map(&self) -> &Map<String, Value> {
        &self.all
    }

    /// Sorts the keys of services, so that what a reader needs first comes first.
    pub(super) fn arrange(&mut self) {
        let services = self.all.get_mut("services").and_then(Value::as_object_mut);
        for service in services.into_iter().flat_map(Map::values_mut) {
            let Some(given) = service.as_object_mut() else {
                continue;
            };
            let mut rest = std::mem::take(given);
            for key in SERVICE {
                given.extend(rest.remove_entry(key));
            }
        }
    }

    /// The file, without its first line.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (name, remark) in SECTIONS {
            let Some(value) = self.all.get(name) else {
                continue;
            };
            text.push('\n');
            for line in remark.lines() {
                text += &format!("# {line}\n");
            }
            text += &yaml(&BTreeMap::from([(name, value)]));
        }
        text
    }
}
