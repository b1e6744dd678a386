//! Addresses: that no two networks share them, and that there are some left.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::Subnet;

pub(super) const OVERLAP: Rule = Rule {
    id: "ATLAS-NET-002",
    title: "no network of ours overlaps another one",
    why: "packets for a company's network or a VPN end in a bridge of this machine, or the other way round",
    manual: "The subnets of the project's networks are compared with this machine's routes (/proc/net/route) and with all other networks of \
             the engine. `\"default-address-pools\"` in /etc/docker/daemon.json makes the engine choose others; networks that exist keep \
             theirs until they are made anew.",
    see: &[
        "https://github.com/docker/for-linux/issues/599",
        "https://docs.docker.com/engine/network/#subnet-allocation",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge: overlap,
};

pub(super) const POOLS: Rule = Rule {
    id: "ATLAS-NET-003",
    title: "there are subnets left for new networks",
    why: "without a free subnet the engine makes no more networks, and `atlas up` fails",
    manual: "The engine takes subnets from pools: 172.17.0.0/16 to 172.31.0.0/16 and 192.168.0.0/20 to 192.168.240.0/20 unless told \
             otherwise, leaving out what routes and other networks use. `docker network prune` removes networks that nothing uses; \
             `\"default-address-pools\"` in /etc/docker/daemon.json gives more and smaller ones.",
    see: &["https://github.com/docker/for-linux/issues/599"],
    needs: &["ENG-001"],
    cheap: false,
    judge: pools,
};

const OTHER_POOLS: &str = "set `\"default-address-pools\": [{\"base\": \"10.213.0.0/16\", \"size\": 24}]` in /etc/docker/daemon.json, restart the engine, then `atlas down && atlas up`";

fn overlap(facts: &Facts) -> Result<Verdict, Unknown> {
    let network = seen(&facts.network)?;
    let own: Vec<_> = network.own().collect();
    if own.is_empty() {
        return Err(Unknown::Unseen(
            "there are no networks yet; `atlas up` makes them".to_owned(),
        ));
    }
    let routes = seen(&network.routes)?;
    let mut problems = Vec::new();
    let mut subnets = Vec::new();
    for net in own {
        for subnet in &net.subnets {
            subnets.push(subnet.to_string());
            let devices: Vec<&str> = network.all.iter().map(|net| net.device.as_str()).collect();
            let foreign = routes.iter().filter(|route| {
                !route.subnet.is_everything() && !devices.contains(&route.device.as_str())
            });
            for route in foreign.filter(|route| route.subnet.overlaps(*subnet)) {
                let text = format!(
                    "network {} has {subnet}, and {} is reached through {}",
                    net.name, route.subnet, route.device
                );
                problems.push(Problem::failure(text, Fix::by_hand(OTHER_POOLS)));
            }
            let others = network.all.iter().filter(|other| other.name != net.name);
            for other in others {
                if other.subnets.iter().any(|other| other.overlaps(*subnet)) {
                    let text = format!(
                        "networks {} and {} share addresses of {subnet}",
                        net.name, other.name
                    );
                    let fix = Fix::command("make ours anew", "atlas down && atlas up");
                    problems.push(Problem::failure(text, fix));
                }
            }
        }
    }
    Ok(Verdict::of(
        problems,
        format!("{} are ours alone", subnets.join(", ")),
    ))
}

fn pools(facts: &Facts) -> Result<Verdict, Unknown> {
    let network = seen(&facts.network)?;
    let routes = seen(&network.routes)?;
    let deployment = facts.deployment()?;
    let wanted = deployment.networks.keys().filter(|key| {
        let name = format!("{}_{key}", network.project);
        !network.all.iter().any(|net| net.name == name)
    });
    let wanted = wanted.count();
    let networks = network
        .all
        .iter()
        .flat_map(|net| net.subnets.iter().copied());
    let routes = routes.iter().map(|route| route.subnet);
    let used: Vec<Subnet> = networks
        .chain(routes.filter(|subnet| !subnet.is_everything()))
        .collect();
    let parts = network
        .pools
        .iter()
        .flat_map(|(pool, prefix)| pool.parts(*prefix));
    let (mut all, mut free) = (0_usize, 0_usize);
    for part in parts {
        all += 1;
        free += usize::from(!used.iter().any(|used| used.overlaps(part)));
    }
    let text = format!("{free} of {all} subnets are free, and {wanted} are needed");
    let fix = Fix::command(
        "remove networks that nothing uses",
        "docker network prune --force",
    );
    let problem = match (free < wanted, free) {
        (true, _) => Problem::failure(text, fix),
        (false, 0) => Problem::warning(text, fix),
        (false, _) => return Ok(Verdict::Good(format!("{free} of {all} subnets are free"))),
    };
    Ok(Verdict::Bad(vec![problem]))
}
