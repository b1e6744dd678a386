//! nginx as a service of the deployment, where it runs in a container: what is mounted, published and asked. Owns how it is kept apart (it
//! shares a network with the gateway alone); its settings belong to `edge`, its files to `targets`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::Scope;
use super::edge::edge;
use crate::diagnostic::Diagnostic;
use crate::model::{
    Condition, Deployment, EDGE, EDGE_FOLDER, EDGE_INSIDE, EDGE_KEY, Edge, EnvValue, Exchange,
    Image, Kind, Mount, Network, Opening, Place, Probe, Publish, Resources, SecretMount, Service,
    ServiceName, Tmpfs,
};

/// The network of nginx and the gateway, and of nobody else.
const NETWORK: &str = "edge";
/// Where certbot keeps what its links `live/…` lead to.
const CERTBOT: &str = "/etc/letsencrypt";
/// Tells the gateway that the client's address comes from who stands before it.
const TRUST: &str = "ATLAS_TRUST_PROXY";

impl Scope<'_> {
    /// Whether nginx runs in a container.
    pub(super) fn has_front(&self) -> bool {
        let runs = self.inputs.project.nginx.runs.as_ref();
        runs.is_some_and(|runs| runs.value == Place::Container)
    }

    /// Adds nginx where it runs in a container before a gateway that was selected.
    pub(super) fn front(&mut self, deployment: &mut Deployment) {
        let gateway = { deployment.services.values() }.find(|s| s.kind == Kind::Gateway);
        let Some(gateway) = gateway.filter(|_| self.has_front()) else {
            return;
        };
        let gateway = gateway.name.clone();
        let name: ServiceName = EDGE.parse().expect("it is a name");
        if self.inputs.catalogue.get(EDGE).is_some() {
            let message = format!("the catalogue has a service `{name}` already");
            let hint = "give that another name, or set `nginx.runs: host`";
            let problem = Diagnostic::error(message).key("nginx.runs").hint(hint);
            let runs = self.inputs.project.nginx.runs.as_ref();
            self.in_project(problem, runs.map(|runs| runs.position).unwrap_or_default());
            return;
        }
        let edge = match edge(self.inputs, deployment, None) {
            Ok(edge) => edge,
            Err(problems) => return self.problems.extend(problems),
        };
        if let Some(gateway) = deployment.services.get_mut(&gateway) {
            gateway.networks.insert(NETWORK.to_owned());
            let private = { gateway.openings() }.all(|own| own.publish.address.is_loopback());
            if private && matches!(gateway.image, Image::Builtin(_)) {
                let believes = EnvValue::Plain("true".to_owned());
                gateway
                    .environment
                    .entry(TRUST.to_owned())
                    .or_insert(believes);
            }
        }
        let network = Network { internal: false };
        deployment.networks.insert(NETWORK.to_owned(), network);
        deployment
            .services
            .insert(name.clone(), service(name, &edge, gateway));
        deployment.edge = Some(edge);
    }
}

fn service(name: ServiceName, edge: &Edge, gateway: ServiceName) -> Service {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let conf = format!("{EDGE_INSIDE}/nginx.conf");
    let mut openings = openings(edge);
    let own = openings.remove(0);
    let secrets = edge.api_key.as_ref().map(|_| SecretMount {
        name: EDGE_KEY.to_owned(),
    });
    Service {
        name,
        description: "The way in from the internet".to_owned(),
        kind: Kind::Edge,
        image: Image::Reference(edge.image.clone()),
        entrypoint: None,
        command: Some(words(&["nginx", "-c", &conf, "-g", "daemon off;"])),
        environment: BTreeMap::new(),
        secrets: secrets.into_iter().collect(),
        port: own.inside,
        publish: Some(own.publish),
        further: openings,
        probe: Probe::Tcp {
            exchange: Some(Exchange {
                send: format!("GET / HTTP/1.0\r\nHost: {}\r\n\r\n", edge.host),
                expect: words(&["HTTP/1.1 308"]),
            }),
        },
        // Any image of nginx has nginx; not all have a client.
        healthcheck: words(&["CMD", "nginx", "-t", "-q", "-c", &conf]),
        internet: false,
        depends_on: BTreeMap::from([(gateway, Condition::Healthy)]),
        networks: BTreeSet::from([NETWORK.to_owned()]),
        mounts: mounts(edge),
        tmpfs: vec![Tmpfs {
            target: "/tmp".to_owned(),
            options: "rw,noexec,nosuid,nodev,size=64m".to_owned(),
        }],
        // The first process reads keys that are root's alone, and lets others do the work.
        user: None,
        read_only: true,
        capabilities: words(&["CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"]),
        resources: Resources {
            memory: 128 << 20,
            cpu_millis: 1000,
            pids: 64,
        },
        replicas: 1,
        scalable: false,
        // While the old one lets its streams end, nobody else can be let in.
        stop_grace: Duration::from_secs(5),
        labels: BTreeMap::new(),
    }
}

/// Ports of HTTP and TLS on every address of the machine.
fn openings(edge: &Edge) -> Vec<Opening> {
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let mut openings = Vec::new();
    for address in any.into_iter().take(if edge.ipv6 { 2 } else { 1 }) {
        let mut open = |port, udp| {
            let publish = Publish { address, port };
            openings.push(Opening {
                publish,
                inside: port,
                udp,
            });
        };
        open(edge.http, false);
        open(edge.https, false);
        if edge.build.http3 {
            open(edge.https, true);
        }
    }
    openings
}

fn mounts(edge: &Edge) -> Vec<Mount> {
    let bind = |source: &str, target: &str| Mount::Bind {
        source: source.into(),
        target: target.to_owned(),
        read_only: true,
    };
    let mut mounts = vec![bind(EDGE_FOLDER, EDGE_INSIDE), bind(&edge.acme, &edge.acme)];
    let mut files = vec![&edge.certificate, &edge.key];
    files.extend(&edge.clients);
    let (kept, others): (Vec<&String>, Vec<&String>) =
        { files.into_iter() }.partition(|file| file.starts_with(&format!("{CERTBOT}/")));
    if !kept.is_empty() {
        mounts.push(bind(CERTBOT, CERTBOT));
    }
    mounts.extend(others.into_iter().map(|file| bind(file, file)));
    mounts
}
