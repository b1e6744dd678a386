//! The pod of a service: its container, its rights, its volumes. Meets the Pod Security Standard `restricted`.

use serde_json::{Map, Value, json};

use super::{View, availability, configuration, object, probe, replica_set, secret, workload};
use crate::model::{Image, Service};
use crate::targets::seal::digest;

/// Who pods run as: above 10000, where no user of a node is.
const USER: u32 = 10001;

/// Seconds between leaving the load balancers and SIGTERM.
const DRAIN: u64 = 5;

/// Metadata and specification of a pod.
pub(super) fn template(view: &View<'_>, service: &Service) -> Value {
    let mut metadata = json!({"labels": view.labels(service)});
    let data = configuration::data(service);
    if !data.is_empty() {
        // Pods do not see a changed ConfigMap by themselves: with its digest, a change rolls out.
        let digest = digest(&Value::from(data).to_string());
        metadata["annotations"] = json!({"atlas.ai/configuration": digest});
    }
    let grace = service.stop_grace.as_secs() + DRAIN + 5;
    let mut template = json!({
        "metadata": metadata,
        "spec": {
            "serviceAccountName": service.name.as_str(),
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": grace,
            "securityContext": security(service),
            "affinity": availability::affinity(service, replica_set::is_mongodb(service)),
            "topologySpreadConstraints": availability::spread(service),
            "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        },
    });
    let pod = &mut template["spec"];
    pod["containers"] = vec![container(view, service)].into();
    pod["volumes"] = volumes(service).into();
    template
}

fn security(service: &Service) -> Value {
    let (user, group) = ids(service);
    json!({
        "runAsNonRoot": true,
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

/// The model's user where it is one of ours; the low ids of official images work as any other id, too.
fn ids(service: &Service) -> (u32, u32) {
    let given = service.user.as_deref().unwrap_or_default();
    let (user, group) = given.split_once(':').unwrap_or((given, given));
    match (user.parse(), group.parse()) {
        (Ok(user), Ok(group)) if user > 10000 && group > 10000 => (user, group),
        _ => (USER, USER),
    }
}

fn container(view: &View<'_>, service: &Service) -> Value {
    let (image, policy) = image(view, service);
    let mut container = Map::new();
    let mut put = |key: &str, value: Value| container.insert(key.to_owned(), value);
    put("name", service.name.as_str().into());
    put("image", image.into());
    put("imagePullPolicy", policy.into());
    if let Some(words) = &service.entrypoint {
        put("command", literal(words));
    }
    if let Some(words) = &service.command {
        put("args", literal(words));
    }
    put(
        "ports",
        json!([{"name": "main", "containerPort": service.port.get(), "protocol": "TCP"}]),
    );
    if !configuration::data(service).is_empty() {
        let name = service.name.as_str();
        put("envFrom", json!([{"configMapRef": {"name": name}}]));
    }
    let variables = secret::environment(service);
    if !variables.is_empty() {
        put("env", variables.into());
    }
    put("resources", resources(service));
    put(
        "securityContext",
        json!({
            "allowPrivilegeEscalation": false,
            "capabilities": capabilities(service),
            "privileged": false,
            "readOnlyRootFilesystem": service.read_only,
        }),
    );
    put(
        "lifecycle",
        json!({"preStop": {"sleep": {"seconds": DRAIN}}}),
    );
    put("volumeMounts", mounts(service).into());
    probe::add(&mut container, service);
    let mut container = Value::from(container);
    if replica_set::is_mongodb(service) {
        replica_set::complete(&mut container, service);
    }
    container
}

/// The reference, and whether the registry is asked: it is even for a digest, so that nobody starts an image that a
/// neighbour pulled with rights of his own.
fn image(view: &View<'_>, service: &Service) -> (String, &'static str) {
    match (&service.image, &view.options.builtin) {
        (Image::Builtin(_), Some(reference)) => (reference.to_string(), "Always"),
        (Image::Builtin(reference), None) => (reference.to_string(), "IfNotPresent"),
        (image, _) => (image.reference().to_string(), "Always"),
    }
}

/// Words that Kubernetes leaves as they are: it would replace `$(NAME)`.
fn literal(words: &[String]) -> Value {
    let words = words.iter().map(|word| word.replace("$(", "$$("));
    words.collect()
}

fn capabilities(service: &Service) -> Value {
    match service.capabilities.is_empty() {
        true => json!({"drop": ["ALL"]}),
        false => json!({"drop": ["ALL"], "add": service.capabilities}),
    }
}

/// Half of the limits is reserved, as in the guide; a store gets its memory reserved whole, since it keeps what it has.
fn resources(service: &Service) -> Value {
    let limits = service.resources;
    let kept = workload::is_stateful(service);
    let memory = if kept {
        limits.memory
    } else {
        limits.memory / 2
    };
    let cpu = (limits.cpu_millis / 2).max(1);
    json!({
        "requests": {
            "cpu": format!("{cpu}m"),
            "memory": quantity(memory),
            "ephemeral-storage": "64Mi",
        },
        "limits": {
            "cpu": format!("{}m", limits.cpu_millis),
            "memory": quantity(limits.memory),
            "ephemeral-storage": "512Mi",
        },
    })
}

/// Bytes in the largest binary unit that divides them.
fn quantity(bytes: u64) -> String {
    let units = [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    units
        .into_iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(
            || bytes.to_string(),
            |(name, unit)| format!("{}{name}", bytes / unit),
        )
}

fn mounts(service: &Service) -> Vec<Value> {
    let mut mounts = Vec::new();
    if !service.secrets.is_empty() {
        mounts.push(json!({"name": "secrets", "mountPath": secret::FOLDER, "readOnly": true}));
    }
    for (volume, target) in workload::volumes(service) {
        mounts.push(json!({"name": object::dashed(volume), "mountPath": target}));
    }
    for (number, target) in scratch(service).iter().enumerate() {
        mounts.push(json!({"name": format!("scratch-{number}"), "mountPath": target.0}));
    }
    mounts
}

fn volumes(service: &Service) -> Vec<Value> {
    let mut volumes: Vec<Value> = secret::volume(service).into_iter().collect();
    for (number, (_, size)) in scratch(service).iter().enumerate() {
        volumes.push(json!({
            "name": format!("scratch-{number}"),
            "emptyDir": {"medium": "Memory", "sizeLimit": size},
        }));
    }
    if replica_set::is_mongodb(service) {
        volumes.push(replica_set::volume(service));
    }
    volumes
}

/// Memory file systems with their sizes; MongoDB needs one for its key file and its socket.
fn scratch(service: &Service) -> Vec<(String, String)> {
    let mut scratch: Vec<(String, String)> = service
        .tmpfs
        .iter()
        .map(|tmpfs| (tmpfs.target.clone(), size(&tmpfs.options)))
        .collect();
    let temporary = scratch.iter().any(|(target, _)| target == "/tmp");
    if replica_set::is_mongodb(service) && !temporary {
        scratch.push(("/tmp".to_owned(), size("")));
    }
    scratch
}

/// `size=64m` as a quantity.
fn size(options: &str) -> String {
    let written = options
        .split(',')
        .find_map(|option| option.strip_prefix("size="));
    match written.map(|size| size.split_at(size.len().saturating_sub(1))) {
        Some((number, "m" | "M")) => format!("{number}Mi"),
        Some((number, "g" | "G")) => format!("{number}Gi"),
        Some((number, "k" | "K")) => format!("{number}Ki"),
        Some((number, digit)) => format!("{number}{digit}"),
        None => "64Mi".to_owned(),
    }
}
