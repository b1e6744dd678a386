//! Whether the project's networks are the ones that are described.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Repair, Rule, Verdict};

pub(super) const AS_DESCRIBED: Rule = Rule {
    id: "ATLAS-NET-001",
    title: "the networks are as described, and nobody else's",
    why: "services in different networks do not find each other, and a network of another project brings strangers in",
    manual: "Every network of the deployment must exist as PROJECT_NAME, carry this project's label, and be closed to the outside where it is \
             described so (`data`). Networks of the project that are described no more are a warning, and so is the deployment guide's own \
             network `atlas_ai_network`: its containers are another backend beside this one. `docker network inspect NAME` shows one.",
    see: &["https://docs.docker.com/compose/how-tos/networking/"],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let deployment = facts.deployment()?;
    let network = seen(&facts.network)?;
    let project = &network.project;
    let mut problems = Vec::new();
    for (key, described) in &deployment.networks {
        let name = format!("{project}_{key}");
        let again = || Fix::command("make it anew", "atlas down && atlas up");
        let Some(net) = network.all.iter().find(|net| net.name == name) else {
            if network.runs {
                let fix = Fix::command("make it", "atlas up").safe(Repair::Up);
                problems.push(Problem::failure(format!("there is no network {name}"), fix));
            }
            continue;
        };
        match &net.project {
            Some(owner) if owner == project => {}
            owner => {
                let owner = owner
                    .as_deref()
                    .map_or("nobody's label".to_owned(), |owner| {
                        format!("the label of project {owner}")
                    });
                let text = format!("network {name} has {owner}");
                let command = format!("docker network rm {name}");
                let fix = Fix::command("remove it; `atlas up` makes ours", command);
                problems.push(Problem::failure(text, fix));
            }
        }
        if net.internal != described.internal {
            let text = match net.internal {
                true => format!("network {name} is closed to the outside, and should not be"),
                false => format!("network {name} is open to the outside, and should be closed"),
            };
            problems.push(Problem::failure(text, again()));
        }
    }
    let known = |name: &str| {
        let key = name.strip_prefix(&format!("{project}_"));
        key.is_some_and(|key| deployment.networks.contains_key(key))
    };
    for net in network.own().filter(|net| !known(&net.name)) {
        let text = format!(
            "network {} belongs to the project, and is described no more",
            net.name
        );
        let fix = Fix::command("remove it", format!("docker network rm {}", net.name));
        problems.push(Problem::warning(text, fix));
    }
    problems.extend(guide(network.guide.as_ref()));
    if problems.is_empty() && !network.runs {
        return Err(Unknown::Unseen(
            "nothing runs yet; `atlas up` starts it".to_owned(),
        ));
    }
    let names: Vec<&str> = deployment.networks.keys().map(String::as_str).collect();
    Ok(Verdict::of(
        problems,
        format!("{} are there", names.join(", ")),
    ))
}

fn guide(guide: Option<&(String, Vec<String>)>) -> Option<Problem> {
    let (name, members) = guide?;
    let text = format!("a deployment by the guide is beside this one: network {name}");
    let problem = |fix| Problem::warning(&text, fix);
    Some(match members.is_empty() {
        true => problem(Fix::command(
            "remove it",
            format!("docker network rm {name}"),
        )),
        false => {
            let fix = Fix::by_hand(
                "end it where its docker-compose.yml is: `docker compose down` (its volumes stay)",
            );
            problem(fix).and(format!("in it run {}", members.join(", ")))
        }
    })
}
