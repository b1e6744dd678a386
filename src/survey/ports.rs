//! Looks for the facts of `checks::ports`: binds each port for a moment, and finds out who has a taken one.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpSocket;

use super::Scene;
use crate::checks::ports::{Holder, Ports, Wanted};
use crate::checks::{Known, Unknown};
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::model::Publish;
use crate::plan::{Observed, State};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Ports> {
    let engine = scene.engine()?;
    let observed = scene.observed()?;
    let root = scene.root();
    let mut wanted = Vec::new();
    for service in scene.deployment()?.services.values() {
        for opening in service.openings().filter(|opening| !opening.udp) {
            let publish = opening.publish;
            let holder = match engine.is_local() {
                true => Ok(holder(engine, &root, publish, observed).await),
                false => Err(Unknown::Unseen(
                    "the engine is on another machine".to_owned(),
                )),
            };
            wanted.push(Wanted {
                service: service.name.to_string(),
                address: publish.address,
                port: publish.port.get(),
                holder,
            });
        }
    }
    Ok(Ports { wanted })
}

async fn holder(
    engine: &DockerEngine,
    root: &Path,
    publish: Publish,
    observed: &Observed,
) -> Holder {
    let port = publish.port.get();
    let ours = observed.containers.iter().any(|container| {
        let mut ports = container.ports.iter();
        container.state == State::Running && ports.any(|(_, published, _)| *published == port)
    });
    if ours {
        return Holder::Ours;
    }
    let Err(cause) = bind(SocketAddr::new(publish.address, port)) else {
        return Holder::Nobody;
    };
    match cause.kind() {
        ErrorKind::AddrInUse => Holder::Other(owner(engine, root, port).await),
        // Engines may bind what this user may not.
        ErrorKind::PermissionDenied => Holder::Nobody,
        ErrorKind::AddrNotAvailable => Holder::NoAddress,
        _ => Holder::Unusable(crate::error::cause(&cause)),
    }
}

/// Binds an address for a moment and does not listen: it fails where somebody listens there. Whoever starts to listen in that
/// moment, and whoever else looks, is not disturbed: addresses are shared until one listens (socket(7), SO_REUSEADDR).
fn bind(address: SocketAddr) -> std::io::Result<()> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

/// ` by container …` or ` by process …`, as far as it can be told.
async fn owner(engine: &DockerEngine, root: &Path, port: u16) -> String {
    if let Some((name, project)) = engine.publisher(port).await {
        return match project {
            Some(project) => format!(" by container `{name}` of project `{project}`"),
            None => format!(" by container `{name}`"),
        };
    }
    match listener(root, port) {
        Some((pid, name)) => format!(" by process {pid} ({name})"),
        None => String::new(),
    }
}

/// The process that listens on a TCP port: its socket's inode from `/proc/net/tcp*`, then who has that inode open
/// (proc(5)). `None` where other users' processes cannot be read.
fn listener(root: &Path, port: u16) -> Option<(u32, String)> {
    const LISTEN: &str = "0A";
    let tables = ["proc/net/tcp", "proc/net/tcp6"];
    let tables = tables
        .iter()
        .filter_map(|path| std::fs::read_to_string(root.join(path)).ok());
    let suffix = format!(":{port:04X}");
    let inode = tables.into_iter().find_map(|table| {
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let listens = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == LISTEN;
            listens.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
        })
    })?;
    for process in std::fs::read_dir(root.join("proc")).ok()?.flatten() {
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn who_looks_is_not_in_the_way_of_who_looks_too_or_begins_to_listen() {
        let listening = TcpListener::bind("127.83.7.1:0").expect("an address of this test");
        let address = listening.local_addr().expect("it is bound");
        let refused = bind(address).expect_err("somebody listens");
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        drop(listening);

        let looking = TcpSocket::new_v4().expect("a socket");
        looking.set_reuseaddr(true).expect("it is new");
        looking.bind(address).expect("nobody listens");
        bind(address).expect("two may look");
        TcpListener::bind(address).expect("one may begin to listen");
    }
}
