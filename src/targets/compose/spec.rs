//! What Compose hashes: structs in the field order of compose-go's `types`, after its `ServiceHash` has cleared `build`,
//! `pull_policy`, `scale`, `depends_on` and `profiles`. The same value in written form feeds the YAML document.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Serialize, Serializer};

use super::{INIT, LOG_DRIVER, LOG_OPTIONS, RESTART, go_json, health, resource_name, secrets};
use crate::model::{Deployment, EnvValue, Mount, Network, ProjectName, Service};

/// For whom a specification is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
    /// For the file: `$` doubled, secrets as `${VARIABLE:?…}`, paths as given.
    Written,
    /// For the hash, as Compose sees it after interpolation: values in clear, paths absolute.
    Resolved {
        /// The folder of the compose file, absolute.
        project_dir: &'a Path,
    },
}

impl Form<'_> {
    fn text(self, text: &str) -> String {
        match self {
            Self::Written => text.replace('$', "$$"),
            Self::Resolved { .. } => text.to_owned(),
        }
    }

    fn texts(self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn value(self, value: &EnvValue) -> String {
        match (self, value) {
            (_, EnvValue::Plain(text)) => self.text(text),
            (
                Self::Resolved { .. },
                EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. },
            ) => value.expose().to_owned(),
            (Self::Written, EnvValue::Composed { expression, .. }) => self.expression(expression),
            (Self::Written, EnvValue::Secret { variable, value }) if value.is_empty() => {
                format!("${{{variable}:-}}")
            }
            (Self::Written, EnvValue::Secret { variable, .. }) => {
                format!("${{{variable}:?set it in .env}}")
            }
        }
    }

    /// Text around `${VARIABLE}`s.
    fn expression(self, expression: &str) -> String {
        let mut written = String::new();
        let mut rest = expression;
        while let Some((before, after)) = rest.split_once("${")
            && let Some((variable, after)) = after.split_once('}')
        {
            written += &self.text(before);
            written += &format!("${{{variable}:?}}");
            rest = after;
        }
        written + &self.text(rest)
    }

    fn source(self, source: &Path) -> String {
        let path = match self {
            Self::Written if source.is_absolute() => clean(source),
            Self::Written => Path::new(".").join(source),
            Self::Resolved { project_dir } => clean(&project_dir.join(source)),
        };
        self.text(&path.to_string_lossy())
    }
}

/// A path without `.` and `..`, as Go's `filepath.Clean` leaves an absolute one.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                cleaned.pop();
            }
            part => cleaned.push(part),
        }
    }
    cleaned
}

/// A service; `command` and `entrypoint` are always there, everything else only when set.
#[derive(Debug, Default, Serialize)]
pub(super) struct ServiceSpec {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cap_add: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cap_drop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cpus: Option<Cpus>,
    pub(super) command: Option<Vec<String>>,
    pub(super) entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) group_add: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) healthcheck: Option<HealthcheckSpec>,
    pub(super) image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) init: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logging: Option<LoggingSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mem_limit: Option<Bytes>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) networks: BTreeMap<String, Option<EndpointSpec>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pids_limit: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<PortSpec>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) restart: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<SecretSpec>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) security_opt: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop_grace_period: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tmpfs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) volumes: Vec<MountSpec>,
}

/// A service's place in a network; written `null` when nothing is set.
#[derive(Debug, Serialize)]
pub(super) struct EndpointSpec {}

#[derive(Debug, Serialize)]
pub(super) struct HealthcheckSpec {
    pub(super) test: Vec<String>,
    pub(super) timeout: String,
    pub(super) interval: String,
    pub(super) retries: u32,
    pub(super) start_period: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_interval: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct LoggingSpec {
    pub(super) driver: &'static str,
    pub(super) options: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct PortSpec {
    pub(super) mode: &'static str,
    pub(super) host_ip: String,
    pub(super) target: u16,
    pub(super) published: String,
    pub(super) protocol: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct SecretSpec {
    pub(super) source: String,
    pub(super) target: String,
}

/// A mount in long form. `bind: {}` is what compose-go before 2.10 makes of `create_host_path: false`; a volume without
/// options has no `volume: {}`, which only the short form gets.
#[derive(Debug, Serialize)]
pub(super) struct MountSpec {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) source: String,
    pub(super) target: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bind: Option<EmptySpec>,
}

/// `{}`.
#[derive(Debug, Serialize)]
pub(super) struct EmptySpec {}

/// Thousandths of a core, written as cores.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cpus(pub(super) u32);

impl Serialize for Cpus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 % 1000 {
            0 => serializer.serialize_u32(self.0 / 1000),
            _ => serializer.serialize_f32((f64::from(self.0) / 1000.0) as f32),
        }
    }
}

/// Bytes, written as a quoted decimal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl ServiceSpec {
    pub(super) fn new(deployment: &Deployment, service: &Service, form: Form<'_>) -> Self {
        Self {
            cap_add: form.texts(&service.capabilities),
            cap_drop: vec!["ALL".to_owned()],
            cpus: Some(Cpus(service.resources.cpu_millis)),
            command: service.command.as_ref().map(|words| form.texts(words)),
            entrypoint: service.entrypoint.as_ref().map(|words| form.texts(words)),
            environment: service
                .environment
                .iter()
                .map(|(name, value)| (name.clone(), form.value(value)))
                .collect(),
            group_add: secrets::group_add(service)
                .map(|gid| gid.to_string())
                .into_iter()
                .collect(),
            healthcheck: HealthcheckSpec::new(deployment, service, form),
            image: service.image.reference().to_string(),
            init: Some(INIT),
            labels: secrets::user_labels(deployment, service)
                .into_iter()
                .map(|(name, value)| (name, form.text(&value)))
                .collect(),
            logging: Some(LoggingSpec {
                driver: LOG_DRIVER,
                options: LOG_OPTIONS.into(),
            }),
            mem_limit: Some(Bytes(service.resources.memory)),
            networks: service.networks.iter().map(|n| (n.clone(), None)).collect(),
            pids_limit: Some(service.resources.pids),
            ports: PortSpec::of(service),
            read_only: service.read_only,
            restart: Some(RESTART.to_owned()),
            secrets: service
                .secrets
                .iter()
                .map(|secret| SecretSpec {
                    source: secret.name.clone(),
                    target: format!("/run/secrets/{}", secret.name),
                })
                .collect(),
            security_opt: vec!["no-new-privileges:true".to_owned()],
            stop_grace_period: Some(go_json::duration(service.stop_grace)),
            tmpfs: service
                .tmpfs
                .iter()
                .map(|tmpfs| match tmpfs.options.as_str() {
                    "" => form.text(&tmpfs.target),
                    options => form.text(&format!("{}:{options}", tmpfs.target)),
                })
                .collect(),
            user: service.user.as_deref().map(|user| form.text(user)),
            volumes: service
                .mounts
                .iter()
                .map(|mount| MountSpec::new(mount, form))
                .collect(),
        }
    }
}

impl HealthcheckSpec {
    fn new(deployment: &Deployment, service: &Service, form: Form<'_>) -> Option<Self> {
        if service.healthcheck.is_empty() {
            return None;
        }
        let timing = health(deployment);
        Some(Self {
            test: form.texts(&service.healthcheck),
            timeout: go_json::duration(timing.timeout),
            interval: go_json::duration(timing.interval),
            retries: timing.retries,
            start_period: go_json::duration(timing.start_period),
            start_interval: timing.start_interval.map(go_json::duration),
        })
    }
}

impl PortSpec {
    fn of(service: &Service) -> Vec<Self> {
        let ports = service.openings().map(|opening| Self {
            mode: "ingress",
            host_ip: opening.publish.address.to_string(),
            target: opening.inside.get(),
            published: opening.publish.port.to_string(),
            protocol: opening.protocol(),
        });
        ports.collect()
    }
}

impl MountSpec {
    fn new(mount: &Mount, form: Form<'_>) -> Self {
        match mount {
            Mount::Volume { volume, target } => Self {
                kind: "volume",
                source: volume.clone(),
                target: form.text(&clean(Path::new(target)).to_string_lossy()),
                read_only: false,
                bind: None,
            },
            Mount::Bind {
                source,
                target,
                read_only,
            } => Self {
                kind: "bind",
                source: form.source(source),
                target: form.text(&clean(Path::new(target)).to_string_lossy()),
                read_only: *read_only,
                bind: Some(EmptySpec {}),
            },
        }
    }
}

/// A network; `ipam` is always there.
#[derive(Debug, Serialize)]
pub(super) struct NetworkSpec {
    name: String,
    ipam: EmptySpec,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    internal: bool,
}

impl NetworkSpec {
    pub(super) fn new(project: &ProjectName, key: &str, network: &Network) -> Self {
        Self {
            name: resource_name(project, key),
            ipam: EmptySpec {},
            internal: network.internal,
        }
    }
}

/// A volume.
#[derive(Debug, Serialize)]
pub(super) struct VolumeSpec {
    name: String,
    driver: &'static str,
}

impl VolumeSpec {
    pub(super) fn new(project: &ProjectName, key: &str) -> Self {
        Self {
            name: resource_name(project, key),
            driver: "local",
        }
    }
}
