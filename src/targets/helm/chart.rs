//! The files of a chart that are no template of an object: what it is, its values, what it says after it is installed.

use serde_json::{Map, Value, json};

use super::schema;
use super::values::Values;
use crate::targets::kubernetes::yaml;
use crate::targets::seal::Remark;

/// The file with the values of secrets, where it was asked for. It never becomes part of a packed chart.
pub const SECRETS: &str = "values-secrets.yaml";

/// What all templates share.
const HELPERS: &str = include_str!("helpers.tpl");

/// What Helm prints after it is done.
const NOTES: &str = include_str!("notes.txt");

/// Path, form of the first line, and the rest.
pub(super) fn files(values: &Values) -> Vec<(String, Remark, String)> {
    let mut schema = serde_json::to_string_pretty(&schema::schema(values))
        .expect("a tree with string keys is JSON");
    // Its first line brings the brace.
    schema.drain(.."{\n".len());
    schema.push('\n');
    [
        (
            ".helmignore",
            Remark::Hash,
            format!("{SECRETS}\n.git/\n*.tgz\n"),
        ),
        ("Chart.yaml", Remark::Hash, yaml(&description())),
        ("templates/NOTES.txt", Remark::Template, NOTES.to_owned()),
        (
            "templates/_helpers.tpl",
            Remark::Template,
            HELPERS.to_owned(),
        ),
        ("values-dev.yaml", Remark::Hash, yaml(&dev(values))),
        ("values.schema.json", Remark::Schema, schema),
        ("values.yaml", Remark::Hash, values.text()),
    ]
    .into_iter()
    .map(|(path, remark, text)| (path.to_owned(), remark, text))
    .collect()
}

fn description() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "apiVersion": "v2",
        "name": "atlas",
        "description": "One search over everything a company writes",
        "type": "application",
        "version": version,
        "appVersion": version,
        "kubeVersion": ">=1.30.0-0",
    })
}

/// The values of the overlay `dev`: one pod each for one node, nothing installed but a network plug-in.
fn dev(values: &Values) -> Value {
    let mut dev = json!({});
    if values.has("host") {
        dev["host"] = "".into();
    }
    if values.has("monitoring") {
        dev["monitoring"] = json!({"enabled": false});
    }
    let mut services = Map::new();
    let empty = Map::new();
    let known = values.as_map().get("services").and_then(Value::as_object);
    for (name, given) in known.unwrap_or(&empty) {
        let mut service = json!({});
        if given.get("autoscaling").is_some() {
            service["autoscaling"] = json!({"minReplicas": 1});
        } else if given["replicas"] != 1 {
            service["replicas"] = 1.into();
        }
        if given["env"].get("ATLAS_ENV").is_some() {
            service["env"] = json!({"ATLAS_ENV": "development"});
        }
        if service != json!({}) {
            services.insert(name.clone(), service);
        }
    }
    if !services.is_empty() {
        dev["services"] = services.into();
    }
    dev
}
