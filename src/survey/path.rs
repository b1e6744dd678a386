//! Looks for the facts of `checks::path`: asks the gateway as strangers and browsers do, and the orchestrator as the gateway does.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use super::{Scene, http, operations};
use crate::checks::path::{Gateway, Path, Standing};
use crate::checks::{Known, NOT_UP, Unknown};
use crate::model::Kind;
use crate::plan::State;

/// An origin that nobody has (RFC 2606).
const STRANGER: &str = "https://stranger.invalid";
/// The id of no extension, where any may call.
const ANY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const EXTENSION: &str = "chrome-extension://";

/// The gateway looks about once a second, and reconnects to its stores at growing intervals.
const PAUSE: Duration = Duration::from_millis(900);
/// How often somebody is asked again.
const TRIES: usize = 4;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Path> {
    scene.engine()?;
    let client = http::client(None).map_err(|error| Unknown::Unseen(error.to_string()))?;
    let (gateway, orchestrator) =
        tokio::join!(gateway(scene, &client), orchestrator(scene, &client));
    Ok(Path {
        gateway,
        orchestrator,
    })
}

async fn gateway(scene: &Scene<'_>, client: &reqwest::Client) -> Known<Option<Gateway>> {
    let Some(found) = operations::Gateway::find(scene)? else {
        return Ok(None);
    };
    found.is_near(scene)?;
    let address = found.address;
    let extension = extension(found.variable("CORS_ORIGINS").unwrap_or_default());
    let origin = extension.clone().unwrap_or_default();
    let (health, admits_extension, admits_strangers, without_key, settings) = tokio::join!(
        settled(async || health(client, address, "/api/health", "dependencies").await),
        admits(client, address, &origin),
        admits(client, address, STRANGER),
        status(client, address, "/api"),
        status(client, address, "/api/settings/default"),
    );
    Ok(Some(Gateway {
        address: address.to_string(),
        health,
        admits_extension: admits_extension.filter(|_| extension.is_some()),
        extension,
        admits_strangers,
        without_key,
        settings,
    }))
}

/// The origin of the extension that a list of origins admits.
fn extension(origins: &str) -> Option<String> {
    let mut origins = origins.split(',').map(str::trim);
    let found = origins.find(|origin| origin.starts_with(EXTENSION) || *origin == "*")?;
    Some(match found.contains('*') {
        true => format!("{EXTENSION}{ANY}"),
        false => found.to_owned(),
    })
}

async fn orchestrator(
    scene: &Scene<'_>,
    client: &reqwest::Client,
) -> Known<Option<BTreeMap<String, Standing>>> {
    let mut services = scene.deployment()?.services.values();
    let Some(service) = services.find(|service| service.kind == Kind::Orchestrator) else {
        return Ok(None);
    };
    let unseen = |why: String| Unknown::Unseen(why);
    let containers = &scene.observed()?.containers;
    let mut running = containers.iter().filter(|container| {
        container.service == service.name.as_str() && container.state == State::Running
    });
    let container = running.next().ok_or_else(|| {
        unseen(match containers.is_empty() {
            true => format!("{NOT_UP}; `atlas up` starts it"),
            false => "the orchestrator does not run".to_owned(),
        })
    })?;
    let mut addresses = container.networks.values().filter_map(|(_, ip)| *ip);
    let address = addresses.find(IpAddr::is_ipv4);
    let address = address.ok_or_else(|| unseen("the orchestrator has no address".to_owned()))?;
    let address = SocketAddr::new(address, service.port.get());
    let answer = settled(async || health(client, address, "/health", "services").await).await;
    answer.map(|(_, services)| Some(services)).map_err(unseen)
}

/// What was said of dependencies, or why nothing was.
type Said = Result<(u16, BTreeMap<String, Standing>), String>;

/// What is away for a moment only, as after a restart, is worth no finding: who says that something is away is asked again.
async fn settled(mut ask: impl AsyncFnMut() -> Said) -> Said {
    let mut said = ask().await;
    for _ in 0..TRIES {
        let well = |(_, all): &(u16, BTreeMap<String, Standing>)| all.values().all(|one| one.well);
        if said.as_ref().is_ok_and(well) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        said = ask().await;
    }
    said
}

/// Status and what the answer says below a key, name by name.
async fn health(client: &reqwest::Client, address: SocketAddr, path: &str, key: &str) -> Said {
    let asked = client.get(format!("http://{address}{path}")).send().await;
    let answer = asked.map_err(|error| http::why(&error))?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(|error| http::why(&error))?;
    let body: Value = serde_json::from_str(&text)
        .map_err(|_| format!("{status}, and no JSON: it is no gateway of atlas"))?;
    let rows = body[key].as_object().into_iter().flatten();
    let rows = rows.map(|(name, row)| {
        let word = row["status"].as_str().unwrap_or("unknown");
        let standing = Standing {
            // Without credentials it is healthy all the same.
            well: matches!(word, "healthy" | "disabled"),
            spared: word == "degraded",
            reason: row["reason"].as_str().unwrap_or(word).to_owned(),
        };
        (name.clone(), standing)
    });
    Ok((status, rows.collect()))
}

/// Whether a preflight of an origin is admitted; `None` without an answer.
async fn admits(client: &reqwest::Client, address: SocketAddr, origin: &str) -> Option<bool> {
    let asked = client
        .request(Method::OPTIONS, format!("http://{address}/api/search"))
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "content-type,x-api-key");
    let answer: Response = asked.send().await.ok()?;
    let allowed = answer.headers().get("Access-Control-Allow-Origin");
    let allowed = allowed.and_then(|value| value.to_str().ok());
    Some(allowed.is_some_and(|allowed| allowed == "*" || allowed == origin))
}

async fn status(client: &reqwest::Client, address: SocketAddr, path: &str) -> Option<u16> {
    let asked = client.get(format!("http://{address}{path}")).send().await;
    Some(asked.ok()?.status().as_u16())
}
