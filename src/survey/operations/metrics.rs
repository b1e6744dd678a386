//! Asks the gateway for its metrics, and each Prometheus of the engine whether it reads them.

use std::net::IpAddr;

use futures_util::future::join_all;
use reqwest::{StatusCode, Url};
use serde_json::Value;

use super::{Gateway, program};
use crate::checks::operations::{Metrics, Scraper, Target};
use crate::checks::{Known, Unknown};
use crate::engines::docker::Neighbour;
use crate::survey::{Scene, http};

/// Programs with Prometheus' API, and the port of it.
const SCRAPERS: [(&str, u16); 3] = [
    ("prometheus", 9090),
    ("victoria-metrics", 8428),
    ("vmagent", 8429),
];
/// Names by which a container reaches its host.
const HOST: [&str; 4] = [
    "host.docker.internal",
    "localhost",
    "127.0.0.1",
    "172.17.0.1",
];

pub(super) async fn look(scene: &Scene<'_>, neighbours: &[Neighbour]) -> Known<Option<Metrics>> {
    let Some(gateway) = Gateway::find(scene)? else {
        return Ok(None);
    };
    gateway.is_near(scene)?;
    let http = http::client(None).map_err(|error| Unknown::Unseen(error.message))?;
    let scrapers = neighbours.iter().filter_map(|neighbour| {
        let (_, port) = SCRAPERS
            .iter()
            .find(|(name, _)| *name == program(neighbour))?;
        Some((neighbour, *port))
    });
    let asked = scrapers.map(|(neighbour, port)| scraper(&http, &gateway, neighbour, port));
    let (series, scrapers) = tokio::join!(series(&http, &gateway), join_all(asked));
    Ok(Some(Metrics { series, scrapers }))
}

async fn series(client: &reqwest::Client, gateway: &Gateway<'_>) -> Result<usize, String> {
    let url = format!("http://{}/metrics", gateway.address);
    let answer = client
        .get(url)
        .send()
        .await
        .map_err(|cause| http::why(&cause))?;
    if answer.status() != StatusCode::OK {
        return Err(format!("it answers {}", answer.status().as_u16()));
    }
    let text = answer.text().await.map_err(|cause| http::why(&cause))?;
    let told = text.lines().any(|line| line.starts_with("# TYPE "));
    let series = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    match told {
        true => Ok(series.count()),
        false => Err("what it answers is no metrics".to_owned()),
    }
}

async fn scraper(
    client: &reqwest::Client,
    gateway: &Gateway<'_>,
    neighbour: &Neighbour,
    port: u16,
) -> Scraper {
    Scraper {
        name: neighbour.name.clone(),
        targets: targets(client, gateway, neighbour, port).await,
    }
}

async fn targets(
    client: &reqwest::Client,
    gateway: &Gateway<'_>,
    neighbour: &Neighbour,
    port: u16,
) -> Result<Vec<Target>, String> {
    let address = neighbour
        .addresses
        .values()
        .find(|address| address.is_ipv4());
    let address: &IpAddr = address.ok_or("it has no address of its own")?;
    let url = format!("http://{address}:{port}/api/v1/targets?state=active");
    let answer = client
        .get(url)
        .send()
        .await
        .map_err(|cause| http::why(&cause))?;
    let text = answer.text().await.map_err(|cause| http::why(&cause))?;
    let told: Value = serde_json::from_str(&text).map_err(|_| "its answer is no JSON")?;
    let active = told["data"]["activeTargets"].as_array();
    let active = active.ok_or("it lists no targets")?;
    let near = neighbour
        .addresses
        .keys()
        .any(|network| gateway.container.networks.contains_key(network));
    let own = active.iter().filter_map(|target| {
        let url = target["scrapeUrl"].as_str()?;
        let parsed = Url::parse(url).ok()?;
        is_gateway(&parsed, gateway, near).then(|| Target {
            url: url.to_owned(),
            up: match target["health"].as_str() {
                Some("up") => Ok(()),
                _ => Err(target["lastError"]
                    .as_str()
                    .unwrap_or("not scraped yet")
                    .to_owned()),
            },
        })
    });
    Ok(own.collect())
}

/// Whether an address is the gateway, seen from a container; names mean something in a common network only.
fn is_gateway(url: &Url, gateway: &Gateway<'_>, near: bool) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let port = url.port_or_known_default();
    let published = gateway.service.publish.map(|publish| publish.port.get());
    let named = near && (host == gateway.service.name.as_str() || host == gateway.container.name);
    let addressed = host == gateway.address.ip().to_string();
    let inside = (named || addressed) && port == Some(gateway.address.port());
    inside || (HOST.contains(&host) && port.is_some() && port == published)
}
