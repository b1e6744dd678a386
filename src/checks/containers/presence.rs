//! Whether every service has its containers, and no other has any.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Repair, Rule, Verdict};
use super::{Fate, Seen, count, look};

pub(super) const PRESENT: Rule = Rule {
    id: "ATLAS-CON-001",
    title: "every service has its containers, and they run",
    why: "a service without a running container does not answer, nor do those that depend on it",
    manual: "Containers are told by their labels and compared with the services of atlas.yaml. Those that ended by a failure, loop or were killed \
             for memory have checks of their own. `atlas up` makes and starts what is missing.",
    see: &["https://docs.docker.com/reference/cli/docker/container/ls/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: present,
};

pub(super) const ORPHANS: Rule = Rule {
    id: "ATLAS-CON-007",
    title: "no container is left of a service that is gone",
    why: "what nobody describes any more is never updated, and still uses memory, ports and names",
    manual: "Containers with the project's label whose service atlas.yaml does not have. `atlas up --remove-orphans` removes them; volumes stay.",
    see: &["https://docs.docker.com/reference/cli/docker/compose/up/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: orphans,
};

fn up() -> Fix {
    Fix::command("start what is missing", "atlas up").safe(Repair::Up)
}

fn present(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let deployment = facts.deployment()?;
    let mut problems = Vec::new();
    for service in deployment.services.values() {
        let name = service.name.as_str();
        let own: Vec<&Seen> = containers
            .all
            .iter()
            .filter(|seen| seen.service == name)
            .collect();
        let stopped = own
            .iter()
            .filter(|seen| Fate::of(seen, containers.now) == Fate::Stopped);
        for seen in stopped {
            let text = format!("{} is {}", seen.name, seen.state.as_str());
            problems.push(Problem::failure(text, up()).about(name));
        }
        let (wanted, found) = (service.replicas as usize, own.len());
        if found < wanted {
            let text = match found {
                0 => format!("{name} has no container"),
                _ => format!("{name} has {found} of {wanted} containers"),
            };
            problems.push(Problem::failure(text, up()).about(name));
        }
    }
    let evidence = format!(
        "{} of {} services",
        count(containers.all.len()),
        deployment.services.len()
    );
    Ok(Verdict::of(problems, evidence))
}

fn orphans(facts: &Facts) -> Result<Verdict, Unknown> {
    // They can be there without any other container.
    let containers = seen(&facts.containers)?;
    let deployment = facts.deployment()?;
    let known = |name: &str| {
        deployment
            .services
            .keys()
            .any(|service| service.as_str() == name)
    };
    let orphans = containers.all.iter().filter(|seen| !known(&seen.service));
    let orphans = orphans.map(|seen| {
        let text = format!(
            "{} is of service `{}`, which atlas.yaml does not have",
            seen.name, seen.service
        );
        let fix = Fix::command("remove it; its volumes stay", "atlas up --remove-orphans");
        Problem::warning(text, fix).about(&seen.service)
    });
    let orphans: Vec<Problem> = orphans.collect();
    if orphans.is_empty() {
        look(facts)?;
    }
    let evidence = format!(
        "{}, each of a service of atlas.yaml",
        count(containers.all.len())
    );
    Ok(Verdict::of(orphans, evidence))
}
