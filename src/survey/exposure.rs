//! Looks for the facts of `checks::exposure`: published ports, and the firewall of this machine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Scene;
use crate::checks::exposure::{Exposure, Firewall, Published};
use crate::checks::{Known, Unknown};
use crate::engines::Engine;
use crate::plan::State;

/// A program that prints rules does so at once.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn look(scene: &Scene<'_>) -> Known<Exposure> {
    let engine = scene.engine()?;
    let deployment = scene.deployment()?;
    let observed = scene.observed()?;
    let mut published: Vec<Published> = Vec::new();
    for container in &observed.containers {
        let mut services = deployment.services.values();
        let service = services.find(|service| service.name.as_str() == container.service);
        published.extend(container.ports.iter().map(|(address, port, _)| Published {
            service: container.service.clone(),
            kind: service.map(|service| service.kind),
            address: *address,
            port: *port,
        }));
    }
    published.sort();
    // The engine tells of IPv4 and IPv6 apart.
    published.dedup_by(|next, first| {
        let both = next.address.is_unspecified() && first.address.is_unspecified();
        next.service == first.service && next.port == first.port && both
    });
    let firewall = match engine.is_local() {
        true => Some(firewall(&scene.root()).await),
        false => None,
    };
    Ok(Exposure {
        runs: observed
            .containers
            .iter()
            .any(|container| container.state == State::Running),
        published,
        firewall,
    })
}

/// What files tell, then what iptables tells of the running kernel.
async fn firewall(root: &Path) -> Known<Firewall> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let mut firewall = Firewall::default();
    if setting(&read("etc/ufw/ufw.conf"), "ENABLED")
        .is_some_and(|value| value.eq_ignore_ascii_case("yes"))
    {
        firewall.closed = Some("ufw is active".to_owned());
        let after = read("etc/ufw/after.rules");
        if after.lines().any(|line| {
            line.trim_start().starts_with("-A DOCKER-USER") && !line.contains("-j RETURN")
        }) {
            firewall.covers = Some("its after.rules have the chain DOCKER-USER".to_owned());
        }
    } else if runs(root, "firewalld") {
        firewall.closed = Some("firewalld runs".to_owned());
    }
    let saved = read("etc/iptables/rules.v4");
    let rules = match root == Path::new("/") {
        true => kernel().await,
        false => Ok(saved),
    };
    match rules {
        Ok(rules) => chains(&rules, &mut firewall),
        // A firewall that is known by its files is known enough.
        Err(_) if firewall.closed.is_some() => {}
        Err(unknown) => return Err(unknown),
    }
    Ok(firewall)
}

/// `NAME=value` of a file for shells.
fn setting<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut lines = text.lines().filter_map(|line| line.trim().split_once('='));
    let value = lines.find(|(key, _)| *key == name)?.1;
    Some(value.trim().trim_matches('"'))
}

/// Whether a process of that name runs.
fn runs(root: &Path, name: &str) -> bool {
    let processes = fs::read_dir(root.join("proc"))
        .into_iter()
        .flatten()
        .flatten();
    let mut names =
        processes.filter_map(|process| fs::read_to_string(process.path().join("comm")).ok());
    names.any(|found| found.trim() == name)
}

/// The rules in the kernel; without iptables there are none that Docker would pass by.
async fn kernel() -> Known<String> {
    let command = tokio::process::Command::new("iptables")
        .args(["-w", "1", "-S"])
        .kill_on_drop(true)
        .output();
    let unseen = |why: &str| Err(Unknown::Unseen(why.to_owned()));
    match tokio::time::timeout(PATIENCE, command).await {
        Err(_) => unseen("iptables does not answer"),
        Ok(Err(cause)) if cause.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Ok(Err(_)) => unseen("iptables cannot be run"),
        Ok(Ok(output)) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Ok(_)) => unseen("only root sees the rules of iptables"),
    }
}

/// `iptables -S` or a saved file: what INPUT does with what it has no rule for, and whether DOCKER-USER refuses anything.
fn chains(rules: &str, firewall: &mut Firewall) {
    let lines = || rules.lines().map(str::trim);
    let drops = [
        "-P INPUT DROP",
        "-P INPUT REJECT",
        ":INPUT DROP",
        ":INPUT REJECT",
    ];
    let last = lines().rfind(|line| line.starts_with("-A INPUT"));
    let refuses = last.is_some_and(|line| {
        ["-A INPUT -j DROP", "-A INPUT -j REJECT"]
            .iter()
            .any(|rule| line.starts_with(rule))
    });
    if firewall.closed.is_none()
        && (refuses || lines().any(|line| drops.iter().any(|rule| line.starts_with(rule))))
    {
        firewall.closed =
            Some("the INPUT chain of iptables refuses what it does not know".to_owned());
    }
    let covers = lines().any(|line| {
        line.starts_with("-A DOCKER-USER")
            && (line.contains("-j DROP") || line.contains("-j REJECT"))
    });
    if covers {
        firewall.covers = Some("the chain DOCKER-USER refuses too".to_owned());
    }
}
