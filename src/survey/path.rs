//! Looks for the facts of `checks::path`: asks gateway and orchestrator as their clients do, all at once. Nothing is searched and nothing is
//! written.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use serde_json::Value;

use super::{Scene, http};
use crate::checks::path::{Answer, Gateway, Health, Path};
use crate::checks::{Known, NOT_UP, Unknown};
use crate::engines::Engine;
use crate::model::{EnvValue, Kind, Service};
use crate::plan::{Container, State};

/// Origins that nobody has: a name that cannot exist (RFC 2606), and an id that no extension has.
const FOREIGN: [&str; 2] = ["https://atlas-doctor.invalid", "chrome-extension://pppppppppppppppppppppppppppppppp"];
/// Stands for the extension where `CORS_ORIGINS` admits all of them.
const ANY: &str = "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh";

/// The gateway looks about once a second, and reconnects to Redis at growing intervals.
const PAUSE: Duration = Duration::from_millis(900);
/// How often somebody is asked again.
const TRIES: usize = 4;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Path> {
    scene.engine()?;
    let deployment = scene.deployment()?;
    let of = |kind: Kind| deployment.services.values().find(|service| service.kind == kind);
    let client = http::client(None).map_err(|error| Unknown::Unseen(error.to_string()))?;
    let orchestrator = of(Kind::Orchestrator);
    let (gateway, orchestrator) = tokio::join!(
        async {
            match of(Kind::Gateway) {
                Some(service) => gateway(scene, &client, service).await.map(Some),
                None => Ok(None),
            }
        },
        async {
            match orchestrator {
                Some(service) => {
                let ask = async || table(scene, &client, service).await;
                Some(settled(ask, |table| table.as_ref().map_or(true, are_well)).await)
            }
                None => None,
            }
        },
    );
    Ok(Path {
        gateway: gateway?,
        orchestrator,
    })
}

fn unseen<T>(why: impl Into<String>) -> Known<T> {
    Err(Unknown::Unseen(why.into()))
}

/// A running container of a service, and its address.
fn running<'s>(scene: &Scene<'s>, service: &Service) -> Known<(&'s Container, SocketAddr)> {
    let containers = &scene.observed()?.containers;
    let mut own = containers.iter().filter(|c| c.service == service.name.as_str());
    let Some(container) = own.find(|container| container.state == State::Running) else {
        return match containers.is_empty() {
            true => unseen(format!("{NOT_UP}; `atlas up` starts it")),
            false => unseen(format!("{} does not run", service.name)),
        };
    };
    if !scene.engine()?.is_local() {
        return unseen("containers are reached on the engine's machine only; run atlas there");
    }
    let mut addresses = container.networks.values().filter_map(|(_, address)| *address);
    match addresses.find(IpAddr::is_ipv4) {
        Some(address) => Ok((container, SocketAddr::new(address, service.port.get()))),
        None => unseen(format!("{} has no address of its own", service.name)),
    }
}

async fn gateway(scene: &Scene<'_>, client: &reqwest::Client, service: &Service) -> Known<Gateway> {
    let deployment = scene.deployment()?;
    let (container, address) = running(scene, service)?;
    let needs_orchestrator = deployment.services.values().any(|s| s.kind == Kind::Orchestrator);
    let base = format!("http://{address}");
    let origins = match service.environment.get("CORS_ORIGINS") {
        Some(EnvValue::Plain(origins)) => origins.clone(),
        _ => String::new(),
    };
    let published = container.ports.iter().find(|(_, _, inside)| *inside == service.port.get());
    let published = published.map(|(ip, port, _)| match ip.is_unspecified() {
        true => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), *port),
        false => SocketAddr::new(*ip, *port),
    });
    let own: Vec<String> = meant(&origins).collect();
    let (health, by_port, admitted, foreign, without_key, settings, near) = tokio::join!(
        settled(
            async || health(client, &base).await,
            |answer| answer.as_ref().is_ok_and(|answer| are_well(&answer.dependencies)),
        ),
        async {
            match published {
                Some(address) => Some((address.to_string(), reach(client, address).await)),
                None => None,
            }
        },
        preflights(client, &base, &own),
        preflights(client, &base, &FOREIGN),
        status(client, format!("{base}/api/services")),
        status(client, format!("{base}/api/settings/default")),
        async {
            match needs_orchestrator {
                true => None,
                false => near(client, &base, service).await,
            }
        },
    );
    Ok(Gateway {
        service: service.name.to_string(),
        address: address.to_string(),
        published: by_port,
        health,
        near,
        needs_orchestrator,
        origins,
        admitted,
        foreign,
        without_key,
        settings,
    })
}

/// The origins that shall pass.
fn meant(origins: &str) -> impl Iterator<Item = String> {
    let entries = origins.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(|entry| match entry {
        "*" | "chrome-extension://*" => ANY.to_owned(),
        entry => entry.to_owned(),
    })
}

/// What is wrong for a moment, as after a restart, is not worth a finding: whoever says that something is away is asked again.
async fn settled<T>(mut ask: impl AsyncFnMut() -> T, is_well: impl Fn(&T) -> bool) -> T {
    let mut answer = ask().await;
    for _ in 0..TRIES {
        if is_well(&answer) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answer = ask().await;
    }
    answer
}

fn are_well(table: &BTreeMap<String, Health>) -> bool {
    let bad = |health: &Health| ["unhealthy", "degraded"].contains(&health.status.as_str());
    !table.values().any(bad)
}

async fn health(client: &reqwest::Client, base: &str) -> Result<Answer, String> {
    let answer = client.get(format!("{base}/api/health")).send().await;
    let answer = answer.map_err(|error| http::why(&error))?;
    let status = answer.status().as_u16();
    let body: Value = match answer.text().await {
        Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
        Err(error) => return Err(http::why(&error)),
    };
    Ok(Answer {
        status,
        ours: body["service"] == "gateway" || body["status"].is_string(),
        dependencies: read(&body["dependencies"]),
    })
}

fn read(table: &Value) -> BTreeMap<String, Health> {
    let rows = table.as_object().into_iter().flatten();
    rows.map(|(name, row)| {
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let health = Health {
            status: text("status").unwrap_or_default(),
            reason: text("reason"),
        };
        (name.clone(), health)
    })
    .collect()
}

/// Whether anything answers at the published port.
async fn reach(client: &reqwest::Client, address: SocketAddr) -> Result<(), String> {
    let answer = client.get(format!("http://{address}/api/health")).send().await;
    answer.map(drop).map_err(|error| http::why(&error))
}

async fn status(client: &reqwest::Client, url: String) -> Known<u16> {
    match client.get(url).send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => unseen(http::why(&error)),
    }
}

/// Whether the answer to a preflight names the origin.
async fn preflights(client: &reqwest::Client, base: &str, origins: &[impl AsRef<str>]) -> Vec<(String, Known<bool>)> {
    let asked = origins.iter().map(async |origin| {
        let origin = origin.as_ref();
        let request = client
            .request(Method::OPTIONS, format!("{base}/api/search"))
            .header(ORIGIN, origin)
            .header(ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let passed = match request.send().await {
            Ok(answer) => {
                let named = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
                let named = named.and_then(|value| value.to_str().ok());
                Ok(answer.status().is_success() && [Some(origin), Some("*")].contains(&named))
            }
            Err(error) => unseen(http::why(&error)),
        };
        (origin.to_owned(), passed)
    });
    futures_util::future::join_all(asked).await
}

/// What a gateway without orchestrator says of the services that it answers for.
async fn near(client: &reqwest::Client, base: &str, service: &Service) -> Option<BTreeMap<String, Health>> {
    let key = match service.environment.get("ATLAS_API_KEY") {
        Some(EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. }) => value,
        _ => return None,
    };
    // Not the detailed health: that one asks the vendors.
    let request = client.get(format!("{base}/api/services")).header("x-api-key", key.expose());
    let body: Value = serde_json::from_str(&request.send().await.ok()?.text().await.ok()?).ok()?;
    let rows = body["services"].as_array()?.iter();
    let rows = rows.filter_map(|row| {
        let health = Health {
            status: row["status"].as_str()?.to_owned(),
            reason: row["reason"].as_str().map(str::to_owned),
        };
        Some((row["name"].as_str()?.to_owned(), health))
    });
    Some(rows.collect())
}

/// What the orchestrator says of its services.
async fn table(scene: &Scene<'_>, client: &reqwest::Client, service: &Service) -> Known<BTreeMap<String, Health>> {
    let (_, address) = running(scene, service)?;
    let answer = client.get(format!("http://{address}/health")).send().await;
    let text = match answer {
        Ok(answer) => answer.text().await,
        Err(error) => Err(error),
    };
    match text {
        Ok(text) => {
            let body: Value = serde_json::from_str(&text).unwrap_or_default();
            Ok(read(&body["services"]))
        }
        Err(error) => unseen(format!("the orchestrator does not answer: {}", http::why(&error))),
    }
}
