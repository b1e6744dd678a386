//! What is written, by line, for each kind of edge. That nginx takes it is shown by `tests/it/nginx`.

#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};

use super::{artifacts, listens};
use crate::model::{
    Edge, ImageRef, Networks, NginxBuild, NginxVersion, Place, Port, Secret, Upstream,
};

fn edge(version: NginxVersion, place: Place) -> Edge {
    let port = |number: u64| Port::new(number).unwrap();
    Edge {
        host: "api.example.com".to_owned(),
        place,
        build: NginxBuild {
            version,
            http3: version.http3(),
        },
        image: ImageRef::new("nginx:1.30-alpine"),
        upstream: match place {
            Place::Host => Upstream::Address(IpAddr::V4(Ipv4Addr::LOCALHOST), port(8001)),
            Place::Container => Upstream::Name("gateway".parse().unwrap(), port(8001)),
        },
        streams: vec!["/api/search/stream".to_owned()],
        http: port(80),
        https: port(443),
        ipv6: place == Place::Host,
        certificate: "/etc/letsencrypt/live/api.example.com/fullchain.pem".to_owned(),
        key: "/etc/letsencrypt/live/api.example.com/privkey.pem".to_owned(),
        acme: "/var/www/acme".to_owned(),
        rate: 10,
        burst: 20,
        connections: 30,
        body: 65536,
        silence: 300,
        cloudflare: None,
        clients: None,
        api_key: None,
    }
}

/// The text of the site.
fn site(edge: &Edge) -> String {
    let artifacts = artifacts(edge, "/srv/atlas");
    String::from_utf8(artifacts[0].contents.bytes().to_vec()).unwrap()
}

const OLD: NginxVersion = NginxVersion(1, 22, 1);
const NEW: NginxVersion = NginxVersion(1, 30, 6);

#[test]
fn each_version_is_told_http2_and_http3_in_its_own_words() {
    assert_eq!(
        listens(&edge(OLD, Place::Host), false),
        ["443 ssl http2", "[::]:443 ssl http2"]
    );
    assert!(!site(&edge(OLD, Place::Host)).contains("http2 on;"));
    assert_eq!(
        listens(&edge(NEW, Place::Host), true),
        [
            "443 ssl default_server",
            "443 quic reuseport default_server",
            "[::]:443 ssl default_server",
            "[::]:443 quic reuseport default_server"
        ]
    );
    let new = site(&edge(NEW, Place::Host));
    assert!(new.contains("    http2 on;\n"));
    assert!(new.contains("add_header Alt-Svc 'h3=\":443\"; ma=86400' always;"));
}

#[test]
fn a_container_is_asked_for_by_name_again_and_again() {
    let resolver = "\nresolver 127.0.0.11 valid=5s ipv6=off;\n";
    let new = site(&edge(NEW, Place::Container));
    assert!(new.contains(resolver) && new.contains("    server gateway:8001 resolve;\n"));
    assert!(new.contains("proxy_pass http://atlas_gateway;") && new.contains("keepalive 16;"));
    let old = site(&edge(OLD, Place::Container));
    assert!(old.contains(resolver) && old.contains("    set $atlas_gateway gateway:8001;\n"));
    assert!(old.contains("proxy_pass http://$atlas_gateway;") && !old.contains("upstream atlas"));
    let host = site(&edge(NEW, Place::Host));
    assert!(!host.contains("resolver") && host.contains("    server 127.0.0.1:8001;\n"));
}

#[test]
fn a_long_silence_is_allowed_in_streams_alone() {
    let site = site(&edge(OLD, Place::Host));
    assert_eq!(site.matches("proxy_read_timeout 300s;").count(), 1);
    let (_, stream) = site
        .split_once("location = /api/search/stream {\n")
        .unwrap();
    let (stream, _) = stream.split_once('}').unwrap();
    assert_eq!(
        stream,
        "        gzip off;\n        proxy_read_timeout 300s;\n        proxy_pass http://atlas_gateway;\n    "
    );
    assert!(!site.contains("proxy_buffering"));
}

#[test]
fn clients_cloudflare_and_the_key_are_asked_for_only_when_wanted() {
    let words = ["ssl_verify_client", "set_real_ip_from", "$atlas_stranger"];
    let plain = site(&edge(NEW, Place::Host));
    assert!(words.iter().all(|word| !plain.contains(word)));
    let strict = Edge {
        cloudflare: Some(Networks {
            ranges: ["198.41.128.0/17", "2606:4700::/32"]
                .map(str::to_owned)
                .to_vec(),
            date: "2023-09-28".to_owned(),
        }),
        clients: Some("/etc/nginx/clients.pem".to_owned()),
        api_key: Some(Secret::new("k3y")),
        ..edge(NEW, Place::Host)
    };
    let text = site(&strict);
    assert!(words.iter().all(|word| text.contains(word)));
    assert_eq!(text.matches("set_real_ip_from").count(), 2);
    assert!(text.contains("its addresses as of 2023-09-28"));
    assert!(text.contains("include /srv/atlas/.atlas/secrets/nginx_api_key;"));
    let artifacts = artifacts(&strict, "/srv/atlas");
    let shown = format!("{artifacts:?}");
    assert!(!shown.contains("k3y"), "{shown}");
    let key = artifacts.last().unwrap();
    assert_eq!(
        (key.path.to_str(), key.mode),
        (Some(super::KEY_FILE), 0o440)
    );
}

#[test]
fn a_key_that_nobody_asks_for_and_the_overlay_of_old_are_not_kept() {
    let plain = edge(NEW, Place::Container);
    assert_eq!(
        super::obsolete(&plain),
        [super::KEY_FILE, "nginx/compose.yaml"]
    );
    let asking = Edge {
        api_key: Some(Secret::new("k3y")),
        ..plain
    };
    assert_eq!(super::obsolete(&asking), ["nginx/compose.yaml"]);
}
