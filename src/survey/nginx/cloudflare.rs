//! Cloudflare's networks: those that nginx is written with, and with `--online` those that are published now.

use std::path::Path;
use std::time::Duration;

use super::super::Scene;
use crate::checks::nginx::Cloudflare;
use crate::checks::{Known, Unknown};
use crate::input::nginx::addresses;
use crate::resolve;

/// Where they are published.
const PUBLISHER: &str = "https://www.cloudflare.com";
/// Another place of the lists: a mirror, or a server of a test.
const VARIABLE: &str = "ATLAS_CLOUDFLARE_URL";

/// For one list.
const DEADLINE: Duration = Duration::from_secs(8);
/// Both lists together have some hundred bytes.
const LIST_MAX: usize = 64 * 1024;

pub(super) async fn look(scene: &Scene<'_>) -> Option<Cloudflare> {
    let known = resolve::networks(&scene.inputs.project.nginx)?;
    let published = match scene.online {
        true => published(scene).await,
        false => Err(Unknown::Unasked("--online")),
    };
    let without = |some: &[String], others: &[String]| {
        let some = some.iter().filter(|network| !others.contains(network));
        some.cloned().collect::<Vec<_>>()
    };
    Some(Cloudflare {
        count: known.ranges.len(),
        differs: published.map(|now| (without(&now, &known.ranges), without(&known.ranges, &now))),
        date: known.date,
    })
}

async fn published(scene: &Scene<'_>) -> Known<Vec<String>> {
    let authorities = scene.environment.get("SSL_CERT_FILE").map(Path::new);
    let client = atlas_backend::vendor::http_client(authorities).map_err(Unknown::Unseen)?;
    let base = scene
        .environment
        .get(VARIABLE)
        .map_or(PUBLISHER, String::as_str);
    let mut text = String::new();
    for list in ["ips-v4", "ips-v6"] {
        let away = || Unknown::Unseen(format!("{base}/{list} cannot be had from here"));
        let answer = client.get(format!("{base}/{list}")).timeout(DEADLINE);
        let mut answer = answer.send().await.map_err(|_| away())?;
        if !answer.status().is_success() {
            return Err(away());
        }
        while let Some(piece) = answer.chunk().await.map_err(|_| away())? {
            text += &String::from_utf8_lossy(&piece);
            if text.len() > LIST_MAX {
                return Err(Unknown::Unseen(format!("{base}/{list} is no list")));
            }
        }
        text.push('\n');
    }
    addresses::parse(&text)
        .map_err(|_| Unknown::Unseen(format!("{base} answers with something that is no list")))
}
