//! `nginx:` and `public-url` of atlas.yaml, and the deployment → [`Edge`], or every problem at once. Pure. Owns the defaults.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cloudflare;
use crate::diagnostic::{At, Diagnostic, Position};
use crate::input::Inputs;
use crate::model::{
    Deployment, Edge, EnvValue, Image, ImageRef, Kind, NginxBuild, NginxVersion, Place, Port,
    PublicUrl, Secret, Service, Upstream,
};

/// Requests in a second, further ones at once, connections: ten times what a person does.
const LIMITS: [u32; 3] = [10, 20, 30];
/// The built-in gateway's own limit (`atlas_backend::front::BODY_MAX`), and what is allowed to others.
const BODIES: [u64; 2] = [64 << 10, 1 << 20];
/// Seconds; the gateway sends a comment every 15 s, Cloudflare gives up after 100 s.
const SILENCE: u32 = 300;
/// What a container is of when no version is named.
const IN_A_CONTAINER: NginxVersion = NginxVersion(1, 30, 0);

/// The edge of a deployment. `found` is the nginx of this machine.
///
/// # Errors
/// Every reason why there is none.
pub fn edge(
    inputs: &Inputs,
    deployment: &Deployment,
    found: Option<NginxBuild>,
) -> Result<Edge, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut refuse = |message: String, key: &str, hint: &str, position: Option<Position>| {
        let problem = Diagnostic::error(message).key(key).hint(hint);
        let file = match inputs.project.file.is_empty() {
            true => "atlas.yaml",
            false => &inputs.project.file,
        };
        problems.push(problem.at(file, position.unwrap_or_default()));
    };
    let written = &inputs.project.nginx;
    let place = value(&written.runs).unwrap_or(Place::Host);
    let url = inputs.project.public_url.as_ref();
    if let Some((message, hint)) = fault(url.map(|url| &url.value)) {
        refuse(message, "public-url", hint, url.map(|url| url.position));
    }
    let gateway = { deployment.services.values() }.find(|service| service.kind == Kind::Gateway);
    let upstream = gateway.and_then(|gateway| upstream(gateway, place));
    match gateway {
        None => {
            let chosen = inputs.project.services_to_run.as_ref();
            let hint = "add `gateway` to the services";
            let message = "no gateway is selected: there is nothing for nginx to lead to";
            let position = chosen.map(|chosen| chosen.position);
            refuse(message.to_owned(), "services-to-run", hint, position);
        }
        Some(gateway) if upstream.is_none() => {
            let message = format!("nginx on this machine cannot reach `{}`", gateway.name);
            let key = format!("services.{}", gateway.name);
            let hint = "give it a port on this machine, or set `nginx.runs: compose`";
            let position = inputs.project.services.get(gateway.name.as_str());
            refuse(message, &key, hint, position.map(|own| own.position));
        }
        Some(_) => {}
    }
    let (http, https) = ports(&mut refuse, inputs);
    let build = build(&mut refuse, inputs, place, found);
    if written.certificate.is_some() != written.key.is_some() {
        let one = written.certificate.as_ref().or(written.key.as_ref());
        let message = "a certificate and its key belong together".to_owned();
        let hint = "set both `certificate` and `key`, or neither";
        refuse(message, "nginx", hint, one.map(|one| one.position));
    }
    let cloudflare = cloudflare::networks(written);
    if let (Some(list), None) = (&written.addresses, &cloudflare) {
        let message = "nothing of Cloudflare stands before nginx".to_owned();
        let hint = "set `nginx.behind: cloudflare`, or leave `cloudflare` away";
        refuse(message, "nginx.cloudflare", hint, Some(list.position));
    }
    let asks = written.api_key.as_ref().filter(|asks| asks.value);
    let api_key = asks.and_then(|_| key(deployment));
    if let (Some(asks), None) = (asks, &api_key) {
        let message = "nginx cannot be told the API key".to_owned();
        let hint = "set ATLAS_API_KEY in .env to letters, digits, `_` and `-`";
        refuse(message, "nginx.api-key", hint, Some(asks.position));
    }
    let (Some(url), Some(gateway), Some(upstream), true) =
        (url, gateway, upstream, problems.is_empty())
    else {
        return Err(problems);
    };
    let host = url.value.host.clone();
    let live = |file: &str| format!("/etc/letsencrypt/live/{host}/{file}");
    let builtin = matches!(gateway.image, Image::Builtin(_));
    let [rate, burst, connections] = LIMITS;
    Ok(Edge {
        place,
        image: value(&written.image).unwrap_or_else(|| official(build.version)),
        build,
        upstream,
        streams: streams(builtin),
        http,
        https,
        ipv6: value(&written.ipv6).unwrap_or(place == Place::Host),
        certificate: value(&written.certificate).unwrap_or_else(|| live("fullchain.pem")),
        key: value(&written.key).unwrap_or_else(|| live("privkey.pem")),
        acme: value(&written.acme).unwrap_or_else(|| "/var/www/acme".to_owned()),
        rate: value(&written.rate).unwrap_or(rate),
        burst: value(&written.burst).unwrap_or(burst),
        connections: value(&written.connections).unwrap_or(connections),
        body: value(&written.body).unwrap_or(BODIES[usize::from(!builtin)]),
        silence: value(&written.silence).unwrap_or(SILENCE),
        cloudflare,
        clients: value(&written.clients),
        api_key,
        host,
    })
}

fn value<T: Clone>(written: &Option<At<T>>) -> Option<T> {
    written.as_ref().map(|written| written.value.clone())
}

/// What makes an address useless as the name of a site.
fn fault(url: Option<&PublicUrl>) -> Option<(String, &'static str)> {
    let Some(url) = url else {
        let hint = "add `public-url: https://api.example.com` to atlas.yaml";
        return Some(("nginx needs the name of its site".to_owned(), hint));
    };
    if !url.secure {
        let hint = "write it with https://: plain HTTP is only redirected";
        return Some((format!("`{url}` is not encrypted"), hint));
    }
    let digits = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    if url.host.rsplit('.').next().is_some_and(digits) {
        // RFC 6066: no address in SNI; RFC 3696: no top-level domain is all digits.
        let hint = "clients name the site in TLS, and an address is no name";
        return Some((format!("`{}` is no name of a domain", url.host), hint));
    }
    None
}

/// Event streams by the paths of the gateway: the built-in one's, and besides it that of the guide's.
fn streams(builtin: bool) -> Vec<String> {
    let all = ["/api/search/stream", "/api/chat/stream"];
    let count = if builtin { 1 } else { 2 };
    all.iter()
        .take(count)
        .map(|path| (*path).to_owned())
        .collect()
}

/// The official image of the version's series.
fn official(version: NginxVersion) -> ImageRef {
    ImageRef::new(format!("nginx:{}.{}-alpine", version.0, version.1))
}

/// The key of the API, if the deployment has one that nginx can be told.
fn key(deployment: &Deployment) -> Option<Secret> {
    let (variable, file) = ("ATLAS_API_KEY", "atlas_api_key");
    let services = deployment.services.values();
    let given = services.filter_map(|service| service.environment.get(variable));
    let given = { given }.find_map(|given| match given {
        EnvValue::Secret { value, .. } => Some(value),
        EnvValue::Plain(_) | EnvValue::Composed { .. } => None,
    });
    let key = given.or(deployment.secrets.get(file))?;
    key.is_word().then(|| key.clone())
}

fn upstream(gateway: &Service, place: Place) -> Option<Upstream> {
    if place == Place::Container {
        return Some(Upstream::Name(gateway.name.clone(), gateway.port));
    }
    let publish = gateway.publish?;
    let address = match publish.address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    Some(Upstream::Address(address, publish.port))
}

type Refuse<'a> = dyn FnMut(String, &str, &str, Option<Position>) + 'a;

fn ports(refuse: &mut Refuse<'_>, inputs: &Inputs) -> (Port, Port) {
    let written = &inputs.project.nginx;
    let public = inputs.project.public_url.as_ref();
    let port = |number: u64| Port::new(number).expect("no port of ours is 0");
    let http = value(&written.http).unwrap_or(port(80));
    let https = value(&written.https).or(public.and_then(|url| Port::new(url.value.port.into())));
    let https = https.unwrap_or(port(443));
    if http == https && public.is_none_or(|url| url.value.secure) {
        let written = written.http.as_ref().or(written.https.as_ref());
        let message = format!("port {} cannot be both of HTTP and of TLS", https.get());
        let position = written.map(|port| port.position);
        refuse(message, "nginx.http", "choose another", position);
    }
    (http, https)
}

fn build(
    refuse: &mut Refuse<'_>,
    inputs: &Inputs,
    place: Place,
    found: Option<NginxBuild>,
) -> NginxBuild {
    let written = &inputs.project.nginx;
    let found = found.filter(|_| place == Place::Host);
    let version = value(&written.version).or(found.map(|found| found.version));
    let version = version.unwrap_or(match place {
        Place::Host => NginxVersion::OLDEST,
        Place::Container => IN_A_CONTAINER,
    });
    let built = match (place, found) {
        (Place::Container, _) => version.http3(),
        (Place::Host, Some(found)) => found.version == version && found.http3,
        (Place::Host, None) => false,
    };
    if let Some(http3) = written.http3.as_ref().filter(|http3| http3.value)
        && !version.http3()
    {
        let message = format!("nginx {version} does not speak HTTP/3");
        let hint = "that needs nginx 1.25 or newer";
        refuse(message, "nginx.http3", hint, Some(http3.position));
    }
    NginxBuild {
        version,
        http3: value(&written.http3).unwrap_or(built),
    }
}
