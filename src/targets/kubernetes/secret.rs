//! Secrets: one Secret for each service with what that service reads, nothing more; pods mount it as files. Owns how it
//! comes into being: by the External Secrets operator, by the Sealed Secrets controller, or written out with its values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Secrets, View, kustomization};
use crate::model::{Deployment, EnvValue, Secret, Service};

/// Where secrets are mounted; the model's `X_FILE` variables point there.
pub(super) const FOLDER: &str = "/run/secrets";

/// The name of the store that ExternalSecrets read from.
const STORE: &str = "atlas";

/// Where a sealed value belongs, and where alone it can be opened: each overlay has a namespace of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The namespace of the Secret.
    pub namespace: String,
    /// The name of the Secret.
    pub secret: String,
    /// The key in it.
    pub key: String,
}

impl Slot {
    /// `namespace/name`, which the controller asks for in its strict scope.
    pub fn label(&self) -> String {
        format!("{}/{}", self.namespace, self.secret)
    }
}

/// All values that a deployment's Secrets hold, once for each overlay.
pub fn slots(deployment: &Deployment) -> BTreeMap<Slot, Secret> {
    let options = super::Options::default();
    let view = View::new(deployment, &options);
    let mut slots = BTreeMap::new();
    for namespace in [view.namespace(), kustomization::dev_namespace(&view)] {
        for service in view.services() {
            for (key, value) in keys(&view, service) {
                let slot = Slot {
                    namespace: namespace.clone(),
                    secret: service.name.to_string(),
                    key: key.to_owned(),
                };
                slots.extend(value.map(|value| (slot, value.clone())));
            }
        }
    }
    slots
}

/// The sealed values that stand in a file which was rendered before.
pub fn sealed_in(text: &str) -> BTreeMap<Slot, String> {
    let mut sealed = BTreeMap::new();
    let objects: Vec<Value> = serde_saphyr::from_multiple(text).unwrap_or_default();
    for object in objects
        .iter()
        .filter(|object| object["kind"] == "SealedSecret")
    {
        let name = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let places = name("/metadata/namespace").zip(name("/metadata/name"));
        let values = object
            .pointer("/spec/encryptedData")
            .and_then(Value::as_object);
        for (key, value) in values.into_iter().flatten() {
            if let (Some((namespace, secret)), Some(value)) = (places, value.as_str()) {
                let slot = Slot {
                    namespace: namespace.to_owned(),
                    secret: secret.to_owned(),
                    key: key.clone(),
                };
                sealed.insert(slot, value.to_owned());
            }
        }
    }
    sealed
}

/// The keys of a service's Secret with their values: its files, and the variables of images that read no files.
fn keys<'a>(view: &View<'a>, service: &'a Service) -> BTreeMap<&'a str, Option<&'a Secret>> {
    let files = service.secrets.iter().map(|mount| {
        let name = mount.name.as_str();
        (name, view.deployment.secrets.get(name))
    });
    files.chain(variables(service)).collect()
}

/// Secret variables; what is not set is left out.
pub(super) fn variables(service: &Service) -> impl Iterator<Item = (&str, Option<&Secret>)> {
    service
        .environment
        .iter()
        .filter_map(|(name, value)| match value {
            EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. }
                if !value.is_empty() =>
            {
                Some((name.as_str(), Some(value)))
            }
            _ => None,
        })
}

/// The volume of a service's secret files.
pub(super) fn volume(service: &Service) -> Option<Value> {
    let items: Vec<Value> = service
        .secrets
        .iter()
        .map(|mount| json!({"key": mount.name, "path": mount.name}))
        .collect();
    (!items.is_empty()).then(|| {
        json!({
            "name": "secrets",
            "secret": {
                "secretName": service.name.as_str(),
                "defaultMode": 0o440,
                "items": items,
            },
        })
    })
}

/// Variables for an image that does not read files.
pub(super) fn environment(service: &Service) -> Vec<Value> {
    variables(service)
        .map(|(name, _)| {
            json!({
                "name": name,
                "valueFrom": {"secretKeyRef": {"name": service.name.as_str(), "key": name}},
            })
        })
        .collect()
}

/// An ExternalSecret for each service. All values are properties of one entry of the store, named like the namespace.
pub(super) fn external(view: &View<'_>) -> Vec<Value> {
    if view.options.secrets != Secrets::External {
        return Vec::new();
    }
    let entry = view.namespace();
    let secret = |service: &Service, data: Vec<Value>| {
        json!({
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": view.metadata(service, service.name.as_str()),
            "spec": {
                "refreshInterval": "1h",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
                "target": {"name": service.name.as_str(), "creationPolicy": "Owner"},
                "data": data,
            },
        })
    };
    let services = view.services().filter_map(|service| {
        let data: Vec<Value> = keys(view, service)
            .into_keys()
            .map(|key| json!({"secretKey": key, "remoteRef": {"key": entry, "property": key}}))
            .collect();
        (!data.is_empty()).then(|| secret(service, data))
    });
    services.collect()
}

/// A SealedSecret for each service, in the namespace of production.
pub(super) fn sealed(view: &View<'_>) -> Vec<Value> {
    sealed_for(view, &view.namespace())
}

/// The same for the overlay `dev`: what is sealed for one namespace opens in no other.
pub(super) fn sealed_dev(view: &View<'_>) -> Vec<Value> {
    sealed_for(view, &kustomization::dev_namespace(view))
}

fn sealed_for(view: &View<'_>, namespace: &str) -> Vec<Value> {
    let sealed = |service: &Service| {
        let name = service.name.as_str();
        let own = |slot: &&Slot| slot.namespace == namespace && slot.secret == name;
        let slots = view.options.sealed.iter();
        let data: Map<String, Value> = slots
            .filter(|(slot, _)| own(slot))
            .map(|(slot, value)| (slot.key.clone(), value.clone().into()))
            .collect();
        let mut metadata = view.metadata(service, name);
        metadata["namespace"] = namespace.into();
        (!data.is_empty()).then(|| {
            json!({
                "apiVersion": "bitnami.com/v1alpha1",
                "kind": "SealedSecret",
                "metadata": metadata,
                "spec": {
                    "encryptedData": data,
                    "template": {"metadata": {"labels": view.labels(service)}, "type": "Opaque"},
                },
            })
        })
    };
    match view.options.secrets {
        Secrets::Sealed => view.services().filter_map(sealed).collect(),
        _ => Vec::new(),
    }
}

/// Secrets with their values, only where they were asked for.
pub(super) fn values(view: &View<'_>) -> Vec<Value> {
    if view.options.secrets != Secrets::Values {
        return Vec::new();
    }
    let mut secrets = Vec::new();
    for service in view.services() {
        let data: Map<String, Value> = keys(view, service)
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?.expose().into())))
            .collect();
        if !data.is_empty() {
            secrets.push(json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": view.metadata(service, service.name.as_str()),
                "type": "Opaque",
                "stringData": data,
            }));
        }
    }
    secrets
}
