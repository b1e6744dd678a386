//! Counts requests until the gateway refuses. Owns who it pretends to be and when it gives up.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};

use super::{Gateway, client};
use crate::checks::operations::{Limited, Rate};
use crate::checks::{Known, Unknown};
use crate::engines::docker::DockerEngine;
use crate::survey::{Scene, http};

/// Never more requests than this.
const MOST: u32 = 2000;
/// Never longer than this; one area has a little more.
const LONGEST: Duration = Duration::from_secs(4);
/// Where the configuration names no limit.
const USUAL: u32 = 480;
/// An address that belongs to nobody (RFC 5737), for gateways that believe a proxy about who asks.
const NOBODY: &str = "192.0.2.1";

pub(super) async fn look(scene: &Scene<'_>) -> Known<Option<Rate>> {
    let Some(gateway) = Gateway::find(scene)? else {
        return Ok(None);
    };
    if !scene.counting {
        return Err(Unknown::Unseen("`atlas checklist` counts it".to_owned()));
    }
    let configured = gateway.variable("RATE_LIMIT_PER_MINUTE");
    let configured = configured.and_then(|limit| limit.parse().ok());
    let mut rate = Rate {
        configured,
        sent: 0,
        millis: 0,
        limited: None,
        announced: None,
        client: String::new(),
    };
    if configured == Some(0) {
        return Ok(Some(rate));
    }
    let believes = gateway.variable("ATLAS_TRUST_PROXY");
    let believes = believes.is_some_and(|value| matches!(value, "true" | "1" | "yes" | "on"));
    let from = match own_address(scene.engine()?, &gateway).await {
        Some(from) => Some(from),
        // Whoever asks is told by the header there.
        None if believes => None,
        None => {
            let why = "this machine has no second address to ask from, and real clients shall not be limited by it";
            return Err(Unknown::Unseen(why.to_owned()));
        }
    };
    rate.client = match from {
        Some(from) if !believes => from.to_string(),
        _ => NOBODY.to_owned(),
    };
    count(&gateway, from, &mut rate).await?;
    Ok(Some(rate))
}

/// An address of this machine that no client of the gateway has: the machine's own in another bridge. Programs of this machine
/// come by the address in the gateway's own network.
async fn own_address(engine: &DockerEngine, gateway: &Gateway<'_>) -> Option<IpAddr> {
    let bridges = engine.bridges().await.ok()?;
    let known = &gateway.container.networks;
    let mut others = bridges
        .iter()
        .filter(|(name, _)| !known.contains_key(*name));
    // The default bridge is always there unless it was switched off.
    let default = bridges
        .get("bridge")
        .filter(|_| !known.contains_key("bridge"));
    default
        .or_else(|| others.next().map(|(_, address)| address))
        .copied()
}

async fn count(gateway: &Gateway<'_>, from: Option<IpAddr>, rate: &mut Rate) -> Known<()> {
    let unseen = |why: String| Unknown::Unseen(format!("the gateway does not answer: {why}"));
    let client = client(from).map_err(|error| unseen(error.message))?;
    let most = rate.configured.unwrap_or(USUAL);
    let most = most.saturating_add(most / 4).saturating_add(10).min(MOST);
    // Without a key: the limit comes before it, so nothing is read and nothing is done.
    let url = format!("http://{}/api", gateway.address);
    let began = Instant::now();
    while rate.sent < most && began.elapsed() < LONGEST {
        let request = client.get(&url);
        let request = request
            .header("x-real-ip", NOBODY)
            .header("x-forwarded-for", NOBODY);
        let answer = request
            .send()
            .await
            .map_err(|cause| unseen(http::why(&cause)))?;
        rate.sent += 1;
        if rate.announced.is_none() {
            rate.announced = header(&answer, "ratelimit-limit");
        }
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let known = ["retry-after", "ratelimit-reset", "ratelimit-limit"];
            let tells = known
                .iter()
                .any(|name| answer.headers().contains_key(*name));
            rate.limited = Some(Limited { tells });
            break;
        }
        // The connection is used again only when the answer was read.
        let read = answer.bytes().await;
        read.map_err(|cause| unseen(http::why(&cause)))?;
    }
    rate.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(())
}

fn header(answer: &Response, name: &str) -> Option<u32> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}
