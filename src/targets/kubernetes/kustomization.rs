//! How the files hang together: the base, components, and the overlays `dev` and `production`.

use serde_json::{Value, json};

use super::{File, Secrets, View, configuration, monitoring, policy, replica_set, route, secret};

/// The objects of a component.
type Make = fn(&View<'_>) -> Vec<Value>;

/// Components by name; one without objects is left out.
pub(super) const COMPONENTS: [(&str, Make); 8] = [
    ("external-secrets", secret::external),
    ("gateway-api", route::gateway_api),
    ("ingress", route::ingress),
    ("monitoring", monitoring::objects),
    ("network-policies", policy::objects),
    ("sealed-secrets", secret::sealed),
    ("sealed-secrets-dev", secret::sealed_dev),
    ("secrets", secret::values),
];

/// Puts every file in its place and lists it where it belongs.
pub(super) fn arrange(view: &View<'_>, mut base: Vec<File>) -> Vec<File> {
    for service in view.services() {
        if replica_set::is_mongodb(service) {
            let path = format!("base/{}/scripts.yaml", service.name);
            base.push(File::new(path, &[replica_set::config_map(view, service)]));
        }
    }
    let mut resources: Vec<&str> = base
        .iter()
        .filter_map(|file| file.path.strip_prefix("base/"))
        .collect();
    resources.sort_unstable();
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    });
    let kustomization = File::new("base/kustomization.yaml", &[kustomization]);
    base.push(kustomization);
    let mut present = Vec::new();
    for (name, make) in COMPONENTS {
        let objects = make(view);
        if !objects.is_empty() {
            present.push(name);
            base.extend(component(name, &objects));
        }
    }
    base.push(dev(view, &present));
    base.push(production(view, &present));
    base
}

fn component(name: &str, objects: &[Value]) -> [File; 2] {
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "resources": ["objects.yaml"],
    });
    let mut file = File::new(format!("components/{name}/objects.yaml"), objects);
    file.secret = name == "secrets";
    let path = format!("components/{name}/kustomization.yaml");
    [File::new(path, &[kustomization]), file]
}

/// A cluster of one node, nothing installed but a network plug-in.
fn dev(view: &View<'_>, present: &[&str]) -> File {
    let replace =
        |path: &str, value: u32| format!("- op: replace\n  path: {path}\n  value: {value}\n");
    let mut patches = Vec::new();
    let services = || view.services();
    if services().any(super::availability::is_scaled) {
        patches.push(json!({
            "target": {"kind": "HorizontalPodAutoscaler"},
            "patch": replace("/spec/minReplicas", 1),
        }));
    }
    for service in services().filter(|service| replica_set::is_mongodb(service)) {
        patches.push(json!({
            "target": {"kind": "StatefulSet", "name": service.name.as_str()},
            "patch": replace("/spec/replicas", 1),
        }));
    }
    for service in services().filter(|s| configuration::data(s).contains_key("ATLAS_ENV")) {
        patches.push(json!({
            "target": {"kind": "ConfigMap", "name": service.name.as_str()},
            "patch": "- op: replace\n  path: /data/ATLAS_ENV\n  value: development\n",
        }));
    }
    let secrets = secrets(view, "sealed-secrets-dev");
    let components = chosen(present, &["network-policies", secrets]);
    overlay("dev", &dev_namespace(view), &components, patches)
}

/// The namespace of the overlay `dev`.
pub(super) fn dev_namespace(view: &View<'_>) -> String {
    format!("{}-dev", view.namespace())
}

fn production(view: &View<'_>, present: &[&str]) -> File {
    let route = if view.options.ingress {
        "ingress"
    } else {
        "gateway-api"
    };
    let secrets = secrets(view, "sealed-secrets");
    let components = chosen(present, &["monitoring", "network-policies", route, secrets]);
    overlay("production", &view.namespace(), &components, Vec::new())
}

/// The component that makes the Secrets; a sealed one is of one namespace.
fn secrets<'s>(view: &View<'_>, sealed: &'s str) -> &'s str {
    match view.options.secrets {
        Secrets::External => "external-secrets",
        Secrets::Sealed => sealed,
        Secrets::Values => "secrets",
        Secrets::Existing => "",
    }
}

/// Those of the wanted components that there are.
fn chosen<'c>(present: &[&'c str], wanted: &[&str]) -> Vec<&'c str> {
    let is_wanted = |name: &&&str| wanted.contains(*name);
    present.iter().filter(is_wanted).copied().collect()
}

fn overlay(name: &str, namespace: &str, components: &[&str], patches: Vec<Value>) -> File {
    let components: Vec<String> = components
        .iter()
        .map(|component| format!("../../components/{component}"))
        .collect();
    let mut kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": ["../../base"],
    });
    if !components.is_empty() {
        kustomization["components"] = components.into();
    }
    if !patches.is_empty() {
        kustomization["patches"] = patches.into();
    }
    File::new(
        format!("overlays/{name}/kustomization.yaml"),
        &[kustomization],
    )
}
