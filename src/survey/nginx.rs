//! Looks for the facts of `checks::nginx`: reads the configuration of nginx below /etc/nginx and has nginx itself test it.

mod directive;
mod site;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Scene;
use crate::checks::nginx::Nginx;
use crate::checks::{Known, Unknown};
use crate::model::Kind;

use directive::Directive;

/// A test of a configuration takes milliseconds; names in it are resolved, too.
const PATIENCE: Duration = Duration::from_secs(4);

pub(super) async fn look(scene: &Scene<'_>) -> Known<Nginx> {
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
    })
}

/// What `nginx -t` says against it; `None` without an nginx to ask.
async fn test(scene: &Scene<'_>, root: &Path, folder: &Path) -> Option<Known<Vec<String>>> {
    let path = scene.environment.get("PATH").map_or("", String::as_str);
    // Not every user has the folder of servers on PATH.
    let folders = path
        .split(':')
        .map(PathBuf::from)
        .chain([root.join("usr/sbin")]);
    let program = { folders }
        .map(|folder| folder.join("nginx"))
        .find(|file| file.is_file())?;
    let command = tokio::process::Command::new(program)
        .args(["-t", "-q", "-e", "stderr", "-p"])
        .arg(folder)
        .arg("-c")
        .arg(folder.join("nginx.conf"))
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let unseen = |why: String| Some(Err(Unknown::Unseen(why)));
    match tokio::time::timeout(PATIENCE, command).await {
        Err(_) => unseen(format!(
            "`nginx -t` takes longer than {} s",
            PATIENCE.as_secs()
        )),
        Ok(Err(cause)) => unseen(format!(
            "nginx cannot be run: {}",
            crate::error::cause(&cause)
        )),
        Ok(Ok(output)) if output.status.success() => Some(Ok(Vec::new())),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            if said.contains("Permission denied") || said.contains("(13:") {
                return unseen("only root may read all of nginx's configuration".to_owned());
            }
            let lines = said
                .lines()
                .filter(|line| line.contains("[emerg]") || line.contains("[crit]"));
            let lines: Vec<String> = lines.map(trimmed).collect();
            match lines.is_empty() {
                true => unseen(
                    said.lines()
                        .next()
                        .unwrap_or("nginx says nothing")
                        .to_owned(),
                ),
                false => Some(Ok(lines)),
            }
        }
    }
}

/// Without time and process.
fn trimmed(line: &str) -> String {
    let rest = line
        .split_once("[emerg] ")
        .or_else(|| line.split_once("[crit] "));
    let text = rest.map_or(line, |(_, text)| text);
    text.split_once(": ")
        .filter(|(first, _)| first.contains('#'))
        .map_or(text, |(_, text)| text)
        .to_owned()
}

/// A site of nginx on this machine that speaks TLS.
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
