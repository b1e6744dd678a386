//! Looks for the facts of `checks::network`: the engine's networks, this machine's routes, and ways from inside of containers.

mod routes;
mod ways;

use super::Scene;
use crate::checks::network::{Net, Network, Subnet};
use crate::checks::{Known, Unknown};
use crate::engines::Engine;
use crate::engines::docker::{Info, NetworkFacts};
use crate::plan::State;

/// The network of the deployment guide's Compose file.
const GUIDE: &str = "atlas_ai_network";
/// What a bridge has unless told otherwise.
const MTU: u32 = 1500;
/// Docker's own pools, and the length of a network's prefix (moby, `libnetwork/ipamutils`).
const POOLS: [(&str, u8); 6] = [
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
];

pub(super) async fn look(scene: &Scene<'_>) -> Known<Network> {
    let engine = scene.engine()?;
    let deployment = scene.deployment()?;
    let observed = scene.observed()?;
    let unseen = |error: crate::engines::EngineError| Unknown::Unseen(error.to_string());
    let (networks, info, ways) = tokio::join!(
        engine.all_networks(),
        engine.info(),
        ways::look(engine, deployment, observed),
    );
    let (networks, info) = (networks.map_err(unseen)?, info.map_err(unseen)?);
    let is_guides = |name: &str| {
        let rest = name.strip_suffix(GUIDE);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    };
    let guide = match networks.iter().find(|net| is_guides(&net.name)) {
        Some(net) => Some((net.name.clone(), engine.members(&net.id).await)),
        None => None,
    };
    let root = scene.root();
    let here = || match engine.is_local() {
        true => Ok(()),
        false => Err(Unknown::Unseen(
            "the engine is on another machine".to_owned(),
        )),
    };
    let runs = |state: State| state == State::Running;
    Ok(Network {
        project: deployment.project.to_string(),
        runs: observed.containers.iter().any(|c| runs(c.state)),
        all: networks.iter().map(net).collect(),
        routes: here().and_then(|()| routes::all(&root)),
        pools: pools(info),
        uplink: here().and_then(|()| routes::uplink(&root)),
        guide,
        ways,
        localhost: here().and_then(|()| routes::localhost(&root)),
    })
}

fn net(facts: &NetworkFacts) -> Net {
    let option = |name: &str| {
        let name = format!("com.docker.network.{name}");
        facts.options.get(&name).map(String::as_str)
    };
    let short: String = facts.id.chars().take(12).collect();
    let device = option("bridge.name").map_or_else(|| format!("br-{short}"), str::to_owned);
    let mtu = option("driver.mtu").and_then(|text| text.parse().ok());
    Net {
        name: facts.name.clone(),
        device,
        project: facts.project.clone(),
        internal: facts.internal,
        subnets: facts
            .subnets
            .iter()
            .filter_map(|s| s.parse().ok())
            .collect(),
        mtu: mtu.unwrap_or(MTU),
        open: option("bridge.enable_icc") != Some("false"),
    }
}

fn pools(info: &Info) -> Vec<(Subnet, u8)> {
    let own = info.pools.iter().map(|(base, size)| (base.as_str(), *size));
    let parsed = |(base, size): (&str, u8)| Some((base.parse().ok()?, size));
    match info.pools.is_empty() {
        true => POOLS.into_iter().filter_map(parsed).collect(),
        false => own.filter_map(parsed).collect(),
    }
}
