//! Looks for the facts of `checks::host`: below the scene's root where the engine is on this machine, else at what it tells.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Scene;
use crate::checks::host::{Clock, Disk, Host, Limits, Memory, Processor};
use crate::checks::{Known, Unknown};
use crate::engines::Engine;
use crate::engines::docker::Info;

/// Files that atlas or a person writes into the project's folder, beside its own.
const WRITTEN: [&str; 2] = [".env", "compose.yaml"];
/// Where Docker keeps its data unless told otherwise.
const DOCKER_ROOT: &str = "/var/lib/docker";
/// What this atlas was built for, in the engine's words.
const HERE: &str = if cfg!(target_arch = "aarch64") {
    "aarch64"
} else {
    "x86_64"
};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Host> {
    let root = scene.root();
    let local = match scene.engine {
        Ok(engine) => engine.is_local(),
        // One that does not answer has told nothing but its address.
        Err(error) => !["tcp://", "ssh://", "http://", "https://"]
            .iter()
            .any(|scheme| error.message.contains(scheme)),
    };
    let info = match scene.engine {
        Ok(engine) => Some(
            engine
                .info()
                .await
                .map_err(|e| Unknown::Unseen(e.to_string()))?,
        ),
        Err(_) => None,
    };
    let here = || match local {
        true => Ok(()),
        false => Err(unseen("the engine is on another machine")),
    };
    Ok(Host {
        memory: match info.filter(|_| !local) {
            Some(info) => Ok(Memory {
                total: info.memory,
                available: None,
            }),
            None => here().and_then(|()| memory(&root)),
        },
        disks: here().and_then(|()| disks(scene, &root, info)),
        processor: here().and_then(|()| processor(&root, info)),
        clock: Ok(clock(scene, info, local)),
        open_files: here().and_then(|()| open_files(&root)),
        limits: info.map(limits).ok_or(Unknown::Needs("ENG")),
        overcommit: here().and_then(|()| number(&root, "proc/sys/vm/overcommit_memory")),
        map_count: here().and_then(|()| number(&root, "proc/sys/vm/max_map_count")),
        huge_pages: here().and_then(|()| huge_pages(&root)),
    })
}

fn unseen(reason: impl Into<String>) -> Unknown {
    Unknown::Unseen(reason.into())
}

/// A file below the root.
fn text(root: &Path, path: &str) -> Known<String> {
    let path = root.join(path);
    let text = std::fs::read_to_string(&path);
    text.map_err(|cause| unseen(format!("{}: {cause}", path.display())))
}

fn number(root: &Path, path: &str) -> Known<u64> {
    let number = text(root, path)?.trim().parse();
    number.map_err(|_| unseen(format!("/{path} is no number")))
}

/// `MemTotal` and `MemAvailable` (proc_meminfo(5)), in KiB there.
fn memory(root: &Path) -> Known<Memory> {
    let text = text(root, "proc/meminfo")?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib << 10)
    };
    let total = field("MemTotal:").ok_or_else(|| unseen("/proc/meminfo has no MemTotal"))?;
    Ok(Memory {
        total,
        available: field("MemAvailable:"),
    })
}

fn disks(scene: &Scene<'_>, root: &Path, info: Option<&Info>) -> Known<Vec<Disk>> {
    let docker = info.map_or(DOCKER_ROOT, |info| &info.root);
    let below = root.join(docker.trim_start_matches('/'));
    let docker = disk("Docker keeps its data", &below)?;
    let project = disk("the project is", scene.directory);
    let same = |project: &Disk| (project.total, project.free) == (docker.total, docker.free);
    let further = project.ok().filter(|project| !same(project));
    Ok([Some(docker), further].into_iter().flatten().collect())
}

fn disk(purpose: &'static str, path: &Path) -> Known<Disk> {
    let shown = path.display().to_string();
    let stat = rustix::fs::statvfs(path).map_err(|cause| unseen(format!("{shown}: {cause}")))?;
    Ok(Disk {
        purpose,
        path: shown,
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        total: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_files: stat.f_favail,
        files: stat.f_files,
    })
}

fn processor(root: &Path, info: Option<&Info>) -> Known<Processor> {
    let text = text(root, "proc/cpuinfo")?;
    let field = |names: [&str; 2]| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            names
                .contains(&name.trim())
                .then(|| value.trim().to_owned())
        })
    };
    let features =
        field(["flags", "Features"]).ok_or_else(|| unseen("/proc/cpuinfo tells no features"))?;
    Ok(Processor {
        architecture: info.map_or(HERE, |info| &info.architecture).to_owned(),
        model: field(["model name", "CPU implementer"]).unwrap_or_else(|| "unnamed".to_owned()),
        features: features.split_whitespace().map(str::to_owned).collect(),
    })
}

fn clock(scene: &Scene<'_>, info: Option<&Info>, same: bool) -> Clock {
    let since = |time: SystemTime| {
        let seconds = time.duration_since(UNIX_EPOCH).map(|d| d.as_secs());
        seconds.ok().and_then(|seconds| i64::try_from(seconds).ok())
    };
    let now = since(SystemTime::now());
    let ahead = |time: Option<i64>| Some(time? - now?);
    let written = [scene.inputs.project.file.as_str()]
        .into_iter()
        .chain(WRITTEN);
    let dated = written.filter(|name| !name.is_empty()).filter_map(|name| {
        let modified = scene.directory.join(name).metadata().ok()?.modified();
        Some((name.to_owned(), ahead(since(modified.ok()?))?))
    });
    Clock {
        engine_ahead: info.and_then(|info| ahead(info.now)),
        same,
        future: dated.max_by_key(|(_, ahead)| *ahead),
    }
}

/// The soft limit of the engine's process, which containers inherit.
fn open_files(root: &Path) -> Known<u64> {
    let process = ["var/run/docker.pid", "run/docker.pid"]
        .into_iter()
        .find_map(|path| text(root, path).ok())
        .ok_or_else(|| unseen("the engine's process is not known: there is no docker.pid"))?;
    let limits = text(root, &format!("proc/{}/limits", process.trim()))?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    match soft {
        Some("unlimited") => Ok(u64::MAX),
        Some(number) => number
            .parse()
            .map_err(|_| unseen("the engine's limit of open files is no number")),
        None => Err(unseen("the engine's process has no limit of open files")),
    }
}

fn limits(info: &Info) -> Limits {
    Limits {
        memory: info.limits.memory,
        cpu: info.limits.cpu,
        pids: info.limits.pids,
        cgroup: info.cgroup_version.clone(),
    }
}

/// The word in brackets: `always [madvise] never`.
fn huge_pages(root: &Path) -> Known<String> {
    let path = "sys/kernel/mm/transparent_hugepage/enabled";
    let text = text(root, path)?;
    let chosen = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    let (word, _) = chosen.ok_or_else(|| unseen(format!("/{path}: {text}")))?;
    Ok(word.to_owned())
}
