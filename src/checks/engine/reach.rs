//! Whether the engine can be reached and is new enough.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Away, Denied, told};

/// The first API with `start_interval` (Engine 25).
const START_INTERVAL: (u64, u64) = (1, 44);

pub(super) const REACHABLE: Rule = Rule {
    id: "ATLAS-ENG-001",
    title: "the container engine can be reached",
    why: "without an engine nothing can be started, and most of this cannot be checked",
    manual: "The engine is the one that Docker's own client would use: `--host`, DOCKER_HOST, DOCKER_CONTEXT, the current context, \
             /var/run/docker.sock, in that order. It is connected to and asked for its version. No socket: Docker is not installed or not \
             started. Permission denied: the user is not in the socket's group, or this session began before that was so. \
             Refused: the socket is left of an engine that is gone. Membership in the group docker is as good as root on that machine.",
    see: &[
        "https://docs.docker.com/engine/install/linux-postinstall/",
        "https://github.com/docker/compose/issues/1214",
    ],
    needs: &[],
    cheap: false,
    judge: reachable,
};

pub(super) const VERSION: Rule = Rule {
    id: "ATLAS-ENG-002",
    title: "the engine is new enough",
    why: "an older engine lacks what the deployment is written for",
    manual: "atlas speaks API 1.41 (Engine 20.10) and later. The rendered compose.yaml has `start_interval`, which Engine 25 brought; for \
             an older engine `oldest-engine: \"20.10\"` in atlas.yaml leaves it out.",
    see: &["https://docs.docker.com/reference/api/engine/version-history/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: version,
};

fn reachable(facts: &Facts) -> Result<Verdict, Unknown> {
    let away = match &seen(&facts.engine)?.reach {
        Ok(told) => return Ok(Verdict::Good(format!("engine {} answers", told.version))),
        Err(away) if away.too_old => return Ok(Verdict::Good("it answers".to_owned())),
        Err(away) => away,
    };
    let mut problem = Problem::failure(&away.message, fix(away));
    if let Some(denied) = &away.denied {
        problem = problem.and(rights(denied));
    }
    if let Some(by) = &away.chosen_by {
        problem = problem.and(format!("this engine was chosen by {by}"));
    }
    Ok(Verdict::Bad(vec![problem]))
}

fn rights(denied: &Denied) -> String {
    let Denied { user, group, .. } = denied;
    match (denied.member, denied.in_session) {
        (true, false) => format!(
            "user {user} is in the group {group}, but this session is not: it began before that"
        ),
        (true, true) => {
            format!("user {user} is in the group {group}, and the socket's mode refuses it")
        }
        (false, _) => {
            format!("user {user} is not in the group {group}, which the socket belongs to")
        }
    }
}

fn fix(away: &Away) -> Fix {
    match &away.denied {
        Some(denied) if denied.member => {
            return Fix::by_hand(format!(
                "log out and in again; in this shell `newgrp {}` does",
                denied.group
            ));
        }
        Some(denied) => {
            return Fix::command(
                "add the user to the group, then log out and in again",
                format!("sudo usermod -aG {} {}", denied.group, denied.user),
            );
        }
        None => {}
    }
    if let Some(variable) = away
        .chosen_by
        .as_deref()
        .filter(|by| by.starts_with("DOCKER_"))
    {
        return Fix::by_hand(format!(
            "set {variable} to an engine that answers, or `unset {variable}` for the one of this machine"
        ));
    }
    let hint = away.hint.as_deref().unwrap_or("check that it runs");
    match hint.contains("systemctl start docker") {
        true => Fix::command(hint, "sudo systemctl start docker"),
        false => Fix::by_hand(hint),
    }
}

fn version(facts: &Facts) -> Result<Verdict, Unknown> {
    if let Err(away) = &seen(&facts.engine)?.reach
        && away.too_old
    {
        let hint = away.hint.clone().unwrap_or_default();
        let problem = Problem::failure(&away.message, Fix::by_hand(hint));
        return Ok(Verdict::Bad(vec![problem]));
    }
    let told = told(facts)?;
    let (major, minor) = told.api;
    let version = &told.version;
    let starts = facts.deployment.as_ref().is_ok_and(|d| d.start_interval);
    if starts && told.api < START_INTERVAL {
        let text = format!(
            "engine {version} is older than 25: `docker compose` cannot run compose.yaml on it"
        );
        let fix = Fix::by_hand("set `oldest-engine: \"20.10\"` in atlas.yaml");
        return Ok(Verdict::Bad(vec![Problem::warning(text, fix)]));
    }
    let evidence = format!("engine {version} speaks API {major}.{minor}");
    Ok(Verdict::Good(evidence))
}
