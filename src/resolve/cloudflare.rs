//! Cloudflare's addresses, as its page publishes them: <https://www.cloudflare.com/ips/>. Whoever connects from elsewhere is not believed.

use crate::input::nginx::Nginx;
use crate::model::Networks;

/// When Cloudflare last changed the lists, as the page says.
const DATE: &str = "2023-09-28";

const RANGES: &[&str] = &[
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "108.162.192.0/18",
    "131.0.72.0/22",
    "141.101.64.0/18",
    "162.158.0.0/15",
    "172.64.0.0/13",
    "173.245.48.0/20",
    "188.114.96.0/20",
    "190.93.240.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "2400:cb00::/32",
    "2405:8100::/32",
    "2405:b500::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// The networks of the list that atlas.yaml names, else those known to atlas; `None` where nothing of Cloudflare is asked for.
pub fn networks(written: &Nginx) -> Option<Networks> {
    written.cloudflare.as_ref().filter(|behind| behind.value)?;
    let own = written
        .as_of
        .as_ref()
        .filter(|_| !written.networks.is_empty());
    Some(match own {
        Some(date) => Networks {
            ranges: written.networks.clone(),
            date: date.value.clone(),
        },
        None => Networks {
            ranges: RANGES.iter().map(|range| (*range).to_owned()).collect(),
            date: DATE.to_owned(),
        },
    })
}
