//! A service as the engine's create request. Owns the translation; says the same as the rendered compose file does,
//! so that `docker compose` and atlas make equal containers.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig,
    Mount as ApiMount, MountType, NetworkingConfig, PortBinding, RestartPolicy,
    RestartPolicyNameEnum,
};

use crate::model::{Deployment, EnvValue, Mount, Service};
use crate::targets::compose;

/// What the request needs beyond the deployment.
pub(super) struct Circumstances<'a> {
    /// Absolute project directory.
    pub directory: &'a Path,
    /// The engine's id of the service's image.
    pub image_id: &'a str,
    /// Number of the container.
    pub number: u32,
    /// Name of the container that it replaces.
    pub replaces: Option<&'a str>,
    /// Whether all networks can be given at once (API 1.44).
    pub all_networks: bool,
}

/// The whole request.
pub(super) fn body(
    deployment: &Deployment,
    service: &Service,
    circumstances: &Circumstances<'_>,
) -> ContainerCreateBody {
    let file = circumstances.directory.join(compose::FILE);
    let mut labels = compose::container_labels(
        deployment,
        service,
        circumstances.number,
        circumstances.image_id,
        circumstances.directory,
        &file,
    );
    if let Some(name) = circumstances.replaces {
        labels.insert("com.docker.compose.replace".into(), name.into());
    }
    ContainerCreateBody {
        user: service.user.clone(),
        env: Some(environment(service)),
        cmd: service.command.clone(),
        entrypoint: service.entrypoint.clone(),
        healthcheck: health(deployment, service),
        image: Some(service.image.reference().to_string()),
        exposed_ports: port_bindings(service).map(|ports| {
            let mut ports: Vec<String> = ports.into_keys().collect();
            ports.sort();
            ports
        }),
        labels: Some(labels.into_iter().collect()),
        stop_timeout: Some(service.stop_grace.as_secs() as i64),
        host_config: Some(host_config(deployment, service, circumstances.directory)),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(endpoints(deployment, service, circumstances)),
        }),
        ..Default::default()
    }
}

/// `KEY=value` lines in order of their keys.
pub(super) fn environment(service: &Service) -> Vec<String> {
    let line = |(name, value): (&String, &EnvValue)| match value {
        EnvValue::Plain(text) => format!("{name}={text}"),
        EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. } => {
            format!("{name}={}", value.expose())
        }
    };
    service.environment.iter().map(line).collect()
}

fn nanos(duration: Duration) -> Option<i64> {
    i64::try_from(duration.as_nanos()).ok()
}

fn health(deployment: &Deployment, service: &Service) -> Option<HealthConfig> {
    if service.healthcheck.is_empty() {
        return None;
    }
    let timing = compose::health(deployment);
    Some(HealthConfig {
        test: Some(service.healthcheck.clone()),
        interval: nanos(timing.interval),
        timeout: nanos(timing.timeout),
        retries: Some(i64::from(timing.retries)),
        start_period: nanos(timing.start_period),
        start_interval: timing.start_interval.and_then(nanos),
    })
}

fn host_config(deployment: &Deployment, service: &Service, directory: &Path) -> HostConfig {
    let primary = service.networks.first();
    let full = |key: &String| compose::resource_name(&deployment.project, key);
    HostConfig {
        memory: i64::try_from(service.resources.memory).ok(),
        nano_cpus: Some(i64::from(service.resources.cpu_millis) * 1_000_000),
        pids_limit: Some(i64::from(service.resources.pids)),
        init: Some(compose::INIT),
        binds: binds(deployment, service),
        mounts: mounts(service, directory),
        tmpfs: (!service.tmpfs.is_empty()).then(|| {
            let tmpfs = service.tmpfs.iter();
            tmpfs
                .map(|t| (t.target.clone(), t.options.clone()))
                .collect()
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some(compose::LOG_DRIVER.into()),
            config: Some(
                compose::LOG_OPTIONS
                    .map(|(k, v)| (k.into(), v.into()))
                    .into(),
            ),
        }),
        network_mode: primary.map(full),
        port_bindings: port_bindings(service),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        cap_add: (!service.capabilities.is_empty()).then(|| service.capabilities.clone()),
        cap_drop: Some(vec!["ALL".into()]),
        group_add: compose::group_add(service).map(|gid| vec![gid.to_string()]),
        readonly_rootfs: Some(service.read_only),
        security_opt: Some(vec!["no-new-privileges:true".into()]),
        ..Default::default()
    }
}

/// Named volumes as compose gives them: `fullname:/target:rw`.
fn binds(deployment: &Deployment, service: &Service) -> Option<Vec<String>> {
    let binds: Vec<String> = service
        .mounts
        .iter()
        .filter_map(|mount| match mount {
            Mount::Volume { volume, target } => Some(format!(
                "{}:{target}:rw",
                compose::resource_name(&deployment.project, volume)
            )),
            Mount::Bind { .. } => None,
        })
        .collect();
    (!binds.is_empty()).then_some(binds)
}

/// Folders of the host and secret files.
fn mounts(service: &Service, directory: &Path) -> Option<Vec<ApiMount>> {
    let bind = |source: &Path, target: &str, read_only| ApiMount {
        typ: Some(MountType::BIND),
        source: Some(directory.join(source).to_string_lossy().into_owned()),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        ..Default::default()
    };
    let folders = service.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind {
            source,
            target,
            read_only,
        } => Some(bind(source, target, *read_only)),
        Mount::Volume { .. } => None,
    });
    let secrets = service.secrets.iter().map(|secret| {
        let source = compose::secret_path(&secret.name);
        bind(&source, &format!("/run/secrets/{}", secret.name), true)
    });
    let mounts: Vec<ApiMount> = folders.chain(secrets).collect();
    (!mounts.is_empty()).then_some(mounts)
}

fn port_bindings(service: &Service) -> Option<HashMap<String, Option<Vec<PortBinding>>>> {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for opening in service.openings() {
        let port = format!("{}/{}", opening.inside, opening.protocol());
        let bound = bindings.entry(port).or_default().get_or_insert_default();
        bound.push(PortBinding {
            host_ip: Some(opening.publish.address.to_string()),
            host_port: Some(opening.publish.port.to_string()),
        });
    }
    (!bindings.is_empty()).then_some(bindings)
}

fn endpoints(
    deployment: &Deployment,
    service: &Service,
    circumstances: &Circumstances<'_>,
) -> HashMap<String, EndpointSettings> {
    let count = if circumstances.all_networks {
        service.networks.len()
    } else {
        1
    };
    let keys = service.networks.iter().take(count);
    keys.map(|key| {
        let name = compose::resource_name(&deployment.project, key);
        (name, endpoint(deployment, service, circumstances.number))
    })
    .collect()
}

/// The place of a container in one network.
pub(super) fn endpoint(
    deployment: &Deployment,
    service: &Service,
    number: u32,
) -> EndpointSettings {
    let aliases = compose::aliases(&deployment.project, &service.name, number);
    EndpointSettings {
        aliases: Some(aliases.into()),
        ..Default::default()
    }
}
