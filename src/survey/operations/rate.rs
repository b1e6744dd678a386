//! Has requests counted until the gateway refuses, as a client that nobody else is. Owns who that is.

use std::net::{IpAddr, UdpSocket};

use super::Gateway;
use crate::checks::operations::{Limited, Rate};
use crate::checks::{Known, Unknown};
use crate::engines::docker::Command;
use crate::model::Image;
use crate::survey::Scene;
use crate::survey::count::{self, Count, NOBODY};

/// Never more requests than this.
const MOST: u32 = 2000;
/// Where the configuration names no limit.
const USUAL: u32 = 480;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Option<Rate>> {
    let Some(gateway) = Gateway::find(scene)? else {
        return Ok(None);
    };
    if !scene.counting {
        return Err(Unknown::Unseen("`atlas checklist` counts it".to_owned()));
    }
    let configured = gateway.variable("RATE_LIMIT_PER_MINUTE");
    let configured = configured.and_then(|limit| limit.parse().ok());
    let (client, count) = match configured {
        // It is known already; asking would only cost.
        Some(0) => (String::new(), Count::default()),
        _ => asked(scene, &gateway, configured.unwrap_or(USUAL)).await?,
    };
    let believes = gateway.variable("ATLAS_TRUST_PROXY");
    let believes = believes.is_some_and(|value| matches!(value, "true" | "1" | "yes" | "on"));
    let Count {
        sent,
        millis,
        tells,
        announced,
        ..
    } = count;
    Ok(Some(Rate {
        configured,
        sent,
        millis,
        limited: count.limited.then_some(Limited { tells }),
        announced,
        client: if believes { NOBODY.to_owned() } else { client },
    }))
}

/// Who asked, and what came of it.
async fn asked(scene: &Scene<'_>, gateway: &Gateway<'_>, limit: u32) -> Known<(String, Count)> {
    // Tokens come back while it counts, so the limit is met a little later.
    let most = limit.saturating_add(limit / 4).saturating_add(10).min(MOST);
    if let Image::Builtin(_) = gateway.service.image
        && let Some(count) = inside(scene, gateway, most).await?
    {
        return Ok(("127.0.0.1 in its own container".to_owned(), count));
    }
    gateway.is_near(scene)?;
    let from = outer_address().ok_or_else(|| {
        let why = "this machine has no address of its own to ask from, and real clients shall not be limited by it";
        Unknown::Unseen(why.to_owned())
    })?;
    let url = format!("http://{}/api", gateway.address);
    let count = count::count(&url, Some(from), most).await;
    let count =
        count.map_err(|why| Unknown::Unseen(format!("the gateway does not answer: {why}")))?;
    Ok((from.to_string(), count))
}

/// Lets atlas count inside the gateway's container, where no client comes from. `None` if that atlas cannot.
async fn inside(scene: &Scene<'_>, gateway: &Gateway<'_>, most: u32) -> Known<Option<Count>> {
    let url = format!("http://127.0.0.1:{}/api", gateway.address.port());
    let most = most.to_string();
    let command = Command::new(["/atlas", "count", &url, &most]);
    let answer = scene.engine()?.ask(&gateway.container.id, &command).await;
    Ok(answer
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok()))
}

/// This machine's address in its network; nothing is sent. The engine gives clients that come by 127.0.0.1, such as a proxy on
/// this machine, the address of its bridge; this one has only who asks this machine by its outer address from itself.
fn outer_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect((NOBODY, 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
