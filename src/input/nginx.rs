//! `nginx:` of atlas.yaml as written. Owns its keys and forms; what they come to belongs to `resolve`.

pub(crate) mod addresses;

use std::path::PathBuf;

use super::fields::{Fields, Reader};
use super::yaml::{Node, Value};
use super::{form, size};
use crate::diagnostic::At;
use crate::model::{ImageRef, NginxVersion, Place, Port};

/// Keys of `nginx`.
pub const KEYS: &[&str] = &[
    "runs",
    "version",
    "image",
    "http3",
    "http",
    "https",
    "ipv6",
    "certificate",
    "key",
    "acme",
    "rate",
    "burst",
    "connections",
    "body",
    "silence",
    "behind",
    "cloudflare",
    "clients",
    "api-key",
];
/// Keys of `cloudflare`.
pub const CLOUDFLARE_KEYS: &[&str] = &["addresses", "as-of"];
/// Values of `runs`.
pub const PLACES: [(&str, Place); 2] = [("host", Place::Host), ("compose", Place::Container)];
/// Values of `behind`.
pub const PROXIES: [(&str, bool); 2] = [("nothing", false), ("cloudflare", true)];

/// Everything is optional.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Nginx {
    /// On this machine (default) or in a container.
    pub runs: Option<At<Place>>,
    /// The version to write for; that of the nginx found by default.
    pub version: Option<At<NginxVersion>>,
    /// The image of the container; the official one of the version by default.
    pub image: Option<At<ImageRef>>,
    /// Whether to speak HTTP/3.
    pub http3: Option<At<bool>>,
    /// Port of plain HTTP.
    pub http: Option<At<Port>>,
    /// Port of TLS.
    pub https: Option<At<Port>>,
    /// Whether to listen on IPv6.
    pub ipv6: Option<At<bool>>,
    /// The certificate with its chain.
    pub certificate: Option<At<String>>,
    /// Its key.
    pub key: Option<At<String>>,
    /// The folder of ACME's answers.
    pub acme: Option<At<String>>,
    /// Requests of one client in a second.
    pub rate: Option<At<u32>>,
    /// Requests above that.
    pub burst: Option<At<u32>>,
    /// Connections of one client.
    pub connections: Option<At<u32>>,
    /// Largest body, in bytes.
    pub body: Option<At<u64>>,
    /// Longest silence in a stream, in seconds.
    pub silence: Option<At<u32>>,
    /// Whether Cloudflare stands before it.
    pub cloudflare: Option<At<bool>>,
    /// The list of Cloudflare's networks, instead of the one inside atlas.
    pub addresses: Option<At<PathBuf>>,
    /// When that list was published.
    pub as_of: Option<At<String>>,
    /// What that list holds.
    pub networks: Vec<String>,
    /// Authorities of clients.
    pub clients: Option<At<String>>,
    /// Whether nginx asks for the API key.
    pub api_key: Option<At<bool>>,
}

pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Nginx {
    let Some((node, path)) = fields.get("nginx") else {
        return Nginx::default();
    };
    if node.value == Value::Null {
        return Nginx::default();
    }
    let Some(fields) = reader.fields(node, &path, KEYS) else {
        return Nginx::default();
    };
    let get = |key| fields.get(key);
    let (addresses, as_of) = cloudflare(reader, &fields).unzip();
    Nginx {
        runs: get("runs").and_then(|(n, p)| reader.choice(n, &p, &PLACES)),
        version: get("version").and_then(|(n, p)| version(reader, n, &p)),
        image: get("image").and_then(|(n, p)| {
            let form = "an image reference such as `nginx:1.30-alpine`";
            reader.formed(n, &p, form, form::image)
        }),
        http3: get("http3").and_then(|(n, p)| reader.boolean(n, &p)),
        http: get("http").and_then(|(n, p)| port(reader, n, &p)),
        https: get("https").and_then(|(n, p)| port(reader, n, &p)),
        ipv6: get("ipv6").and_then(|(n, p)| reader.boolean(n, &p)),
        certificate: get("certificate").and_then(|(n, p)| file(reader, n, &p)),
        key: get("key").and_then(|(n, p)| file(reader, n, &p)),
        acme: get("acme").and_then(|(n, p)| file(reader, n, &p)),
        rate: get("rate").and_then(|(n, p)| count(reader, n, &p)),
        burst: get("burst").and_then(|(n, p)| count(reader, n, &p)),
        connections: get("connections").and_then(|(n, p)| count(reader, n, &p)),
        body: get("body")
            .and_then(|(n, p)| reader.formed(n, &p, "a size such as `64k` or `1m`", size::bytes)),
        silence: get("silence").and_then(|(n, p)| count(reader, n, &p)),
        cloudflare: get("behind").and_then(|(n, p)| reader.choice(n, &p, &PROXIES)),
        addresses,
        as_of,
        networks: Vec::new(),
        clients: get("clients").and_then(|(n, p)| file(reader, n, &p)),
        api_key: get("api-key").and_then(|(n, p)| reader.boolean(n, &p)),
    }
}

/// A list and its date; one is nothing without the other.
fn cloudflare(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(At<PathBuf>, At<String>)> {
    let (node, path) = fields.get("cloudflare")?;
    let fields = reader.fields(node, &path, CLOUDFLARE_KEYS)?;
    let addresses = fields.get("addresses").map(|(n, p)| reader.text(n, &p));
    let as_of = fields.get("as-of").map(|(n, p)| {
        reader.formed(n, &p, "a date such as `2026-11-28`", |text| {
            let date: jiff::civil::Date = text.parse().ok()?;
            (date.to_string() == text).then(|| text.to_owned())
        })
    });
    if addresses.is_none() || as_of.is_none() {
        let message = "a list of addresses and its date belong together".to_owned();
        let hint = "set both `addresses` and `as-of`, or leave `cloudflare` away";
        reader.refuse_with(node.position, &path, message, hint);
    }
    let addresses = addresses??;
    let path = At::new(PathBuf::from(addresses.value), addresses.position);
    Some((path, as_of??))
}

fn version(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<At<NginxVersion>> {
    let version = reader.formed(node, path, "a version such as `1.30`", |text| {
        text.parse::<NginxVersion>().ok()
    })?;
    if version.value < NginxVersion::OLDEST {
        let message = format!("nginx {} is too old", version.value);
        let hint = "1.22 (Debian 12) is the oldest that is written for";
        reader.refuse_with(node.position, path, message, hint);
        return None;
    }
    Some(version)
}

fn port(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<At<Port>> {
    reader.formed(node, path, "a port from 1 to 65535", |text| {
        text.parse().ok().and_then(Port::new)
    })
}

fn count(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<At<u32>> {
    reader.formed(node, path, "a whole number from 1 to 1000000", |text| {
        text.parse()
            .ok()
            .filter(|count| (1..=1_000_000).contains(count))
    })
}

/// A path that means the same in nginx's words: absolute, without what nginx reads otherwise.
fn file(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<At<String>> {
    let form = "an absolute path of letters, digits, `/`, `.`, `_`, `-` and `@`";
    reader.formed(node, path, form, |text| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@".contains(c);
        (text.starts_with('/') && text.chars().all(plain)).then(|| text.to_owned())
    })
}
