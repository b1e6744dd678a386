//! Secrets: one Secret for each service with what that service reads, nothing more; pods mount it as files. Owns how it
//! comes into being: by the External Secrets operator, or written out with its values.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Secrets, View};
use crate::model::{EnvValue, Secret, Service};

/// Where secrets are mounted; the model's `X_FILE` variables point there.
pub(super) const FOLDER: &str = "/run/secrets";

/// The name of the store that ExternalSecrets read from.
const STORE: &str = "atlas";

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
