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
use sha2::Sha256;

use super::hex;
use crate::model::{Deployment, Secret, Service};
use crate::targets::{Artifact, Contents};

/// The group of all secret files, the same as that of the built-in images' user.
pub const SECRETS_GID: u32 = 10001;

/// The folder of the secret files, relative to the project directory.
pub(super) const FOLDER: &str = ".atlas/secrets";

/// The label that changes when a mounted secret does. Compose does not look into secret files, so without it a changed
/// secret would not reach a running container.
pub const SECRETS_LABEL: &str = "ai.atlas.mounted";

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
        .filter_map(|name| deployment.secrets.get_key_value(name))
        .map(|(name, secret)| Artifact {
            path: secret_path(name),
            contents: Contents::Secret(secret.clone()),
            mode: 0o440,
            group: Some(SECRETS_GID),
        })
        .collect()
}

/// The group that a service needs besides its own to read its secrets.
pub fn group_add(service: &Service) -> Option<u32> {
    let user = service.user.as_deref().unwrap_or_default();
    let own = user.split_once(':').map(|(_, group)| group);
    let needed = !service.secrets.is_empty() && own != Some(SECRETS_GID.to_string().as_str());
    needed.then_some(SECRETS_GID)
}

/// The service's own labels and the one that tells its secrets' state.
pub(super) fn user_labels(deployment: &Deployment, service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.labels.clone();
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
        let contents = deployment.secrets.get(name).map_or("", Secret::expose);
        for part in [name, contents] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
    }
    hex(&mac.finalize().into_bytes()[..8])
}
