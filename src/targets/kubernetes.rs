//! The Kubernetes target: a Kustomize base, components and overlays, ready for `kubectl apply -k`. Owns how a service
//! becomes objects and which file holds them; whatever a service is stands in the model, so that a new one needs no code.
//!
//! Kubernetes 1.30 or newer is assumed: `preStop.sleep` is on by default from there.

mod availability;
mod configuration;
mod elsewhere;
mod fault;
mod kustomization;
mod monitoring;
mod object;
mod parts;
mod pod;
mod policy;
mod probe;
mod replica_set;
mod route;
mod secret;
mod service;
mod text;
mod workload;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Artifact, Contents};
use crate::model::{Deployment, ImageRef, Kind, PublicUrl, Secret, Service, ServiceName};

pub use crate::model::SecretSource as Secrets;
pub use fault::Fault;
pub(in crate::targets) use parts::{Object, parts};
pub use secret::{Slot, sealed_in, slots};
pub(in crate::targets) use text::yaml;

/// The folder that the files are written to unless another one is named.
pub const FOLDER: &str = "kubernetes";

/// What is rendered below the folder.
pub const PLACES: &[&str] = &["base", "components", "overlays/dev", "overlays/production"];

/// What the deployment itself leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The built-in image under the name that the cluster pulls it by.
    pub builtin: Option<ImageRef>,
    /// Who makes the Secrets.
    pub secrets: Secrets,
    /// Where those are sealed: their values.
    pub sealed: BTreeMap<Slot, String>,
    /// Whether a plain Ingress leads to the gateway, instead of the Gateway API.
    pub ingress: bool,
}

/// A deployment with the options it is rendered by.
struct View<'a> {
    deployment: &'a Deployment,
    options: &'a Options,
    /// By which address the gateway is reached from outside.
    url: Option<&'a PublicUrl>,
    /// Who depends on a service.
    clients: BTreeMap<&'a ServiceName, Vec<&'a Service>>,
}

/// A file. It is text at once: the objects of hundreds of services would take more memory than all else.
struct File {
    /// Below the folder.
    path: String,
    text: String,
    /// Whether it holds values that are never shown.
    secret: bool,
}

impl File {
    fn new(path: impl Into<String>, objects: &[Value]) -> Self {
        let path = path.into();
        Self {
            text: text::text(&path, objects),
            path,
            secret: false,
        }
    }
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
    let faults = fault::faults(deployment);
    if !faults.is_empty() {
        return Err(faults);
    }
    let view = View::new(deployment, options);
    let mut artifacts: Vec<Artifact> = view
        .files()
        .into_iter()
        .map(|file| {
            let (contents, mode) = match file.secret {
                true => (Contents::Secret(Secret::new(file.text)), 0o600),
                false => (Contents::Text(file.text), 0o644),
            };
            let path = folder.join(&file.path);
            Artifact {
                path,
                contents,
                mode,
                group: None,
            }
        })
        .collect();
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(artifacts)
}

/// The namespace that production runs in.
pub fn namespace(deployment: &Deployment) -> String {
    object::namespace_name(&deployment.project)
}

/// The object that keeps the gateway's pods running, as `kubectl rollout status` takes it.
pub fn gateway(deployment: &Deployment) -> Option<String> {
    let mut services = deployment.services.values();
    let gateway = services.find(|service| service.kind == Kind::Gateway)?;
    Some(format!("{}/{}", workload::kind(gateway), gateway.name))
}

impl<'a> View<'a> {
    fn new(deployment: &'a Deployment, options: &'a Options) -> Self {
        let mut clients: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for service in deployment.services.values() {
            for dependency in service.depends_on.keys() {
                clients.entry(dependency).or_default().push(service);
            }
        }
        Self {
            deployment,
            options,
            url: deployment.public_url.as_ref(),
            clients,
        }
    }

    fn files(&self) -> Vec<File> {
        let mut base = vec![File::new("base/namespace.yaml", &[object::namespace(self)])];
        let maps = configuration::config_maps(self);
        if !maps.is_empty() {
            base.push(File::new("base/configmap.yaml", &maps));
        }
        for service in self.services() {
            base.push(File::new(
                path(service, workload::kind(service)),
                &[workload::workload(self, service)],
            ));
            let mut objects = service::objects(self, service);
            objects.extend(availability::objects(self, service));
            base.push(File::new(path(service, "service"), &objects));
        }
        kustomization::arrange(self, base)
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        self.deployment.services.values()
    }
}

/// The guide's places: `gateway/deployment.yaml`, `integrations/slack-deployment.yaml`.
fn path(service: &Service, what: &str) -> String {
    match service.kind {
        Kind::Integration => format!("base/integrations/{}-{what}.yaml", service.name),
        Kind::Gateway | Kind::Orchestrator | Kind::Store | Kind::Edge => {
            format!("base/{}/{what}.yaml", service.name)
        }
    }
}
