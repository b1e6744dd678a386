//! What differs between a running container and the deployment, field by field, for `plan`. Masks what could be secret;
//! whether a container is replaced is decided by its hash, not here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerInspectResponse, HostConfig};

use super::DockerEngine;
use super::body::{Circumstances, body};
use super::builtin::LABEL as BUILTIN_LABEL;
use crate::model::{Deployment, EnvValue, Service};
use crate::plan::FieldChange;
use crate::targets::compose;

impl DockerEngine {
    /// Empty when the container or its image cannot be read: then the reason stays general.
    pub(super) async fn differences(
        &self,
        deployment: &Deployment,
        service: &Service,
        container: &str,
    ) -> Vec<FieldChange> {
        let Ok(actual) = self.docker.inspect_container(container, None).await else {
            return Vec::new();
        };
        let image = actual.image.clone().unwrap_or_default();
        let defaults = self.docker.inspect_image(&image).await.ok();
        let inherited: BTreeSet<String> = defaults
            .and_then(|image| image.config?.env)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let wanted = body(
            deployment,
            service,
            &Circumstances {
                directory: &self.directory,
                image_id: &image,
                number: 1,
                replaces: None,
                all_networks: true,
            },
        );
        let mut changes = environment(service, &actual, &inherited);
        changes.extend(labels(&wanted, &actual));
        changes.extend(fields(&wanted, &actual));
        changes.sort();
        changes
    }
}

fn split(lines: &[String]) -> BTreeMap<&str, &str> {
    lines
        .iter()
        .filter_map(|line| line.split_once('='))
        .collect()
}

/// Variables by name. A value is shown only when the deployment holds it as plain text and its name hides nothing.
fn environment(
    service: &Service,
    actual: &ContainerInspectResponse,
    inherited: &BTreeSet<String>,
) -> Vec<FieldChange> {
    let lines = actual
        .config
        .as_ref()
        .and_then(|config| config.env.clone())
        .unwrap_or_default();
    let lines: Vec<String> = lines
        .into_iter()
        .filter(|line| !inherited.contains(line))
        .collect();
    let actual = split(&lines);
    let mut changes = Vec::new();
    for (name, value) in &service.environment {
        let (wanted, secret) = match value {
            EnvValue::Plain(text) => (text.as_str(), looks_secret(name)),
            EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. } => {
                (value.expose(), true)
            }
        };
        let current = actual.get(name.as_str()).copied();
        if current != Some(wanted) {
            changes.push(change(
                &format!("environment.{name}"),
                current.filter(|value| !secret && !value.contains('@')),
                Some(wanted).filter(|_| !secret),
            ));
        }
    }
    for name in actual.keys() {
        if !service.environment.contains_key(*name) {
            changes.push(change(&format!("environment.{name}"), Some("***"), None));
        }
    }
    changes
}

/// Whether a variable's name says that its value is to be hidden.
fn looks_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let words = [
        "TOKEN",
        "SECRET",
        "PASS",
        "PWD",
        "KEY",
        "CREDENTIAL",
        "AUTH",
        "WEBHOOK",
        "DSN",
    ];
    words.iter().any(|word| upper.contains(word)) && !upper.ends_with("_FILE")
}

fn labels(wanted: &ContainerCreateBody, actual: &ContainerInspectResponse) -> Vec<FieldChange> {
    let wanted = wanted.labels.clone().unwrap_or_default();
    let actual = actual
        .config
        .as_ref()
        .and_then(|config| config.labels.clone())
        .unwrap_or_default();
    let names: BTreeSet<&String> = wanted.keys().chain(actual.keys()).collect();
    names
        .into_iter()
        // The built-in image's own label is on every container of it.
        .filter(|name| name.starts_with("ai.atlas.") && *name != BUILTIN_LABEL)
        .filter(|name| wanted.get(*name) != actual.get(*name))
        .map(|name| match name.as_str() {
            compose::SECRETS_LABEL => change("secrets", None, None),
            compose::CONFIGURATION_LABEL => change("configuration", None, None),
            _ => change(
                &format!("labels.{name}"),
                actual.get(name).map(String::as_str),
                wanted.get(name).map(String::as_str),
            ),
        })
        .collect()
}

/// The remaining fields as text, in Compose's words.
fn fields(wanted: &ContainerCreateBody, actual: &ContainerInspectResponse) -> Vec<FieldChange> {
    let config = actual.config.clone().unwrap_or_default();
    let none = HostConfig::default();
    let want = wanted.host_config.as_ref().unwrap_or(&none);
    let have = actual.host_config.as_ref().unwrap_or(&none);
    let mut pairs = vec![
        ("image", text(&config.image), text(&wanted.image)),
        ("user", text(&config.user), text(&wanted.user)),
        ("mem_limit", size(have.memory), size(want.memory)),
        ("cpus", cpus(have.nano_cpus), cpus(want.nano_cpus)),
        (
            "pids_limit",
            number(have.pids_limit),
            number(want.pids_limit),
        ),
        (
            "read_only",
            flag(have.readonly_rootfs),
            flag(want.readonly_rootfs),
        ),
        ("init", flag(have.init), flag(want.init)),
        (
            "cap_add",
            capabilities(&have.cap_add),
            capabilities(&want.cap_add),
        ),
        (
            "cap_drop",
            capabilities(&have.cap_drop),
            capabilities(&want.cap_drop),
        ),
        ("group_add", list(&have.group_add), list(&want.group_add)),
        (
            "security_opt",
            list(&have.security_opt),
            list(&want.security_opt),
        ),
        ("ports", ports(have), ports(want)),
        ("volumes", list(&have.binds), list(&want.binds)),
        ("mounts", mounts(have), mounts(want)),
        ("tmpfs", tmpfs(have), tmpfs(want)),
        (
            "networks",
            text(&have.network_mode),
            text(&want.network_mode),
        ),
        ("logging", logging(have), logging(want)),
        ("restart", restart(have), restart(want)),
        (
            "stop_grace_period",
            number(config.stop_timeout),
            number(wanted.stop_timeout),
        ),
    ];
    // Another tool may have put passwords into the words of these.
    let mut masked: Vec<(&str, String, String)> = Vec::new();
    if wanted.cmd.is_some() {
        masked.push(("command", list(&config.cmd), list(&wanted.cmd)));
    }
    if wanted.entrypoint.is_some() {
        masked.push((
            "entrypoint",
            list(&config.entrypoint),
            list(&wanted.entrypoint),
        ));
    }
    if let Some(health) = &wanted.healthcheck {
        let current = config.healthcheck.unwrap_or_default();
        masked.push(("healthcheck.test", list(&current.test), list(&health.test)));
        pairs.push((
            "healthcheck.interval",
            time(current.interval),
            time(health.interval),
        ));
    }
    let differ = |(_, have, want): &(&str, String, String)| have != want;
    let shown_changes = pairs.into_iter().filter(differ);
    let shown_changes =
        shown_changes.map(|(field, have, want)| change(field, shown(&have), shown(&want)));
    let masked_changes = masked.into_iter().filter(differ);
    let masked_changes = masked_changes.map(|(field, _, want)| change(field, None, shown(&want)));
    shown_changes.chain(masked_changes).collect()
}

fn shown(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn change(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
    }
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

fn number(value: Option<i64>) -> String {
    value
        .filter(|n| *n != 0)
        .map(|n| n.to_string())
        .unwrap_or_default()
}

fn size(value: Option<i64>) -> String {
    let bytes = value.and_then(|n| u64::try_from(n).ok());
    let bytes = bytes.filter(|n| *n != 0);
    bytes.map(compose::short_size).unwrap_or_default()
}

/// Billionths of a core as cores: `0.25`.
fn cpus(value: Option<i64>) -> String {
    let nano = value.filter(|n| *n != 0);
    nano.map(|n| (n as f64 / 1e9).to_string())
        .unwrap_or_default()
}

fn time(nanos: Option<i64>) -> String {
    let nanos = nanos.and_then(|n| u64::try_from(n).ok());
    let nanos = nanos.filter(|n| *n != 0).map(Duration::from_nanos);
    nanos.map(compose::duration).unwrap_or_default()
}

fn flag(value: Option<bool>) -> String {
    if value.unwrap_or_default() {
        "true"
    } else {
        ""
    }
    .to_owned()
}

fn list(values: &Option<Vec<String>>) -> String {
    values.clone().unwrap_or_default().join(" ")
}

/// Engines report `CAP_CHOWN` where `CHOWN` was asked for, depending on their version.
fn capabilities(values: &Option<Vec<String>>) -> String {
    let mut names: Vec<String> = values
        .iter()
        .flatten()
        .map(|name| name.trim_start_matches("CAP_").to_owned())
        .collect();
    names.sort();
    names.join(" ")
}

fn ports(config: &HostConfig) -> String {
    let mut ports: Vec<String> = Vec::new();
    for (target, bindings) in config.port_bindings.iter().flatten() {
        for binding in bindings.iter().flatten() {
            let address = binding.host_ip.as_deref().unwrap_or_default();
            let port = binding.host_port.as_deref().unwrap_or_default();
            ports.push(format!(
                "{address}:{port}:{}",
                target.trim_end_matches("/tcp")
            ));
        }
    }
    ports.sort();
    ports.join(" ")
}

fn mounts(config: &HostConfig) -> String {
    let mut mounts: Vec<String> = config
        .mounts
        .iter()
        .flatten()
        .map(|mount| format!("{}:{}", text(&mount.source), text(&mount.target)))
        .collect();
    mounts.sort();
    mounts.join(" ")
}

fn tmpfs(config: &HostConfig) -> String {
    let sorted: BTreeMap<_, _> = config.tmpfs.iter().flatten().collect();
    let parts: Vec<String> = sorted.iter().map(|(k, v)| format!("{k}:{v}")).collect();
    parts.join(" ")
}

fn logging(config: &HostConfig) -> String {
    let Some(log) = &config.log_config else {
        return String::new();
    };
    let sorted: BTreeMap<_, _> = log.config.iter().flatten().collect();
    let options: Vec<String> = sorted.iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!("{} {}", text(&log.typ), options.join(","))
}

fn restart(config: &HostConfig) -> String {
    let name = config
        .restart_policy
        .as_ref()
        .and_then(|policy| policy.name);
    name.map(|name| name.to_string()).unwrap_or_default()
}
