//! Looks for the facts of `checks::tls`: connects to the public address and reads what it shows. Nothing is sent but the greeting of TLS.

mod handshake;
mod old;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use super::containers::now;
use super::{Scene, nginx};
use crate::checks::tls::{Renewal, Shown, Tls};
use crate::checks::{Known, Unknown};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(3);
const HTTPS: u16 = 443;

/// Whom to ask.
struct Asked {
    host: String,
    port: u16,
    /// It is nginx on this machine, or a container's port there, that serves the name.
    here: bool,
}

pub(super) async fn look(scene: &Scene<'_>) -> Known<Tls> {
    let deployment = scene.deployment()?;
    let site = nginx::encrypted(scene);
    let inside = { deployment.edge.iter() }.find(|edge| edge.cloudflare.is_none());
    let asked = match &deployment.public_url {
        Some(url) if !url.secure => None,
        // What Cloudflare shows to clients is another certificate; else that of the project's own nginx is what they see.
        Some(_) if scene.offline && inside.is_some() => inside.map(|edge| Asked {
            host: edge.host.clone(),
            port: edge.https.get(),
            here: true,
        }),
        Some(url) => Some(Asked {
            host: url.host.clone(),
            port: url.port,
            here: false,
        }),
        None => site.as_ref().map(|site| Asked {
            host: site.name.clone(),
            port: HTTPS,
            here: true,
        }),
    };
    let Some(asked) = asked else {
        return Ok(Tls::default());
    };
    let shown = match place(scene, &asked).await {
        Ok(address) => show(scene, &asked, address).await,
        Err(unknown) => Err(unknown),
    };
    let certificate = site
        .filter(|site| site.name == asked.host)
        .and_then(|site| site.certificate);
    Ok(Tls {
        address: Some(format!("{}:{}", asked.host, asked.port)),
        now: now(),
        shown: Some(shown),
        renewal: renewal(&scene.root(), &asked.host, certificate.as_deref()),
    })
}

fn unseen<T>(why: impl Into<String>) -> Known<T> {
    Err(Unknown::Unseen(why.into()))
}

/// The address behind the name. Offline, only one of this machine is asked.
async fn place(scene: &Scene<'_>, asked: &Asked) -> Known<SocketAddr> {
    let host = asked.host.as_str();
    if asked.here {
        return Ok(SocketAddr::new([127, 0, 0, 1].into(), asked.port));
    }
    let literal = host.parse::<IpAddr>().ok();
    if scene.offline && literal.is_none() && host != "localhost" {
        return unseen(format!(
            "{host} may be on another machine, and `--offline` was given"
        ));
    }
    let found = match literal {
        Some(ip) => vec![SocketAddr::new(ip, asked.port)],
        None => match tokio::net::lookup_host((host, asked.port)).await {
            Ok(found) => found.collect(),
            Err(cause) => {
                return unseen(format!(
                    "the name {host} does not resolve: {}",
                    crate::error::cause(&cause)
                ));
            }
        },
    };
    // IPv4 first: a name may have IPv6 addresses that this machine has no way to.
    let found = { found.iter() }
        .find(|address| address.is_ipv4())
        .or(found.first());
    match found {
        Some(address) if scene.offline && !is_here(address.ip()) => unseen(format!(
            "{} is another machine's, and `--offline` was given",
            address.ip()
        )),
        Some(address) => Ok(*address),
        None => unseen(format!("the name {host} has no address")),
    }
}

/// Only this machine's own addresses can be bound.
fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

async fn show(scene: &Scene<'_>, asked: &Asked, address: SocketAddr) -> Known<Shown> {
    let extra = scene
        .environment
        .get("SSL_CERT_FILE")
        .filter(|path| !path.is_empty());
    let roots = atlas_backend::tls::roots(extra.map(Path::new)).map_err(Unknown::Unseen)?;
    let (shown, old) = tokio::join!(
        tokio::time::timeout(PATIENCE, handshake::shake(address, &asked.host, &roots)),
        tokio::time::timeout(PATIENCE, old::offer(address, &asked.host)),
    );
    match shown {
        Err(_) => unseen(format!(
            "{address} does not answer within {} s",
            PATIENCE.as_secs()
        )),
        Ok(Err(why)) => unseen(format!("{address} cannot be reached: {why}")),
        Ok(Ok(shown)) => Ok(Shown {
            old_protocol: old.ok().flatten(),
            ..shown
        }),
    }
}

/// How certbot renews the certificate, if it is one of certbot's.
fn renewal(root: &Path, host: &str, certificate: Option<&str>) -> Option<Renewal> {
    let named = certificate.and_then(|path| path.strip_prefix("/etc/letsencrypt/live/"));
    let named = named.and_then(|rest| rest.split('/').next());
    let folder = root.join("etc/letsencrypt");
    let name = match named {
        Some(name) => name,
        None if folder.join("live").join(host).is_dir() => host,
        None => return None,
    };
    let timers = [
        "certbot.timer",
        "certbot-renew.timer",
        "snap.certbot.renew.timer",
    ];
    let wants = root.join("etc/systemd/system/timers.target.wants");
    let timer = timers
        .iter()
        .find(|timer| wants.join(timer).symlink_metadata().is_ok());
    let crons = ["etc/cron.d/certbot", "etc/cron.daily/certbot"];
    let cron = crons.iter().find(|path| root.join(path).is_file());
    Some(Renewal {
        name: name.to_owned(),
        known: folder
            .join("renewal")
            .join(format!("{name}.conf"))
            .is_file(),
        runner: match (timer, cron) {
            (Some(timer), _) => Some((*timer).to_owned()),
            (None, Some(path)) => Some(format!("/{path}")),
            (None, None) => None,
        },
    })
}
