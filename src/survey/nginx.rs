//! Looks for the facts of `checks::nginx`: reads the configuration of nginx below /etc/nginx and has nginx itself test it.

mod cloudflare;
mod directive;
pub(crate) mod program;
mod site;

use std::path::Path;

use super::Scene;
use crate::checks::nginx::Nginx;
use crate::checks::{Known, Unknown};
use crate::model::Kind;

use directive::Directive;
use program::Answer;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Nginx> {
    Ok(Nginx {
        cloudflare: cloudflare::look(scene).await,
        ..on_this_machine(scene).await?
    })
}

async fn on_this_machine(scene: &Scene<'_>) -> Known<Nginx> {
    let root = scene.root();
    let folder = root.join("etc/nginx");
    if !folder.join("nginx.conf").is_file() {
        return Ok(Nginx::default());
    }
    let deployment = scene.deployment()?;
    let gateway = deployment
        .services
        .values()
        .find(|service| service.kind == Kind::Gateway);
    let Some(gateway) = gateway else {
        return Ok(Nginx::default());
    };
    let published = gateway.publish.map(|publish| publish.port.get());
    let containers = scene
        .observed
        .map(|observed| observed.containers.as_slice());
    let own = containers
        .into_iter()
        .flatten()
        .filter(|c| c.service == gateway.name.as_str());
    let addresses = own.flat_map(|container| {
        container
            .networks
            .values()
            .filter_map(|(_, address)| *address)
    });
    let all = directive::read(&root, &folder.join("nginx.conf"));
    let mut ports: Vec<u16> = published.into_iter().chain([gateway.port.get()]).collect();
    ports.dedup();
    let addresses: Vec<_> = addresses.collect();
    let sites = site::ours(&all, &ports, &addresses);
    let test = match sites.is_empty() {
        true => None,
        false => test(scene, &root, &folder).await,
    };
    Ok(Nginx {
        test,
        published,
        addresses,
        quiet: all
            .iter()
            .any(|directive| directive.has("server_tokens", "off")),
        limited: all.iter().any(|directive| directive.holds("limit_req")),
        sites,
        cloudflare: None,
    })
}

/// What `nginx -t` says against it; `None` without an nginx to ask.
async fn test(scene: &Scene<'_>, root: &Path, folder: &Path) -> Option<Known<Vec<String>>> {
    let path = scene.environment.get("PATH").map_or("", String::as_str);
    let program = program::find(path, root)?;
    let answer = program::test(&program, folder, &folder.join("nginx.conf")).await;
    Some(match answer {
        Answer::Good => Ok(Vec::new()),
        Answer::Bad(lines) => Ok(lines),
        Answer::None(why) => Err(Unknown::Unseen(why)),
    })
}

/// A site of nginx that speaks TLS, on this machine or in a container of the project.
pub(super) struct Encrypted {
    /// Its first name.
    pub(super) name: String,
    /// The file of its certificate.
    pub(super) certificate: Option<String>,
}

/// The site that leads to the gateway and speaks TLS, if there is one.
pub(super) fn encrypted(scene: &Scene<'_>) -> Option<Encrypted> {
    let root = scene.root();
    let deployment = scene.deployment?;
    if let Some(edge) = &deployment.edge {
        return Some(Encrypted {
            name: edge.host.clone(),
            certificate: Some(edge.certificate.clone()),
        });
    }
    let gateway = deployment
        .services
        .values()
        .find(|service| service.kind == Kind::Gateway)?;
    let ports = gateway.publish.map(|publish| publish.port.get());
    let ports: Vec<u16> = ports.into_iter().chain([gateway.port.get()]).collect();
    let all = directive::read(&root, &root.join("etc/nginx/nginx.conf"));
    let sites = site::ours(&all, &ports, &[]);
    let site = sites.iter().find(|site| site.tls)?;
    let name = site
        .names
        .iter()
        .find(|name| name.contains('.') && !name.contains('*'))?;
    let every = all.iter().flat_map(Directive::all);
    let mut servers = every.filter(|directive| directive.place == site.place);
    let server = servers.find(|directive| directive.name() == "server")?;
    let certificate = server
        .block
        .iter()
        .find(|directive| directive.name() == "ssl_certificate");
    Some(Encrypted {
        name: name.clone(),
        certificate: certificate.map(|directive| directive.argument(0).to_owned()),
    })
}
