//! `values.schema.json` (JSON Schema draft-07): every key that a values file may have, so that Helm refuses a mistyped one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::values::{SECTIONS, Values};

/// The schema, without its first key.
pub(super) fn schema(values: &Values) -> Value {
    let mut definitions = definitions();
    let mut properties = Map::new();
    for (name, remark) in SECTIONS {
        let default = values.as_map().get(name);
        let mut schema = match (name, default) {
            ("services", Some(given)) => services(given, &mut definitions),
            ("global", _) => json!({"type": "object"}),
            (_, Some(given)) => section(name, given),
            (_, None) => continue,
        };
        schema["description"] = remark.replace('\n', " ").into();
        properties.insert(name.to_owned(), schema);
    }
    let required: Vec<&String> = values.as_map().keys().collect();
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart atlas",
        "type": "object",
        "additionalProperties": false,
        "required": required,
    });
    // Moved in: `json!` would copy them.
    schema["properties"] = properties.into();
    schema["definitions"] = definitions;
    schema
}

/// The schema of a section that is no list of services.
fn section(name: &str, given: &Value) -> Value {
    match name {
        "image" => reference("image"),
        "imagePullSecrets" => json!({"type": "array", "items": closed(
            given_keys(&["name"]), json!({"name": {"type": "string", "minLength": 1}})
        )}),
        "host" => json!({
            "type": "string",
            "maxLength": 253,
            "pattern": "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
        }),
        "nodeSelector" | "podAnnotations" | "podLabels" => reference("words"),
        "tolerations" => reference("tolerations"),
        _ => by_example(name, given),
    }
}

/// What a default says of its own type: its keys are all there are.
fn by_example(name: &str, given: &Value) -> Value {
    match (name, given) {
        ("type", _) => json!({"enum": ["gateway-api", "ingress", "none"]}),
        ("source", _) => json!({"enum": ["external", "existing", "values"]}),
        ("annotations", _) => reference("words"),
        // What a Secret holds is never empty.
        ("values", _) => {
            json!({"type": "object", "additionalProperties": {"type": "string", "minLength": 1}})
        }
        ("refreshInterval" | "interval", _) => {
            json!({"type": "string", "pattern": "^([0-9]+(ms|s|m|h))+$"})
        }
        (_, Value::Object(map)) => {
            let keys = map.keys().map(String::as_str).collect::<Vec<_>>();
            let properties = map
                .iter()
                .map(|(key, value)| (key.clone(), by_example(key, value)));
            closed(given_keys(&keys), Value::Object(properties.collect()))
        }
        (_, Value::Bool(_)) => json!({"type": "boolean"}),
        _ => json!({"type": "string"}),
    }
}

/// Services of the same form share a definition.
fn services(given: &Value, definitions: &mut Value) -> Value {
    let mut properties = Map::new();
    let mut forms: BTreeMap<String, String> = BTreeMap::new();
    let empty = Map::new();
    let services = given.as_object().unwrap_or(&empty);
    for (name, defaults) in services {
        let form = service(defaults);
        let number = forms.len() + 1;
        let key = forms.entry(form.to_string()).or_insert_with(|| {
            let key = format!("service-{number}");
            definitions[&key] = form;
            key
        });
        properties.insert(name.clone(), reference(key));
    }
    let keys: Vec<&str> = services.keys().map(String::as_str).collect();
    closed(given_keys(&keys), properties.into())
}

fn service(defaults: &Value) -> Value {
    let mut properties = Map::new();
    let mut put = |key: &str, schema: Value| properties.insert(key.to_owned(), schema);
    let empty = Map::new();
    let given = defaults.as_object().unwrap_or(&empty);
    for (key, default) in given {
        let schema = match key.as_str() {
            "enabled" => json!({"type": "boolean"}),
            "env" => reference("words"),
            "replicas" if !given.contains_key("autoscaling") => {
                // More of them would not be one service.
                json!({"type": "integer", "minimum": 0, "maximum": default})
            }
            "replicas" => json!({"type": "integer", "minimum": 0}),
            "volumes" => {
                let names = default.as_object().unwrap_or(&empty).keys();
                let keys: Vec<&str> = names.map(String::as_str).collect();
                let properties = keys
                    .iter()
                    .map(|key| ((*key).to_owned(), reference("volume")));
                let properties: Map<String, Value> = properties.collect();
                closed(given_keys(&keys), properties.into())
            }
            other => reference(other),
        };
        put(key, schema);
    }
    put("existingSecret", json!({"type": "string"}));
    put(
        "extraEnv",
        json!({"type": "array", "items": {"type": "object", "required": ["name"]}}),
    );
    put("nodeSelector", reference("words"));
    put("podAnnotations", reference("words"));
    put("priorityClassName", json!({"type": "string"}));
    put("tolerations", reference("tolerations"));
    let keys: Vec<&str> = given.keys().map(String::as_str).collect();
    closed(given_keys(&keys), properties.into())
}

fn definitions() -> Value {
    let text = || json!({"type": "string"});
    let count = || json!({"type": "integer", "minimum": 1});
    let quantities =
        || json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/quantity"}});
    json!({
        "autoscaling": closed(
            given_keys(&["enabled", "maxReplicas", "minReplicas", "targetCPUUtilizationPercentage"]),
            json!({
                "enabled": {"type": "boolean"},
                "maxReplicas": count(),
                "minReplicas": count(),
                "targetCPUUtilizationPercentage": count(),
            }),
        ),
        "image": closed(given_keys(&["pullPolicy", "repository"]), json!({
            "digest": {"type": "string", "pattern": "^$|^[^:@ ]+:[0-9A-Fa-f]+$"},
            "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
            "registry": text(),
            "repository": {"type": "string", "minLength": 1},
            "tag": {"type": "string", "pattern": "^[A-Za-z0-9_.-]*$"},
        })),
        "quantity": {"type": ["string", "integer"], "pattern": "^[0-9]+(\\.[0-9]+)?(m|k|[KMGTPE]i?)?$"},
        "resources": closed(Vec::new(), json!({"limits": quantities(), "requests": quantities()})),
        "tolerations": {"type": "array", "items": closed(Vec::new(), json!({
            "effect": {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
            "key": text(),
            "operator": {"enum": ["Equal", "Exists"]},
            "tolerationSeconds": {"type": "integer"},
            "value": text(),
        }))},
        "volume": closed(given_keys(&["size"]), json!({
            "size": {"$ref": "#/definitions/quantity"},
            "storageClass": text(),
        })),
        "words": {"type": "object", "additionalProperties": text()},
    })
}

fn reference(definition: &str) -> Value {
    json!({"$ref": format!("#/definitions/{definition}")})
}

fn given_keys(keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| Value::from(*key)).collect()
}

/// An object that has no other keys.
fn closed(required: Vec<Value>, properties: Value) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": false});
    schema["required"] = required.into();
    schema["properties"] = properties;
    schema
}
