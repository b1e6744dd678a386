//! The edge: its defaults, every refusal, and every choice of services.

use std::collections::BTreeSet;

use super::{full_env, inputs, request, text};
use crate::input::{Inputs, Project};
use crate::model::{Edge, EnvValue, NginxBuild, NginxVersion, Upstream};
use crate::resolve::{edge, resolve};
use crate::targets::{Contents, nginx};

const SITE: &str = "public-url: https://api.example.com\n";

fn edged(yaml: &str, found: Option<NginxBuild>) -> Result<Edge, String> {
    let inputs = inputs(yaml, &full_env());
    let resolution = resolve(&inputs, &request()).unwrap_or_else(|p| panic!("{}", text(&p)));
    edge(&inputs, &resolution.deployment, found).map_err(|problems| text(&problems))
}

#[track_caller]
fn refuses(yaml: &str, expected: &str) {
    assert_eq!(edged(yaml, None).unwrap_err(), expected);
}

#[test]
fn the_site_is_named_by_the_public_url() {
    let edge = edged("public-url: https://API.example.com:8443\n", None).unwrap();
    assert_eq!(
        (edge.host.as_str(), edge.https.get()),
        ("api.example.com", 8443)
    );
    assert_eq!(
        edge.certificate,
        "/etc/letsencrypt/live/api.example.com/fullchain.pem"
    );
    assert_eq!(edge.streams, ["/api/search/stream"]);
    assert_eq!(edge.body, 64 << 10, "the built-in gateway takes no more");
    refuses(
        "profile: minimal\n",
        "error: atlas.yaml: public-url: nginx needs the name of its site
  hint: add `public-url: https://api.example.com` to atlas.yaml",
    );
    refuses(
        "public-url: http://api.example.com\n",
        "error: atlas.yaml:1:13: public-url: `http://api.example.com` is not encrypted
  hint: write it with https://: plain HTTP is only redirected",
    );
    refuses(
        "public-url: https://192.0.2.1\n",
        "error: atlas.yaml:1:13: public-url: `192.0.2.1` is no name of a domain
  hint: clients name the site in TLS, and an address is no name",
    );
}

#[test]
fn it_is_written_for_the_nginx_that_is_named_or_found() {
    let found = NginxBuild {
        version: NginxVersion(1, 30, 6),
        http3: true,
    };
    let build = |yaml: &str| edged(&format!("{SITE}{yaml}"), Some(found)).unwrap().build;
    assert_eq!(build(""), found);
    let old = build("nginx: {version: 1.22}\n");
    assert_eq!((old.version, old.http3), (NginxVersion::OLDEST, false));
    assert!(!build("nginx: {http3: false}\n").http3);
    let container = build("nginx: {runs: compose, version: 1.28}\n");
    assert_eq!(container.version, NginxVersion(1, 28, 0));
    let image = |yaml: &str| {
        edged(&format!("{SITE}nginx: {{runs: compose{yaml}}}\n"), None)
            .unwrap()
            .image
    };
    assert_eq!(image("").as_str(), "nginx:1.30-alpine");
    assert_eq!(image(", version: 1.28").as_str(), "nginx:1.28-alpine");
    assert_eq!(
        image(", image: \"r.example/nginx:1\"").as_str(),
        "r.example/nginx:1"
    );
    assert_eq!(
        edged(SITE, None).unwrap().build.version,
        NginxVersion::OLDEST
    );
}

#[test]
fn what_does_not_fit_together_is_refused_at_its_place() {
    refuses(
        &format!(
            "{SITE}nginx:\n  http: 443\n  version: 1.22\n  http3: true\n  key: /k.pem\n  api-key: false\n"
        ),
        "error: atlas.yaml:3:9: nginx.http: port 443 cannot be both of HTTP and of TLS
  hint: choose another
error: atlas.yaml:5:10: nginx.http3: nginx 1.22.0 does not speak HTTP/3
  hint: that needs nginx 1.25 or newer
error: atlas.yaml:6:8: nginx: a certificate and its key belong together
  hint: set both `certificate` and `key`, or neither",
    );
    refuses(
        &format!("{SITE}services-to-run: [redis]\n"),
        "error: atlas.yaml:2:18: services-to-run: no gateway is selected: there is nothing for nginx to lead to
  hint: add `gateway` to the services",
    );
    refuses(
        &format!("{SITE}services:\n  gateway: {{publish: false}}\n"),
        "error: atlas.yaml:3:3: services.gateway: nginx on this machine cannot reach `gateway`
  hint: give it a port on this machine, or set `nginx.runs: compose`",
    );
    let inside =
        format!("{SITE}nginx: {{runs: compose}}\nservices:\n  gateway: {{publish: false}}\n");
    assert!(matches!(
        edged(&inside, None).unwrap().upstream,
        Upstream::Name(..)
    ));
}

#[test]
fn what_nginx_would_read_otherwise_is_no_value() {
    assert_eq!(
        super::refused(
            "public-url: https://a..example\nnginx: {version: 1.18, acme: \"/a; b\", rate: 0, runs: hots, behind: cdn}\n"
        ),
        "error: atlas.yaml:1:13: public-url: expected an address such as `https://api.example.com`, found `https://a..example`
error: atlas.yaml:2:18: nginx.version: nginx 1.18.0 is too old
  hint: 1.22 (Debian 12) is the oldest that is written for
error: atlas.yaml:2:30: nginx.acme: expected an absolute path of letters, digits, `/`, `.`, `_`, `-` and `@`, found `/a; b`
error: atlas.yaml:2:45: nginx.rate: expected a whole number from 1 to 1000000, found `0`
error: atlas.yaml:2:54: nginx.runs: unknown value `hots`
  hint: did you mean `host`?
error: atlas.yaml:2:68: nginx.behind: unknown value `cdn`
  hint: known are `cloudflare` and `nothing`"
    );
}

#[test]
fn in_the_stack_it_is_a_service_that_shares_a_network_with_the_gateway_alone() {
    let yaml = format!("{SITE}nginx: {{runs: compose, api-key: true}}\n");
    let deployment = |yaml: &str, request: &crate::resolve::Request| {
        let resolution = resolve(&inputs(yaml, &full_env()), request);
        resolution
            .unwrap_or_else(|p| panic!("{}", text(&p)))
            .deployment
    };
    let whole = deployment(&yaml, &request());
    let on_edge = { whole.services.values() }.filter(|s| s.networks.contains("edge"));
    let names: Vec<&str> = on_edge.map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["gateway", "nginx"]);
    let nginx = &whole.services[&"nginx".parse().unwrap()];
    assert_eq!(nginx.networks.len(), 1);
    let ports: Vec<String> = { nginx.openings() }
        .map(|o| format!("{}:{}/{}", o.publish.address, o.publish.port, o.protocol()))
        .collect();
    assert_eq!(
        ports,
        ["0.0.0.0:80/tcp", "0.0.0.0:443/tcp", "0.0.0.0:443/udp"]
    );
    let trust = |deployment: &crate::model::Deployment| {
        let gateway = &deployment.services[&"gateway".parse().unwrap()];
        gateway.environment.get("ATLAS_TRUST_PROXY").cloned()
    };
    assert_eq!(trust(&whole), Some(EnvValue::Plain("true".into())));
    let open = format!("{yaml}services: {{gateway: {{expose: 0.0.0.0}}}}\n");
    assert_eq!(
        trust(&deployment(&open, &request())),
        None,
        "anybody could say so"
    );

    let mut named = request();
    named.services = vec!["nginx".to_owned()];
    let few = deployment(&yaml, &named);
    let names: Vec<&str> = few.services.keys().map(|name| name.as_str()).collect();
    assert!(
        names.contains(&"nginx") && names.contains(&"gateway"),
        "{names:?}"
    );
    let without = deployment(&format!("{SITE}nginx: {{}}\n"), &request());
    assert!(without.edge.is_none() && !without.networks.contains_key("edge"));
}

#[test]
fn nginx_in_the_stack_gives_way_to_what_has_its_ports() {
    assert_eq!(
        super::refused(&format!("{SITE}nginx: {{runs: compose, http: 8001}}\n")),
        "error: atlas.yaml:2:15: nginx: port 8001 is already published by `gateway`
  hint: choose another `nginx.http` or `nginx.https`"
    );
    assert_eq!(
        super::refused("nginx: {runs: compose}\n"),
        "error: atlas.yaml: public-url: nginx needs the name of its site
  hint: add `public-url: https://api.example.com` to atlas.yaml"
    );
}

/// Every single service, every pair, and 200 choices of three and more.
fn choices(names: &[String]) -> BTreeSet<Vec<&str>> {
    let mut choices = BTreeSet::new();
    for first in names {
        for second in names {
            let both: BTreeSet<&str> = [first.as_str(), second].into();
            choices.insert(both.into_iter().collect());
        }
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    while choices.len() < names.len() * (names.len() + 1) / 2 + 200 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let chosen = names
            .iter()
            .enumerate()
            .filter(|(bit, _)| state >> bit & 1 == 1);
        let chosen: Vec<&str> = chosen.map(|(_, name)| name.as_str()).collect();
        if chosen.len() > 2 {
            choices.insert(chosen);
        }
    }
    choices
}

#[test]
fn every_choice_of_services_is_written_the_same_each_time_or_has_no_gateway() {
    let base = inputs("", &full_env());
    let names: Vec<String> = base
        .catalogue
        .entries()
        .map(|entry| entry.name.to_string())
        .collect();
    let mut request = request();
    request.roles = names.iter().cloned().collect();
    let (mut written, mut without) = (0, 0);
    for chosen in choices(&names) {
        for place in ["host", "compose"] {
            let yaml = format!(
                "{SITE}nginx: {{runs: {place}}}\nservices-to-run: [{}]\n",
                chosen.join(", ")
            );
            let (project, problems) = Project::parse("atlas.yaml", yaml.as_bytes());
            assert_eq!(problems, []);
            let inputs = Inputs {
                project,
                ..base.clone()
            };
            let Ok(resolution) = resolve(&inputs, &request) else {
                panic!("{chosen:?}");
            };
            let edge = edge(&inputs, &resolution.deployment, None);
            let gateway = resolution
                .deployment
                .services
                .keys()
                .any(|n| n.as_str() == "gateway");
            let Ok(edge) = edge else {
                assert!(!gateway, "{chosen:?}");
                without += 1;
                continue;
            };
            assert!(gateway, "{chosen:?}");
            let artifacts = nginx::artifacts(&edge, "/srv/atlas");
            assert_eq!(artifacts, nginx::artifacts(&edge, "/srv/atlas"));
            for artifact in &artifacts {
                let Contents::Text(text) = &artifact.contents else {
                    panic!("no secret was asked for");
                };
                assert_eq!(
                    text.matches('{').count(),
                    text.matches('}').count(),
                    "{text}"
                );
                assert!(text.ends_with('\n') && !text.contains("{{"), "{text}");
            }
            written += 1;
        }
    }
    assert!(written > 100 && without > 100, "{written} {without}");
}
