//! Everything that can fail cheaply, before anything is touched: source trees, ports, disk. Every problem at once.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::event::{Event, Report};
use crate::exit::Exit;
use crate::model::{Deployment, Image, Mount, Service};
use crate::plan::{Action, Observed, Plan, State};
use crate::report::bytes;

/// Below this nothing can be started sensibly.
const LEAST_DISK: u64 = 200 << 20;

/// Folders and Dockerfiles of image source `build`, and folders that are mounted.
pub(super) fn sources(deployment: &Deployment, directory: &Path) -> Result<(), Error> {
    let mut problems = Vec::new();
    for service in deployment.services.values() {
        if let Image::Build(_, build) = &service.image {
            // `./source` reads as `source`.
            let folder: PathBuf = directory.join(&build.context).components().collect();
            let missing = if !folder.is_dir() {
                Some(format!("there is no folder `{}`", folder.display()))
            } else if !folder.join(&build.dockerfile).is_file() {
                let file = folder.join(&build.dockerfile);
                Some(format!("there is no `{}`", file.display()))
            } else {
                None
            };
            problems.extend(missing.map(|text| about(service, text).hint(
                "set `images: {source: build, context: …}` to the source tree, or use `images: builtin`",
            )));
        }
        for mount in &service.mounts {
            if let Mount::Bind { source, .. } = mount
                && !directory.join(source).exists()
            {
                let text = format!(
                    "there is no `{}` to mount",
                    directory.join(source).display()
                );
                problems.push(about(service, text));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::configuration(problems)),
    }
}

fn about(service: &Service, text: String) -> Diagnostic {
    Diagnostic::error(text).key(format!("services.{}", service.name))
}

/// Ports and disk of the host; only where a container is to be created or started.
pub(super) async fn host(
    engine: &DockerEngine,
    deployment: &Deployment,
    observed: &Observed,
    plan: &Plan,
    report: &dyn Report,
) -> Result<(), Error> {
    if plan.is_empty() {
        return Ok(());
    }
    let mut problems = Vec::new();
    if engine.is_local() {
        for service in deployment.services.values() {
            problems.extend(port(engine, service, observed).await);
        }
    }
    let creates = plan.steps.iter().any(|step| {
        matches!(
            step.action,
            Action::CreateContainer { .. } | Action::ProvideImage { .. }
        )
    });
    if creates && let Some(host) = engine.host().await {
        // What is free is known only of this machine's disks.
        problems.extend(engine.is_local().then(|| disk(&host.root)).flatten());
        memory(deployment, host.memory, report);
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error {
            diagnostics: problems,
            ..Error::new(Exit::Failed, "nothing was touched: the host is not ready")
        }),
    }
}

/// Whether a published port is free, or already this service's own.
async fn port(engine: &DockerEngine, service: &Service, observed: &Observed) -> Option<Diagnostic> {
    let publish = service.publish?;
    let ours = observed.containers.iter().any(|container| {
        let same = container
            .ports
            .iter()
            .any(|(_, port, _)| *port == publish.port.get());
        same && container.state == State::Running
    });
    let address = SocketAddr::new(publish.address, publish.port.get());
    let cause = match TcpListener::bind(address) {
        _ if ours => return None,
        Ok(_) => return None,
        Err(cause) => cause,
    };
    let (name, port) = (&service.name, publish.port);
    let text = match cause.kind() {
        ErrorKind::AddrInUse => {
            let owner = owner(engine, publish.port.get()).await;
            format!("port {port} is already in use{owner}")
        }
        ErrorKind::PermissionDenied => {
            // Engines may bind what this user may not.
            return None;
        }
        ErrorKind::AddrNotAvailable => {
            format!("this host has no address {}", publish.address)
        }
        _ => format!("port {port} cannot be used: {cause}"),
    };
    let hint = format!("set `services.{name}.port` in atlas.yaml, or stop what uses it");
    Some(about(service, text).hint(hint))
}

/// ` by container …` or ` by process …`, as far as it can be told.
async fn owner(engine: &DockerEngine, port: u16) -> String {
    if let Some((name, project)) = engine.publisher(port).await {
        return match project {
            Some(project) => format!(" by container `{name}` of project `{project}`"),
            None => format!(" by container `{name}`"),
        };
    }
    match listener(port) {
        Some((pid, name)) => format!(" by process {pid} ({name})"),
        None => String::new(),
    }
}

/// The process that listens on a TCP port: its socket's inode from `/proc/net/tcp*`, then who has that inode open
/// (proc(5)). `None` where other users' processes cannot be read.
fn listener(port: u16) -> Option<(u32, String)> {
    const LISTEN: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    let suffix = format!(":{port:04X}");
    let inode = tables.into_iter().find_map(|table| {
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let listens = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == LISTEN;
            listens.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
        })
    })?;
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let Ok(open) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = |link: std::path::PathBuf| {
            std::fs::read_link(link).is_ok_and(|target| target.to_string_lossy() == inode)
        };
        if open.flatten().any(|fd| holds(fd.path())) {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some((pid, name.trim().to_owned()));
        }
    }
    None
}

fn disk(root: &str) -> Option<Diagnostic> {
    let stat = rustix::fs::statvfs(root).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    (free < LEAST_DISK).then(|| {
        Diagnostic::error(format!(
            "only {} are free where Docker keeps its data ({root})",
            bytes(free)
        ))
        .hint(
            "`docker system df` shows what uses it, `docker system prune` frees what nothing uses",
        )
    })
}

fn memory(deployment: &Deployment, total: u64, report: &dyn Report) {
    let services = deployment.services.values();
    let limits: u64 = services
        .map(|s| s.resources.memory * u64::from(s.replicas))
        .sum();
    if total > 0 && limits > total {
        report.report(Event::Warning {
            text: format!(
                "the services may use up to {}, the host has {}: memory may run out under load",
                bytes(limits),
                bytes(total)
            ),
        });
    }
}
