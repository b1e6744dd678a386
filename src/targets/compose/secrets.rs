//! Secret files and what lets containers read them. Owns the shared group and the label that tells a changed secret; how a
//! file gets its mode belongs to `files`.
//!
//! Compose mounts a secret's file as it is (`uid`, `gid` and `mode` are ignored for files), and several services with
//! different users may mount the same one. So the files belong to one group, [`SECRETS_GID`], with mode 0440, and every
//! service that mounts a secret without having that group gets it by `group_add`. Root inside a container without
//! capabilities reads them as their owner.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::hex;
use crate::model::{Deployment, EDGE_KEY, Kind, Secret, Service};
use crate::targets::{Artifact, Contents, nginx};

/// The group of all secret files, the same as that of the built-in images' user.
pub const SECRETS_GID: u32 = 10001;

/// The folder of the secret files, relative to the project directory.
pub(super) const FOLDER: &str = ".atlas/secrets";

/// The label that changes when a mounted secret does. Compose does not look into secret files, so without it a changed
/// secret would not reach a running container.
pub const SECRETS_LABEL: &str = "ai.atlas.mounted";

/// The label that changes when the configuration which is mounted does. nginx reads it when it starts, and Compose does not look into it.
pub const CONFIGURATION_LABEL: &str = "ai.atlas.configuration";

/// The secret whose value keys the label, so that the label tells nothing about the others.
const KEY: &str = "atlas_secret_key";

/// Names of the secrets that some service mounts; the others need no file.
pub(super) fn mounted(deployment: &Deployment) -> BTreeSet<&str> {
    let services = deployment.services.values();
    services
        .flat_map(|service| &service.secrets)
        .map(|secret| secret.name.as_str())
        .collect()
}

/// Where a secret's file is, relative to the project directory.
pub fn secret_path(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

/// The secret files.
pub(super) fn artifacts(deployment: &Deployment) -> Vec<Artifact> {
    mounted(deployment)
        .into_iter()
        .filter_map(|name| Some((name, contents(deployment, name)?)))
        .map(|(name, secret)| Artifact {
            path: secret_path(name),
            contents: Contents::Secret(secret),
            mode: 0o440,
            group: Some(SECRETS_GID),
        })
        .collect()
}

/// What stands in a secret file. nginx reads the API key in words of its own.
fn contents(deployment: &Deployment, name: &str) -> Option<Secret> {
    let edge = deployment.edge.as_ref().filter(|_| name == EDGE_KEY);
    match edge.and_then(|edge| edge.api_key.as_ref()) {
        Some(key) => Some(nginx::key_file(key)),
        None => deployment.secrets.get(name).cloned(),
    }
}

/// The group that a service needs besides its own to read its secrets.
pub fn group_add(service: &Service) -> Option<u32> {
    let user = service.user.as_deref().unwrap_or_default();
    let own = user.split_once(':').map(|(_, group)| group);
    let needed = !service.secrets.is_empty() && own != Some(SECRETS_GID.to_string().as_str());
    needed.then_some(SECRETS_GID)
}

/// The service's own labels and those that tell the state of its secrets and of its configuration.
pub(super) fn user_labels(deployment: &Deployment, service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.labels.clone();
    if let Some(edge) = deployment
        .edge
        .as_ref()
        .filter(|_| service.kind == Kind::Edge)
    {
        let mut digest = Sha256::new();
        for artifact in nginx::configuration(edge, "") {
            digest.update(artifact.contents.bytes());
        }
        let digest = hex(&digest.finalize()[..8]);
        labels.insert(CONFIGURATION_LABEL.to_owned(), digest);
    }
    if let Some(key) = deployment.secrets.get(KEY)
        && !service.secrets.is_empty()
    {
        labels.insert(
            SECRETS_LABEL.to_owned(),
            fingerprint(key, deployment, service),
        );
    }
    labels
}

/// The first 16 hex digits of HMAC-SHA256 over names and contents, each preceded by its length.
fn fingerprint(key: &Secret, deployment: &Deployment, service: &Service) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    let names: BTreeSet<&str> = service.secrets.iter().map(|s| s.name.as_str()).collect();
    for name in names {
        let contents = contents(deployment, name);
        for part in [name, contents.as_ref().map_or("", Secret::expose)] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
    }
    hex(&mac.finalize().into_bytes()[..8])
}
