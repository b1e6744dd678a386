//! How the engine is set up.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::told;
use crate::model::{Mount, bytes};

/// A log of that size is one that nothing ends.
const LARGE_LOG: u64 = 1 << 30;

pub(super) const STORAGE: Rule = Rule {
    id: "ATLAS-ENG-003",
    title: "the engine's storage driver is a good one",
    why: "vfs copies every layer whole, and old drivers are slow or no longer there after an upgrade",
    manual: "`docker info` tells the driver. overlay2, overlayfs, fuse-overlayfs, btrfs and zfs are good; vfs, aufs and devicemapper are \
             warnings. overlay on a file system without d_type (XFS made with ftype=0) loses files and is a failure. \
             `\"storage-driver\": \"overlay2\"` in /etc/docker/daemon.json changes it; images and containers of the old one are not seen then.",
    see: &["https://docs.docker.com/engine/storage/drivers/select-storage-driver/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: storage,
};

pub(super) const LOGS: Rule = Rule {
    id: "ATLAS-ENG-004",
    title: "no container's log grows without end",
    why: "the engine's default driver json-file never rotates, and one talkative container fills the disk",
    manual: "atlas gives each of its containers rotated logs, whatever the engine's default is. Other containers have the default: with \
             `json-file` and no `max-size` in /etc/docker/daemon.json their logs grow for ever. The largest is looked at (only root may); \
             1 GiB is a warning. `\"log-driver\": \"local\"` in /etc/docker/daemon.json rotates those of new containers.",
    see: &["https://docs.docker.com/engine/logging/configure/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: logs,
};

pub(super) const PLACE: Rule = Rule {
    id: "ATLAS-ENG-005",
    title: "the engine can do here what the deployment asks",
    why: "a rootless engine may not bind small ports, and one on another machine does not see this machine's files",
    manual: "`docker info` tells whether the engine is rootless; net.ipv4.ip_unprivileged_port_start tells the first port it may bind. An engine \
             that is not at a local socket counts as another machine: secret files and mounted folders must be there under the same path. \
             Running atlas on that machine is the simple way.",
    see: &["https://docs.docker.com/engine/security/rootless/tips/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: place,
};

fn storage(facts: &Facts) -> Result<Verdict, Unknown> {
    let told = told(facts)?;
    let driver = &told.storage_driver;
    let fix = Fix::by_hand(
        "set `\"storage-driver\": \"overlay2\"` in /etc/docker/daemon.json, then `sudo systemctl restart docker` (save what is in volumes first: `atlas backup create`)",
    );
    let problem = match driver.as_str() {
        "vfs" => Problem::warning("the driver is vfs, which copies every layer whole", fix),
        "aufs" | "devicemapper" | "overlay" => Problem::warning(
            format!("the driver is {driver}, which Engine 25 has no more"),
            fix,
        ),
        _ if told.d_type == Some(false) => Problem::failure(
            format!("{driver} lies on a file system without d_type"),
            Fix::by_hand(
                "make that file system anew with `mkfs.xfs -n ftype=1`, or move Docker's data to another one",
            ),
        ),
        _ => return Ok(Verdict::Good(format!("the driver is {driver}"))),
    };
    Ok(Verdict::Bad(vec![problem]))
}

fn logs(facts: &Facts) -> Result<Verdict, Unknown> {
    let told = told(facts)?;
    let driver = &told.log_driver;
    let ours = "atlas' own containers rotate theirs";
    let largest = match &seen(&facts.engine)?.largest_log {
        Ok(largest) => largest,
        // What others' containers do to the disk is seen by root only; ours are known to be well.
        Err(_) => return Ok(Verdict::Good(format!("{ours}; the default is {driver}"))),
    };
    match largest {
        Some((path, size)) if *size >= LARGE_LOG => {
            let text = format!("{path} has {}, and nothing ends its growth", bytes(*size));
            let fix = Fix::command(
                "set `\"log-driver\": \"local\"` in /etc/docker/daemon.json for new containers, and empty this one",
                format!("truncate -s 0 '{path}'"),
            );
            Ok(Verdict::Bad(vec![Problem::warning(text, fix)]))
        }
        Some((_, size)) => Ok(Verdict::Good(format!(
            "{ours}; the largest other log has {}",
            bytes(*size)
        ))),
        None => Ok(Verdict::Good(format!("{ours}; there are no others"))),
    }
}

fn place(facts: &Facts) -> Result<Verdict, Unknown> {
    let told = told(facts)?;
    let deployment = facts.deployment()?;
    let mut problems = Vec::new();
    for service in deployment.services.values() {
        let name = &service.name;
        let mut openings = service.openings().filter(|_| told.rootless);
        let privileged =
            openings.find(|own| u64::from(own.publish.port.get()) < told.first_free_port);
        if let Some(publish) = privileged.map(|opening| opening.publish) {
            let text = format!(
                "the engine is rootless and may bind ports from {} only, not {}",
                told.first_free_port, publish.port
            );
            let fix = Fix::by_hand(format!(
                "set `services.{name}.port` in atlas.yaml to a larger one, or allow it: `sudo sysctl -w net.ipv4.ip_unprivileged_port_start={}`",
                publish.port
            ));
            problems.push(Problem::failure(text, fix).about(name.as_str()));
        }
        let binds = |mount: &Mount| matches!(mount, Mount::Bind { .. });
        if !told.local && (service.mounts.iter().any(binds) || !service.secrets.is_empty()) {
            let text = "the engine is on another machine, and this service reads files of this one";
            let fix = Fix::by_hand(
                "run atlas on the engine's machine, or put the project's folder there under the same path",
            );
            problems.push(Problem::warning(text, fix).about(name.as_str()));
        }
    }
    let evidence = match (told.local, told.rootless) {
        (true, false) => "it runs on this machine as root",
        (true, true) => "it runs on this machine, rootless",
        (false, _) => "it is on another machine, and needs no file of this one",
    };
    Ok(Verdict::of(problems, evidence))
}
