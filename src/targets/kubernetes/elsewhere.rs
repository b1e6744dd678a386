//! The ways to stores that run elsewhere (`data: external`), as narrow as their addresses allow. Owns how an address becomes
//! peers of a policy. Nothing of it but ports, namespaces and numeric addresses gets into a file.
//!
//! A policy cannot name a host. One that the cluster itself resolves (`redis.cache.svc`) is a namespace; any other may be
//! anywhere outside: managed stores are as often inside a private network as not.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{View, policy};
use crate::model::{DataMode, EnvValue, Service};

/// The variable of a store's address, and the port where it names none.
const STORES: [(&str, u16); 2] = [("MONGO_URL", 27017), ("REDIS_URL", 6379)];

/// One rule for each place of a store that a service knows.
pub(super) fn ways(view: &View<'_>, service: &Service) -> Vec<Value> {
    let mut ways = Vec::new();
    if view.deployment.data != DataMode::External {
        return ways;
    }
    for (variable, usual) in STORES {
        let file = format!("{variable}_FILE");
        let reads = |name: &str| service.environment.contains_key(name);
        if !reads(variable) && !reads(&file) {
            continue;
        }
        let address = address(view, service, variable).unwrap_or_default();
        for (host, port) in places(address) {
            let port = policy::port(port.unwrap_or(usual));
            let way = json!({"to": peers(host), "ports": port});
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

/// What is known of it; a reference to a secret store is not asked for when its answer stands in no file.
fn address<'a>(view: &View<'a>, service: &'a Service, variable: &str) -> Option<&'a str> {
    match service.environment.get(variable) {
        Some(EnvValue::Plain(text)) => Some(text),
        Some(EnvValue::Secret { value, .. } | EnvValue::Composed { value, .. }) => {
            Some(value.expose())
        }
        None => {
            let secret = view.deployment.secrets.get(&variable.to_lowercase())?;
            Some(secret.expose())
        }
    }
}

/// Hosts with their ports: `mongodb://user:password@a:1,b/database`. Whatever reads otherwise is one unknown host.
fn places(address: &str) -> Vec<(&str, Option<u16>)> {
    let known = ["mongodb://", "mongodb+srv://", "redis://", "rediss://"];
    let Some(rest) = known.iter().find_map(|scheme| address.strip_prefix(scheme)) else {
        return vec![("", None)];
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    hosts
        .split(',')
        .map(|host| match host.rsplit_once(':') {
            // The colons of an address in brackets are its own.
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
            _ => (host, None),
        })
        .collect()
}

fn peers(host: &str) -> Value {
    let numeric = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = numeric.parse::<IpAddr>() {
        let length = if address.is_ipv4() { 32 } else { 128 };
        return json!([{"ipBlock": {"cidr": format!("{address}/{length}")}}]);
    }
    let namespace = |name: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    let outside = ["0.0.0.0/0", "::/0"].map(|cidr| json!({"ipBlock": {"cidr": cidr}}));
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    if let Some(service) = labels
        .iter()
        .position(|label| *label == "svc")
        .filter(|at| *at >= 2)
    {
        return json!([namespace(labels[service - 1])]);
    }
    let mut peers = outside.to_vec();
    match labels[..] {
        // A Service of this namespace, or a name that the node completes.
        [name] if !name.is_empty() => peers.insert(0, json!({"podSelector": {}})),
        // A Service of that namespace, or a domain.
        [_, second] => peers.insert(0, namespace(second)),
        _ => {}
    }
    peers.into()
}

#[cfg(test)]
mod tests {
    use super::{peers, places};

    #[test]
    fn an_address_comes_to_its_hosts_and_ports() {
        for (address, expected) in [
            (
                "mongodb://u:p@db.example:27018/atlas?tls=true",
                vec![("db.example", Some(27018))],
            ),
            ("mongodb://u:p%40@a,b:2", vec![("a", None), ("b", Some(2))]),
            (
                "mongodb+srv://u:p@cluster.example.net",
                vec![("cluster.example.net", None)],
            ),
            (
                "rediss://:p@[fd00::1]:6380/0",
                vec![("[fd00::1]", Some(6380))],
            ),
            ("redis://[::1]", vec![("[::1]", None)]),
            ("op://vault/redis/url", vec![("", None)]),
            ("", vec![("", None)]),
        ] {
            assert_eq!(places(address), expected, "{address}");
        }
    }

    #[test]
    fn what_the_cluster_resolves_is_a_namespace_and_the_rest_is_outside() {
        let outside = r#"{"ipBlock":{"cidr":"0.0.0.0/0"}},{"ipBlock":{"cidr":"::/0"}}"#;
        let namespace = |name: &str| {
            format!(
                r#"{{"namespaceSelector":{{"matchLabels":{{"kubernetes.io/metadata.name":"{name}"}}}}}}"#
            )
        };
        for (host, expected) in [
            (
                "10.1.2.3",
                r#"{"ipBlock":{"cidr":"10.1.2.3/32"}}"#.to_owned(),
            ),
            (
                "[fd00::1]",
                r#"{"ipBlock":{"cidr":"fd00::1/128"}}"#.to_owned(),
            ),
            ("redis.cache.svc", namespace("cache")),
            ("redis-0.redis.cache.svc.cluster.local", namespace("cache")),
            ("redis.cache", format!("{},{outside}", namespace("cache"))),
            ("redis", format!(r#"{{"podSelector":{{}}}},{outside}"#)),
            ("cluster.example.net", outside.to_owned()),
            ("", outside.to_owned()),
        ] {
            assert_eq!(peers(host).to_string(), format!("[{expected}]"), "{host}");
        }
    }
}
