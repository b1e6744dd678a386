//! `server` blocks that lead to the gateway, or should, as facts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::directive::Directive;
use crate::checks::nginx::{Site, Target};

/// A read timeout from which on it is long.
const HOUR: u64 = 3600;

/// Those that lead to one of the ports or addresses, or whose file is named after the project of the guide.
pub(super) fn ours(all: &[Directive], ports: &[u16], addresses: &[IpAddr]) -> Vec<Site> {
    let every: Vec<&Directive> = all.iter().flat_map(Directive::all).collect();
    let upstreams = upstreams(&every);
    let servers = every
        .iter()
        .filter(|directive| directive.name() == "server" && !directive.block.is_empty());
    let sites = servers.filter_map(|server| {
        let site = site(server, &upstreams);
        let meant = |target: &Target| {
            let known = target
                .host
                .parse()
                .is_ok_and(|ip: IpAddr| addresses.contains(&ip));
            known || ports.contains(&target.port)
        };
        let named = server
            .place
            .rsplit('/')
            .next()
            .is_some_and(|file| file.contains("atlas"));
        let leads = !site.targets.is_empty();
        (leads && (named || site.targets.iter().any(meant))).then_some(site)
    });
    sites.collect()
}

/// The servers of each `upstream` by its name.
fn upstreams(every: &[&Directive]) -> BTreeMap<String, Vec<Target>> {
    let blocks = every
        .iter()
        .filter(|directive| directive.name() == "upstream");
    let pairs = blocks.map(|upstream| {
        let servers = upstream
            .block
            .iter()
            .filter(|directive| directive.name() == "server");
        let targets = servers.filter_map(|server| target(server.argument(0), &server.place));
        (upstream.argument(0).to_owned(), targets.collect())
    });
    pairs.collect()
}

/// `localhost:8001`, `[::1]:8001`, `gateway`.
fn target(text: &str, place: &str) -> Option<Target> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.contains(']') => {
            (host, port.parse().ok()?)
        }
        _ => (text, 80),
    };
    (!host.is_empty() && !host.starts_with("unix")).then(|| Target {
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        place: place.to_owned(),
    })
}

fn site(server: &Directive, upstreams: &BTreeMap<String, Vec<Target>>) -> Site {
    let all = server.all();
    let named = |name: &'static str| {
        all.iter()
            .copied()
            .filter(move |directive| directive.name() == name)
    };
    let mut targets = Vec::new();
    for pass in named("proxy_pass") {
        let address = pass.argument(0).split("://").nth(1).unwrap_or_default();
        let authority = address.split('/').next().unwrap_or_default();
        match upstreams.get(authority) {
            Some(servers) => targets.extend(servers.iter().cloned()),
            None if authority.contains('$') => {}
            None => targets.extend(target(authority, &pass.place)),
        }
    }
    let sets = |header: &str| {
        named("proxy_set_header").any(|set| set.argument(0).eq_ignore_ascii_case(header))
    };
    let for_all = whole(server);
    let long = for_all
        .iter()
        .filter(|directive| directive.name() == "proxy_read_timeout");
    let long = long
        .filter_map(|directive| seconds(directive.argument(0)))
        .max();
    Site {
        place: server.place.clone(),
        names: named("server_name")
            .flat_map(|directive| directive.words.iter().skip(1).cloned())
            .collect(),
        tls: named("listen").any(|listen| listen.words.iter().any(|word| word == "ssl")),
        targets,
        always_upgrades: named("proxy_set_header").any(|set| {
            set.argument(0).eq_ignore_ascii_case("Connection")
                && set.argument(1).eq_ignore_ascii_case("upgrade")
        }),
        long_timeout: long.filter(|seconds| *seconds >= HOUR),
        unbuffered: for_all.iter().any(|directive| {
            directive.name() == "proxy_buffering" && directive.argument(0) == "off"
        }),
        tells_client: sets("X-Forwarded-For") || sets("X-Real-IP"),
    }
}

/// What holds for every request: directives of the server and of its `location /`.
fn whole(server: &Directive) -> Vec<&Directive> {
    let root = server
        .block
        .iter()
        .filter(|directive| directive.name() == "location" && directive.argument(0) == "/");
    server
        .block
        .iter()
        .chain(root.flat_map(|location| &location.block))
        .collect()
}

/// `86400`, `1h`, `90m`, `30s`.
fn seconds(text: &str) -> Option<u64> {
    let units = [("h", 3600), ("m", 60), ("s", 1), ("d", 86_400)];
    let unit = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1));
    number.parse::<u64>().ok().map(|number| number * factor)
}
