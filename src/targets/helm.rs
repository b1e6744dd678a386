//! The Helm target: a chart whose templates are the very objects of the Kubernetes target, with actions where an operator has
//! something to decide. Owns which decisions there are; what an object is like belongs to `kubernetes`.
//!
//! With the values that are written it renders what the overlay `production` is, but for the Namespace: Helm keeps its own
//! records in there, so it must exist before.

mod chart;
mod network;
mod schema;
mod service;
mod template;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::kubernetes::{self, Fault, Options, Secrets};
use super::seal::{Remark, sealed};
use super::{Artifact, Contents};
use crate::model::{Deployment, Kind, Secret, Service, ServiceName};
pub use chart::SECRETS;
use values::Values;

/// The folder that the files are written to unless another one is named.
pub const FOLDER: &str = "helm";

/// What is rendered below the folder.
pub const PLACES: &[&str] = &[
    ".helmignore",
    "Chart.yaml",
    "templates",
    SECRETS,
    "values-dev.yaml",
    "values.schema.json",
    "values.yaml",
];

/// Which services an operator may leave out.
struct Outline<'a> {
    deployment: &'a Deployment,
    optional: BTreeSet<&'a ServiceName>,
}

/// The files below `folder`, sorted by path.
///
/// # Errors
/// Everything that Kubernetes would refuse or that could not work there.
pub fn artifacts(
    deployment: &Deployment,
    options: &Options,
    folder: &Path,
) -> Result<Vec<Artifact>, Vec<Fault>> {
    let outline = Outline::new(deployment);
    let mut values = Values::default();
    let mut secret = Map::new();
    let mut files: Vec<(String, String)> = Vec::new();
    kubernetes::parts(deployment, options, |owner, objects| match owner {
        Some(service) => {
            if options.secrets == Secrets::Values {
                secret.extend(secret_values(&objects));
            }
            let text = service::template(&outline, service, objects, &mut values);
            files.push((format!("templates/services/{}.yaml", service.name), text));
        }
        None => {
            let shared = network::shared(&outline, objects, &mut values);
            let named = |(name, text)| (format!("templates/{name}.yaml"), text);
            files.extend(shared.into_iter().map(named));
        }
    })?;
    complete(&mut values, deployment, options);
    let mut artifacts: Vec<Artifact> = { files.into_iter() }
        .map(|(path, text)| (path, Remark::Template, text))
        .chain(chart::files(&values))
        .map(|(path, remark, text)| {
            let text = sealed(remark, ADVICE, &text);
            artifact(folder, &path, Contents::Text(text))
        })
        .collect();
    if !secret.is_empty() {
        let text = kubernetes::yaml(&json!({"secrets": {"source": "values", "values": secret}}));
        let text = Secret::new(sealed(Remark::Hash, ADVICE, &text));
        artifacts.push(artifact(folder, SECRETS, Contents::Secret(text)));
    }
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(artifacts)
}

/// What the first line of each file says.
const ADVICE: &str = "edits belong in a values file of your own";

fn artifact(folder: &Path, path: &str, contents: Contents) -> Artifact {
    let mode = match contents {
        Contents::Secret(_) => 0o600,
        Contents::Text(_) => 0o644,
    };
    Artifact {
        path: folder.join(path),
        contents,
        mode,
        group: None,
    }
}

/// The keys of a service's Secret, with what the templates leave out.
fn secret_values(objects: &[kubernetes::Object]) -> Map<String, Value> {
    let secrets = objects
        .iter()
        .filter(|object| object.component == "secrets");
    let data = secrets.filter_map(|object| object.value["stringData"].as_object());
    data.flat_map(|data| data.clone()).collect()
}

/// Defaults that no object has, or that the deployment leaves open.
fn complete(values: &mut Values, deployment: &Deployment, options: &Options) {
    values.set(&["networkPolicies", "enabled"], true.into());
    for (name, default) in [
        ("imageRegistry", json!("")),
        ("imagePullSecrets", json!([])),
        ("priorityClassName", json!("")),
        ("nodeSelector", json!({})),
        ("tolerations", json!([])),
        ("podAnnotations", json!({})),
        ("podLabels", json!({})),
    ] {
        values.set(&[name], default);
    }
    if values.has("route") {
        let kind = if options.ingress {
            "ingress"
        } else {
            "gateway-api"
        };
        values.set(&["route", "type"], kind.into());
        let host = deployment.public_url.as_ref().map(|url| url.host.as_str());
        values.set(&["host"], host.unwrap_or_default().into());
    }
    if values.has("secrets") {
        let source = match options.secrets {
            Secrets::External => "external",
            // Sealed ones are of one namespace; a chart is of any.
            Secrets::Existing | Secrets::Sealed => "existing",
            Secrets::Values => "values",
        };
        values.set(&["secrets", "source"], source.into());
        values.set(&["secrets", "values"], json!({}));
    }
    values.arrange();
}

impl<'a> Outline<'a> {
    fn new(deployment: &'a Deployment) -> Self {
        let services = || deployment.services.values();
        let may_go = |kind: Kind| matches!(kind, Kind::Integration | Kind::Store);
        // Gateway and orchestrator go on without a source, and find a store elsewhere.
        let needed: BTreeSet<&ServiceName> = services()
            .filter(|service| may_go(service.kind))
            .flat_map(|service| service.depends_on.keys())
            .filter(|name| {
                let other = deployment.services.get(*name);
                other.is_some_and(|other| other.kind != Kind::Store)
            })
            .collect();
        let optional = services()
            .filter(|service| may_go(service.kind) && !needed.contains(&service.name))
            .map(|service| &service.name)
            .collect();
        Self {
            deployment,
            optional,
        }
    }

    fn service(&self, name: &str) -> Option<&'a Service> {
        let name: ServiceName = name.parse().ok()?;
        self.deployment.services.get(&name)
    }

    fn is_optional(&self, name: &str) -> bool {
        self.service(name)
            .is_some_and(|service| self.optional.contains(&service.name))
    }

    /// The values of a service, in a template.
    fn values_of(&self, name: &str) -> String {
        match name.contains('-') {
            true => format!("(index $.Values.services \"{name}\")"),
            false => format!("$.Values.services.{name}"),
        }
    }

    /// Whether a service is there, in a template.
    fn is_there(&self, name: &str) -> String {
        format!("{}.enabled", self.values_of(name))
    }
}
