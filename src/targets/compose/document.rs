//! `compose.yaml` as text. Owns the order of keys (the one that dclint asks for) and the style of values; the values
//! themselves come from `spec` in written form.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_saphyr::{SingleQuoted, SpaceAfter};

use super::labels::compose_condition;
use super::secrets;
use super::spec::{Cpus, Form, HealthcheckSpec, LoggingSpec, MountSpec, PortSpec, ServiceSpec};
use crate::model::{Deployment, Image, Service};
use crate::targets::MARKER;

/// The whole file.
pub(super) fn render(deployment: &Deployment) -> String {
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        folded_wrap_chars: 60,
    };
    let yaml = serde_saphyr::to_string_with_options(&Document::new(deployment), options)
        .expect("plain structs with string keys are always YAML");
    format!(
        "{MARKER}: edits belong in atlas.yaml or compose.override.yaml.\n\
         # Passwords are not in here: they come from .env and .atlas/secrets.\n---\n{yaml}"
    )
}

#[derive(Serialize)]
struct Document {
    name: SpaceAfter<String>,
    services: BTreeMap<String, SpaceAfter<ServiceDocument>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    networks: BTreeMap<String, NetworkDocument>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    volumes: BTreeMap<String, VolumeDocument>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, SecretDocument>,
}

/// A service in dclint's order of keys.
#[derive(Serialize)]
struct ServiceDocument {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<BuildDocument>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    depends_on: BTreeMap<String, DependencyDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<MountDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<SingleQuoted<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthcheckSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging: Option<LoggingSpec>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cap_add: Vec<String>,
    cap_drop: Vec<String>,
    cpus: Option<Cpus>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group_add: Vec<String>,
    init: Option<bool>,
    mem_limit: Option<String>,
    pids_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<u32>,
    security_opt: Vec<String>,
    stop_grace_period: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tmpfs: Vec<String>,
}

#[derive(Serialize)]
struct BuildDocument {
    context: String,
    dockerfile: String,
}

#[derive(Serialize)]
struct DependencyDocument {
    condition: &'static str,
}

#[derive(Serialize)]
struct MountDocument {
    #[serde(rename = "type")]
    kind: &'static str,
    source: String,
    target: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    bind: Option<BindDocument>,
}

/// Without it, Compose makes a folder of a missing file.
#[derive(Serialize)]
struct BindDocument {
    create_host_path: bool,
}

#[derive(Serialize)]
struct NetworkDocument {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    internal: bool,
}

#[derive(Serialize)]
struct VolumeDocument {}

#[derive(Serialize)]
struct SecretDocument {
    file: String,
}

impl Document {
    fn new(deployment: &Deployment) -> Self {
        let services = deployment.services.iter();
        let networks = deployment.networks.iter();
        let mounted = secrets::mounted(deployment).into_iter();
        Self {
            name: SpaceAfter(deployment.project.to_string()),
            services: services
                .map(|(name, service)| {
                    let document = ServiceDocument::new(deployment, service);
                    (name.to_string(), SpaceAfter(document))
                })
                .collect(),
            networks: networks
                .map(|(key, network)| {
                    let internal = network.internal;
                    (key.clone(), NetworkDocument { internal })
                })
                .collect(),
            volumes: deployment
                .volumes
                .keys()
                .map(|key| (key.clone(), VolumeDocument {}))
                .collect(),
            secrets: mounted
                .map(|name| {
                    let file = format!("./{}/{name}", secrets::FOLDER);
                    (name.to_owned(), SecretDocument { file })
                })
                .collect(),
        }
    }
}

impl ServiceDocument {
    fn new(deployment: &Deployment, service: &Service) -> Self {
        let spec = ServiceSpec::new(deployment, service, Form::Written);
        let depends_on = service.depends_on.iter().map(|(name, condition)| {
            let condition = compose_condition(deployment, name, *condition);
            (name.to_string(), DependencyDocument { condition })
        });
        Self {
            image: spec.image,
            build: BuildDocument::of(&service.image),
            depends_on: depends_on.collect(),
            volumes: spec.volumes.into_iter().map(MountDocument::from).collect(),
            secrets: spec.secrets.into_iter().map(|s| s.source).collect(),
            environment: spec.environment,
            ports: spec.ports.iter().map(short_port).collect(),
            networks: spec.networks.into_keys().collect(),
            command: spec.command,
            entrypoint: spec.entrypoint,
            restart: spec.restart,
            healthcheck: spec.healthcheck,
            logging: spec.logging,
            labels: spec.labels,
            user: spec.user,
            cap_add: spec.cap_add,
            cap_drop: spec.cap_drop,
            cpus: spec.cpus,
            group_add: spec.group_add,
            init: spec.init,
            mem_limit: spec.mem_limit.map(|bytes| short_size(bytes.0)),
            pids_limit: spec.pids_limit,
            pull_policy: matches!(service.image, Image::Builtin(_)).then_some("never"),
            read_only: spec.read_only,
            scale: (service.replicas != 1).then_some(service.replicas),
            security_opt: spec.security_opt,
            stop_grace_period: spec.stop_grace_period,
            tmpfs: spec.tmpfs,
        }
    }
}

impl BuildDocument {
    fn of(image: &Image) -> Option<Self> {
        let Image::Build(_, build) = image else {
            return None;
        };
        let text = |path: &Path| path.to_string_lossy().replace('$', "$$");
        Some(Self {
            context: match build.context.is_absolute() {
                true => text(&build.context),
                false => text(&Path::new(".").join(&build.context)),
            },
            dockerfile: text(&build.dockerfile),
        })
    }
}

impl From<MountSpec> for MountDocument {
    fn from(mount: MountSpec) -> Self {
        Self {
            kind: mount.kind,
            source: mount.source,
            target: mount.target,
            read_only: mount.read_only,
            bind: mount.bind.map(|_| BindDocument {
                create_host_path: false,
            }),
        }
    }
}

/// `127.0.0.1:8001:8001`, quoted because YAML 1.1 reads `22:22` as a number in base 60.
fn short_port(port: &PortSpec) -> SingleQuoted<String> {
    let address = match port.host_ip.contains(':') {
        true => format!("[{}]", port.host_ip),
        false => port.host_ip.clone(),
    };
    let protocol = match port.protocol {
        "tcp" => String::new(),
        other => format!("/{other}"),
    };
    SingleQuoted(format!(
        "{address}:{}:{}{protocol}",
        port.published, port.target
    ))
}

/// The largest unit that divides the size: `512m`, `2g`, `1000b`.
pub fn short_size(bytes: u64) -> String {
    let units = [("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)];
    units
        .into_iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(
            || format!("{bytes}b"),
            |(name, unit)| format!("{}{name}", bytes / unit),
        )
}
