//! What services are told that is no secret: one ConfigMap each, and the variables that name secret files.

use serde_json::{Map, Value, json};

use super::View;
use crate::model::{EnvValue, Service};

/// One ConfigMap for each service that is told anything.
pub(super) fn config_maps(view: &View<'_>) -> Vec<Value> {
    let is_told = |service: &&Service| !data(service).is_empty();
    let services = view.services().filter(is_told);
    services.map(|service| config_map(view, service)).collect()
}

/// What a service is told.
pub(super) fn config_map(view: &View<'_>, service: &Service) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": view.metadata(service, service.name.as_str()),
        "data": data(service),
    })
}

/// The plain variables of a service.
pub(super) fn data(service: &Service) -> Map<String, Value> {
    let mut data = Map::new();
    for (name, value) in &service.environment {
        if let EnvValue::Plain(text) = value {
            data.insert(name.clone(), text.clone().into());
        }
    }
    data
}
