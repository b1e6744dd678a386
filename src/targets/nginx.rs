//! The nginx target: `nginx/nginx.conf`, the site in `nginx/atlas.conf`, and the file that tells nginx the API key. The texts are in
//! `templates/`; every word put into them was checked before (`input::nginx`, `model::public_url`). The container is a service like others.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use serde::Serialize;

use super::{Artifact, Contents, MARKER, compose, templates};
use crate::model::{EDGE_FOLDER, Edge, Place, Secret, Upstream};

/// What earlier versions wrote for the container, relative to the project directory: Compose reads compose.yaml alone now.
const OVERLAY: &str = "nginx/compose.yaml";
/// The whole configuration, relative to the project directory.
pub const FILE: &str = "nginx/nginx.conf";
/// The file that tells nginx the API key, relative to the project directory.
pub const KEY_FILE: &str = ".atlas/secrets/nginx_api_key";
/// The same in a container.
pub const KEY_INSIDE: &str = "/run/secrets/nginx_api_key";

/// Mozilla's intermediate profile 5.7 (<https://wiki.mozilla.org/Security/Server_Side_TLS>) without DHE.
const CIPHERS: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// What the templates hold places for.
#[derive(Debug, Serialize)]
pub(super) struct Site<'e> {
    marker: &'static str,
    host: &'e str,
    version: String,
    until: &'static str,
    container: bool,
    pid: &'static str,
    error_log: &'static str,
    access_log: &'static str,
    rate: u32,
    burst: u32,
    connections: u32,
    body: u64,
    silence: u32,
    /// The file that tells the key.
    api_key: Option<String>,
    /// Whether the gateway is found by a variable.
    variable: bool,
    /// Whether the upstream asks for the address again.
    resolver: bool,
    target: String,
    pass: &'static str,
    http: u16,
    https: u16,
    ipv6: bool,
    http2: bool,
    http3: bool,
    strangers: Vec<String>,
    listens: Vec<String>,
    origin: String,
    acme: &'e str,
    certificate: &'e str,
    key: &'e str,
    ciphers: &'static str,
    clients: Option<&'e str>,
    ranges: &'e [String],
    date: &'e str,
    streams: &'e [String],
}

/// The files of the edge, the one with the key last. `directory` is the project's, absolute: nginx on this machine finds that file by it.
pub fn artifacts(edge: &Edge, directory: &str) -> Vec<Artifact> {
    let mut artifacts = configuration(edge, directory);
    artifacts.extend(edge.api_key.as_ref().map(|key| Artifact {
        path: KEY_FILE.into(),
        contents: Contents::Secret(key_file(key)),
        mode: 0o440,
        group: Some(compose::SECRETS_GID),
    }));
    artifacts
}

/// Files that such an edge does not have; those of ours that are there go.
pub fn obsolete(edge: &Edge) -> Vec<&'static str> {
    let key = edge.api_key.is_none().then_some(KEY_FILE);
    key.into_iter().chain([OVERLAY]).collect()
}

/// The texts: the site, and the whole configuration around it.
pub fn configuration(edge: &Edge, directory: &str) -> Vec<Artifact> {
    let site = Site::new(edge, directory);
    let text = |path: String, text: String| Artifact {
        path: path.into(),
        contents: Contents::Text(text),
        mode: 0o644,
        group: None,
    };
    vec![
        text(
            format!("{EDGE_FOLDER}/atlas.conf"),
            templates::nginx_site(&site),
        ),
        text(FILE.to_owned(), templates::nginx(&site)),
    ]
}

/// Regular expressions, because plain words are compared without regard to case.
pub(super) fn key_file(key: &Secret) -> Secret {
    key.within(|key| {
        format!(
            "{MARKER}.\nmap $http_authorization $atlas_unknown {{\n    default 1;\n    \"~^[Bb]earer {key}$\" 0;\n}}\n\
             map $http_x_api_key $atlas_stranger {{\n    default $atlas_unknown;\n    \"~^{key}$\" 0;\n}}\n"
        )
    })
}

impl<'e> Site<'e> {
    fn new(edge: &'e Edge, directory: &str) -> Self {
        let container = edge.place == Place::Container;
        let version = edge.build.version;
        let named = matches!(edge.upstream, Upstream::Name(..));
        let variable = named && !version.resolves();
        let https = edge.https.get();
        let modern = version.http2_directive();
        Self {
            marker: MARKER,
            host: &edge.host,
            version: version.to_string(),
            until: if modern {
                ""
            } else {
                ", before 1.25.1 without a warning"
            },
            container,
            pid: if container {
                "/tmp/nginx.pid"
            } else {
                "/run/nginx.pid"
            },
            error_log: if container {
                "/dev/stderr"
            } else {
                "/var/log/nginx/error.log"
            },
            access_log: if container {
                "/dev/stdout"
            } else {
                "/var/log/nginx/access.log"
            },
            rate: edge.rate,
            burst: edge.burst,
            connections: edge.connections,
            body: edge.body,
            silence: edge.silence,
            api_key: edge.api_key.as_ref().map(|_| match container {
                true => KEY_INSIDE.to_owned(),
                false => format!("{directory}/{KEY_FILE}"),
            }),
            variable,
            resolver: named,
            target: match &edge.upstream {
                Upstream::Address(address, port) => {
                    SocketAddr::new(*address, port.get()).to_string()
                }
                Upstream::Name(name, port) => format!("{name}:{}", port.get()),
            },
            pass: if variable {
                "$atlas_gateway"
            } else {
                "atlas_gateway"
            },
            http: edge.http.get(),
            https,
            ipv6: edge.ipv6,
            http2: modern,
            http3: edge.build.http3,
            strangers: listens(edge, true),
            listens: listens(edge, false),
            origin: match https {
                443 => format!("https://{}", edge.host),
                port => format!("https://{}:{port}", edge.host),
            },
            acme: &edge.acme,
            certificate: &edge.certificate,
            key: &edge.key,
            ciphers: CIPHERS,
            clients: edge.clients.as_deref(),
            ranges: edge.cloudflare.as_ref().map_or(&[], |all| &all.ranges),
            date: edge.cloudflare.as_ref().map_or("", |all| &all.date),
            streams: &edge.streams,
        }
    }
}

/// What stands behind `listen` of TLS; of the server for unknown names first, since it owns the sockets.
fn listens(edge: &Edge, strangers: bool) -> Vec<String> {
    let port = edge.https.get();
    let modern = edge.build.version.http2_directive();
    let default = if strangers { " default_server" } else { "" };
    let http2 = if modern { "" } else { " http2" };
    let reuse = if strangers { " reuseport" } else { "" };
    let mut listens = Vec::new();
    let addresses = ["", "[::]:"];
    for address in addresses.into_iter().take(if edge.ipv6 { 2 } else { 1 }) {
        listens.push(format!("{address}{port} ssl{http2}{default}"));
        if edge.build.http3 {
            listens.push(format!("{address}{port} quic{reuse}{default}"));
        }
    }
    listens
}
