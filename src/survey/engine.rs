//! Looks for the facts of `checks::engine`.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Scene;
use crate::checks::engine::{Away, Denied, Engine, Told};
use crate::checks::{Known, Unknown};
use crate::engines::Engine as _;
use crate::engines::docker::DockerEngine;
use crate::error::Error;

/// Compose 1 is a script of a few hundred bytes; nothing larger is read.
const SCRIPT: u64 = 16 << 10;
/// Where Linux lets everybody bind.
const FIRST_FREE_PORT: u64 = 1024;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Engine> {
    let root = scene.root();
    let reach = match scene.engine {
        Ok(engine) => Ok(told(engine, &root).await?),
        Err(error) => Err(away(scene, error, &root)),
    };
    let largest_log = match scene.engine {
        Ok(engine) if engine.is_local() => {
            let info = engine.info().await;
            let folder = info.map(|info| root.join(info.root.trim_start_matches('/')));
            folder
                .map_err(|e| Unknown::Unseen(e.to_string()))
                .and_then(|folder| largest_log(&folder.join("containers")))
        }
        _ => Err(Unknown::Unseen(
            "the engine is on another machine".to_owned(),
        )),
    };
    Ok(Engine {
        reach,
        compose_1: compose_1(scene),
        largest_log,
    })
}

async fn told(engine: &DockerEngine, root: &Path) -> Known<Told> {
    let info = engine.info().await;
    let info = info.map_err(|error| Unknown::Unseen(error.to_string()))?;
    let d_type = info
        .storage_status
        .iter()
        .find(|(name, _)| name == "Supports d_type");
    let first = root.join("proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = std::fs::read_to_string(first).ok();
    Ok(Told {
        version: info.version.clone(),
        api: engine.api(),
        storage_driver: info.storage_driver.clone(),
        d_type: d_type.map(|(_, value)| value == "true"),
        log_driver: info.log_driver.clone(),
        rootless: info
            .security
            .iter()
            .any(|option| option.contains("rootless")),
        local: engine.is_local(),
        first_free_port: first
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(FIRST_FREE_PORT),
    })
}

fn away(scene: &Scene<'_>, error: &Error, root: &Path) -> Away {
    let message = error.message.clone();
    let socket = message
        .split_once("unix://")
        .and_then(|(_, rest)| rest.split_once('`'))
        .map(|(path, _)| PathBuf::from(path));
    let denied = socket.filter(|_| message.contains("no permission"));
    let variables = ["DOCKER_HOST", "DOCKER_CONTEXT"];
    let chosen_by = variables.into_iter().find(|name| {
        let value = scene.environment.get(*name);
        value.is_some_and(|value| !value.is_empty() && message.contains(value.as_str()))
    });
    Away {
        too_old: message.starts_with("failed to use") && message.contains("atlas needs"),
        message,
        hint: error.hint.clone(),
        chosen_by: chosen_by.map(str::to_owned),
        denied: denied.and_then(|socket| rights(scene, &socket, root)),
    }
}

/// Whether this user should be let in (group(5)).
fn rights(scene: &Scene<'_>, socket: &Path, root: &Path) -> Option<Denied> {
    let gid = socket.metadata().ok()?.gid();
    let groups = std::fs::read_to_string(root.join("etc/group")).ok()?;
    let line = groups.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let ours = fields.get(2)?.parse() == Ok(gid);
        ours.then_some(fields)
    })?;
    let variables = ["USER", "LOGNAME"];
    let user = variables
        .iter()
        .find_map(|name| scene.environment.get(*name))?;
    let mut members = line.get(3)?.split(',');
    let session = rustix::process::getgroups().unwrap_or_default();
    Some(Denied {
        group: (*line.first()?).to_owned(),
        member: members.any(|member| member == user),
        user: user.clone(),
        in_session: session.iter().any(|group| group.as_raw() == gid),
    })
}

/// `docker-compose` as the shell finds it, if it is the old one: a script of Python's that names the module `compose.cli`.
fn compose_1(scene: &Scene<'_>) -> Option<(String, String)> {
    let path = scene.environment.get("PATH")?;
    let file = path
        .split(':')
        .map(|folder| Path::new(folder).join("docker-compose"))
        .find(|file| file.is_file())?;
    if file.metadata().ok()?.len() > SCRIPT {
        return None;
    }
    let text = std::fs::read_to_string(&file).ok()?;
    let named = text.split_once("docker-compose==").map(|(_, rest)| {
        let version = |c: char| c.is_ascii_digit() || c == '.';
        let end = rest.find(|c| !version(c)).unwrap_or(rest.len());
        rest[..end].to_owned()
    });
    let old = match &named {
        Some(version) => version.starts_with("1."),
        None => text.contains("compose.cli.main"),
    };
    old.then(|| {
        (
            file.display().to_string(),
            named.unwrap_or_else(|| "1".to_owned()),
        )
    })
}

/// The largest file `ID/ID-json.log` below the engine's folder of containers.
fn largest_log(folder: &Path) -> Known<Option<(String, u64)>> {
    let containers = std::fs::read_dir(folder)
        .map_err(|cause| Unknown::Unseen(format!("{}: {cause}", folder.display())))?;
    let logs = containers.flatten().filter_map(|container| {
        let id = container.file_name().into_string().ok()?;
        let log = container.path().join(format!("{id}-json.log"));
        let size = log.metadata().ok()?.len();
        Some((log.display().to_string(), size))
    });
    Ok(logs.max_by_key(|(_, size)| *size))
}
