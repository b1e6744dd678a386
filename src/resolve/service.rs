//! Puts each selected service together. Owns the rules on networks, publishing, replicas and volumes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::assembly::Assembly;
use super::selection::Selection;
use super::{Scope, image::Chosen, settings::Settings};
use crate::diagnostic::Diagnostic;
use crate::input::catalogue::{Embedded, Entry, Internet};
use crate::input::project::Overrides;
use crate::model::{
    Condition, DataMode, EnvValue, Kind, Mount, Network, Probe, Publish, Resources, Secret,
    SecretMount, Service, ServiceName, Volume,
};

/// The network of everything that talks to the outside.
const MESH: &str = "mesh";
/// The network of the stores and their readers; no way out.
const DATA: &str = "data";

/// The parts of the deployment that follow from its services.
#[derive(Default)]
pub(super) struct Built {
    pub(super) services: BTreeMap<ServiceName, Service>,
    pub(super) networks: BTreeMap<String, Network>,
    pub(super) volumes: BTreeMap<String, Volume>,
    pub(super) secrets: BTreeMap<String, Secret>,
}

impl<'i> Scope<'i> {
    pub(super) fn build(&mut self, settings: &Settings, selection: &Selection<'i>) -> Built {
        let mut built = Built::default();
        let mut lacking = Vec::new();
        let unchanged = Overrides::default();
        for (name, entry) in &selection.entries {
            let Some(chosen) = self.image(settings, entry, &mut lacking) else {
                continue;
            };
            let mut assembly = Assembly {
                settings,
                selection,
                entry,
                spec: &chosen.spec,
                files: &mut built.secrets,
                environment: BTreeMap::new(),
                mounts: BTreeSet::new(),
                missing: Vec::new(),
            };
            self.assemble(&mut assembly);
            let surroundings = (assembly.environment, assembly.mounts);
            let written = self.inputs.project.services.get(name.as_str());
            let overrides = written.map_or(&unchanged, |written| &written.value);
            let depends_on = selection.depends_on.get(*name).cloned().unwrap_or_default();
            let service =
                self.service(settings, depends_on, entry, overrides, chosen, surroundings);
            for network in &service.networks {
                let internal = network == DATA;
                built.networks.insert(network.clone(), Network { internal });
            }
            for mount in &service.mounts {
                if let Mount::Volume { volume, .. } = mount {
                    built.volumes.insert(volume.clone(), Volume {});
                }
            }
            built.services.insert((*name).clone(), service);
        }
        self.report_lacking(&lacking);
        built
    }

    fn service(
        &mut self,
        settings: &Settings,
        depends_on: BTreeMap<ServiceName, Condition>,
        entry: &Entry,
        overrides: &Overrides,
        chosen: Chosen,
        (mut environment, secrets): (BTreeMap<String, EnvValue>, BTreeSet<SecretMount>),
    ) -> Service {
        let publish = publish(entry, overrides);
        let embedded = entry
            .embedded
            .as_ref()
            .filter(|_| settings.data == DataMode::Embedded);
        if let Some(embedded) = embedded {
            let target = EnvValue::Plain(embedded.target.clone());
            environment.insert(embedded.variable.clone(), target);
        }
        let folders = self.folders(entry, overrides, &mut environment);
        self.check_replicas(entry, overrides, publish.is_some(), embedded.is_some());
        let internet = match &entry.internet {
            Internet::Always => true,
            Internet::Never => false,
            Internet::WhenSet(variable) => environment.contains_key(variable),
        };
        Service {
            name: entry.name.clone(),
            description: entry.description.clone(),
            kind: entry.kind,
            image: chosen.image,
            entrypoint: None,
            command: chosen.spec.command,
            environment,
            secrets: secrets.into_iter().collect(),
            port: entry.port,
            networks: self.networks(entry, &depends_on, publish.is_some()),
            publish,
            further: Vec::new(),
            probe: entry.probe.clone(),
            healthcheck: chosen
                .spec
                .healthcheck
                .or_else(|| entry.healthcheck.clone())
                .unwrap_or_else(|| healthcheck_of(&entry.probe)),
            internet,
            depends_on,
            mounts: mounts(entry, embedded).into_iter().chain(folders).collect(),
            tmpfs: entry.tmpfs.clone(),
            user: chosen.spec.user.or_else(|| entry.user.clone()),
            read_only: entry.read_only,
            capabilities: entry.capabilities.clone(),
            resources: resources(entry, overrides),
            replicas: overrides
                .replicas
                .as_ref()
                .map_or(1, |replicas| replicas.value),
            scalable: entry.scalable,
            stop_grace: entry.stop_grace,
            labels: BTreeMap::new(),
        }
    }

    /// A published store needs `mesh` too: a port of a container on internal networks only cannot be reached.
    fn networks(
        &self,
        entry: &Entry,
        depends_on: &BTreeMap<ServiceName, Condition>,
        published: bool,
    ) -> BTreeSet<String> {
        let store = entry.kind == Kind::Store;
        let catalogue = &self.inputs.catalogue;
        let reads = depends_on
            .keys()
            .filter_map(|name| catalogue.get(name.as_str()))
            .any(|dependency| dependency.kind == Kind::Store);
        let mut networks = BTreeSet::new();
        if !store || published {
            networks.insert(MESH.to_owned());
        }
        if store || reads {
            networks.insert(DATA.to_owned());
        }
        networks
    }

    fn check_replicas(
        &mut self,
        entry: &Entry,
        overrides: &Overrides,
        published: bool,
        embedded: bool,
    ) {
        let Some(replicas) = overrides
            .replicas
            .as_ref()
            .filter(|replicas| replicas.value > 1)
        else {
            return;
        };
        let name = &entry.name;
        let (message, hint) = if !entry.scalable {
            (
                format!("`{name}` cannot run more than once"),
                "remove `replicas`".to_owned(),
            )
        } else if embedded {
            (
                format!("`{name}` keeps its data itself and cannot run more than once"),
                "use `data: containers`".to_owned(),
            )
        } else if published {
            (
                format!("{} containers cannot share one host port", replicas.value),
                format!("set `services.{name}.publish: false` and put a proxy before them"),
            )
        } else {
            return;
        };
        let problem = Diagnostic::error(message)
            .key(format!("services.{name}.replicas"))
            .hint(hint);
        self.in_project(problem, replicas.position);
    }
}

fn mounts(entry: &Entry, embedded: Option<&Embedded>) -> Vec<Mount> {
    let own = entry
        .volumes
        .iter()
        .map(|(volume, target)| (volume, target));
    own.chain(embedded.map(|embedded| (&embedded.volume, &embedded.target)))
        .map(|(volume, target)| Mount::Volume {
            volume: volume.clone(),
            target: target.clone(),
        })
        .collect()
}

/// A port or an address asks for publishing unless `publish` says no.
fn publish(entry: &Entry, overrides: &Overrides) -> Option<Publish> {
    let implied = entry.publish || overrides.port.is_some() || overrides.expose.is_some();
    let wanted = overrides
        .publish
        .as_ref()
        .map_or(implied, |publish| publish.value);
    wanted.then(|| Publish {
        address: overrides
            .expose
            .as_ref()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |expose| expose.value),
        port: overrides
            .port
            .as_ref()
            .map_or(entry.port, |port| port.value),
    })
}

fn resources(entry: &Entry, overrides: &Overrides) -> Resources {
    let usual = entry.resources;
    Resources {
        memory: overrides
            .memory
            .as_ref()
            .map_or(usual.memory, |memory| memory.value),
        cpu_millis: overrides
            .cpus
            .as_ref()
            .map_or(usual.cpu_millis, |cpus| cpus.value),
        pids: overrides
            .pids
            .as_ref()
            .map_or(usual.pids, |pids| pids.value),
    }
}

/// `NONE` switches off what the image brings: without a command of ours there is nothing to rely on inside it.
fn healthcheck_of(probe: &Probe) -> Vec<String> {
    match probe {
        Probe::Command(command) => std::iter::once("CMD".to_owned())
            .chain(command.iter().cloned())
            .collect(),
        Probe::Http { .. } | Probe::Tcp { .. } => vec!["NONE".to_owned()],
    }
}
