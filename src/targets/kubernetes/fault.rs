//! What a deployment may hold that Kubernetes refuses or that could not work there. Owns the rules; where a user wrote the
//! cause is found by the command.

use std::collections::BTreeMap;

use super::{View, object, replica_set, workload};
use crate::model::{Deployment, Mount, Service};

/// A reason why nothing can be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key of `atlas.yaml` that decides it, e.g. `services.redis.memory`.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Less memory than any of the services starts with.
const LEAST_MEMORY: u64 = 16 << 20;

/// A label of the DNS (RFC 1035).
const LABEL: usize = 63;

/// Everything that stands in the way.
pub(super) fn faults(deployment: &Deployment) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut add = |key: String, message: String, hint: &str| {
        let hint = hint.to_owned();
        faults.push(Fault { key, message, hint });
    };
    if deployment.services.is_empty() {
        let message = "there is no service to render".to_owned();
        add(
            "services-to-run".to_owned(),
            message,
            "name one, or a profile",
        );
    }
    let namespace = object::namespace_name(&deployment.project);
    // The overlay `dev` has a namespace of its own.
    if namespace.len() + "-dev".len() > LABEL {
        let message = format!("`{namespace}` is too long for a namespace: 59 characters at most");
        add("name".to_owned(), message, "choose a shorter name");
    }
    if let Some(url) = &deployment.public_url
        && !is_domain(&url.host)
    {
        let message = format!(
            "`{}` is not a domain that a route can be made for",
            url.host
        );
        add(
            "public-url".to_owned(),
            message,
            "give a name such as `https://api.example.com`",
        );
    }
    for service in deployment.services.values() {
        name(service, &mut add);
        mounts(service, &mut add);
        resources(service, &mut add);
    }
    names(deployment, &mut add);
    faults
}

/// The name of a Service begins with a letter (RFC 1035), and there must be room for what is made of it.
fn name(service: &Service, add: &mut impl FnMut(String, String, &str)) {
    let name = service.name.as_str();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message =
            format!("`{name}` cannot be the name of a Service: it must begin with a letter");
        add(
            key(service, ""),
            message,
            "rename its file in the catalogue",
        );
    }
    if name.len() > LABEL - "-members-0".len() {
        let message =
            format!("`{name}` is too long for the names of its pods: 53 characters at most");
        add(
            key(service, ""),
            message,
            "rename its file in the catalogue",
        );
    }
}

fn mounts(service: &Service, add: &mut impl FnMut(String, String, &str)) {
    let name = &service.name;
    for mount in &service.mounts {
        if let Mount::Bind { source, .. } = mount {
            let message = format!(
                "`{name}` reads `{}` of this machine, which no pod of a cluster has",
                source.display()
            );
            let hint = format!("remove `services.{name}.folders`, or leave `{name}` out");
            add(key(service, ".folders"), message, &hint);
        }
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (volume, _) in workload::volumes(service) {
        if let Some(other) = seen.insert(object::dashed(volume), volume) {
            let message =
                format!("the volumes `{other}` and `{volume}` of `{name}` would have one name");
            add(key(service, ""), message, "rename one in the catalogue");
        }
    }
    for kept in &service.capabilities {
        if kept != "NET_BIND_SERVICE" {
            let message = format!(
                "`{name}` wants the capability `{kept}`, which the standard `restricted` forbids"
            );
            add(key(service, ""), message, "remove it in the catalogue");
        }
    }
}

fn resources(service: &Service, add: &mut impl FnMut(String, String, &str)) {
    let name = &service.name;
    let limits = service.resources;
    if limits.memory < LEAST_MEMORY {
        let message = format!("{} bytes of memory are too few for `{name}`", limits.memory);
        add(key(service, ".memory"), message, "give 16 MiB at least");
    }
    if limits.cpu_millis == 0 {
        let message = format!("`{name}` cannot run on no CPU");
        add(key(service, ".cpus"), message, "give 0.01 at least");
    }
    let words = service.command.iter().flatten();
    let given = words.skip_while(|word| *word != "--maxmemory").nth(1);
    if let Some(own) = given.and_then(|text| bytes(text))
        && own >= limits.memory
    {
        let message = format!(
            "`{name}` may hold {} MiB of data, but is ended at {} MiB",
            own >> 20,
            limits.memory >> 20
        );
        add(key(service, ".memory"), message, "raise the limit above it");
    }
}

/// Names that two objects of one kind would share.
fn names(deployment: &Deployment, add: &mut impl FnMut(String, String, &str)) {
    let taken = |service: &Service| match replica_set::is_mongodb(service) {
        true => vec![
            replica_set::members_service(service),
            replica_set::scripts(service),
        ],
        false => Vec::new(),
    };
    let mut reserved: Vec<String> = deployment.services.values().flat_map(taken).collect();
    reserved.extend(View::RESERVED.map(str::to_owned));
    for service in deployment.services.values() {
        if reserved.iter().any(|name| name == service.name.as_str()) {
            let message = format!(
                "`{}` is the name of an object that atlas makes",
                service.name
            );
            add(
                key(service, ""),
                message,
                "rename its file in the catalogue",
            );
        }
    }
}

fn key(service: &Service, rest: &str) -> String {
    format!("services.{}{rest}", service.name)
}

/// Redis' units: `192mb` is 1024 based, `192m` 1000 based.
fn bytes(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// Labels of letters, digits and inner hyphens, two at least, the last not a number: no address, no `localhost`.
fn is_domain(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let sound = |label: &&str| {
        (1..=LABEL).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = labels
        .last()
        .is_some_and(|last| last.parse::<u64>().is_err());
    host.len() <= 253 && labels.len() >= 2 && labels.iter().all(sound) && last
}
