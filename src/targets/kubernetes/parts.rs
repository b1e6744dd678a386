//! The same objects before they are text, for another packaging of them: by service, with the component that each is of.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::{
    Fault, Options, Secrets, View, availability, configuration, fault, kustomization, object,
    replica_set, service, workload,
};
use crate::model::{Deployment, PublicUrl, Service};

/// Stands for the address that the deployment leaves open.
static OPEN: LazyLock<PublicUrl> =
    LazyLock::new(|| "https://host.invalid".parse().expect("an address"));

/// Components of which each service has objects of its own.
const OWNED: [&str; 3] = ["external-secrets", "network-policies", "secrets"];

/// An object with the component that it is of; the base's is empty.
pub(in crate::targets) struct Object {
    pub(in crate::targets) component: &'static str,
    pub(in crate::targets) value: Value,
}

/// Hands over the objects of nobody, then those of each service, with every choice that the folder's components leave:
/// all ways by which Secrets are made, both routes, routes even without an address. A service has its ConfigMap even when it
/// is told nothing.
pub(in crate::targets) fn parts(
    deployment: &Deployment,
    options: &Options,
    mut put: impl FnMut(Option<&Service>, Vec<Object>),
) -> Result<(), Vec<Fault>> {
    let faults = fault::faults(deployment);
    if !faults.is_empty() {
        return Err(faults);
    }
    let [external, values] = [Secrets::External, Secrets::Values].map(|secrets| Options {
        secrets,
        ..options.clone()
    });
    let mut view = View::new(deployment, &external);
    view.url.get_or_insert(&OPEN);
    let mut shared = vec![base(object::namespace(&view))];
    let mut owned: BTreeMap<String, Vec<Object>> = BTreeMap::new();
    for (component, make) in kustomization::COMPONENTS {
        view.options = match component {
            "secrets" => &values,
            _ => &external,
        };
        for value in make(&view) {
            let object = Object { component, value };
            match object.owner().filter(|_| OWNED.contains(&component)) {
                Some(owner) => owned.entry(owner.to_owned()).or_default().push(object),
                None => shared.push(object),
            }
        }
    }
    view.options = &external;
    put(None, shared);
    for service in view.services() {
        let mut objects = vec![
            base(configuration::config_map(&view, service)),
            base(workload::workload(&view, service)),
        ];
        objects.extend(service::objects(&view, service).into_iter().map(base));
        objects.extend(availability::objects(&view, service).into_iter().map(base));
        if replica_set::is_mongodb(service) {
            objects.push(base(replica_set::config_map(&view, service)));
        }
        objects.extend(owned.remove(service.name.as_str()).unwrap_or_default());
        put(Some(service), objects);
    }
    Ok(())
}

fn base(value: Value) -> Object {
    let component = "";
    Object { component, value }
}

impl Object {
    /// The service that it is of.
    fn owner(&self) -> Option<&str> {
        let label = "/metadata/labels/app.kubernetes.io~1name";
        self.value.pointer(label).and_then(Value::as_str)
    }
}
