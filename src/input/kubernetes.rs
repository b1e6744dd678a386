//! `kubernetes:` of atlas.yaml as written. Owns its keys and forms; options of the command line go before them.

use std::path::PathBuf;

use super::fields::{Fields, Reader};
use super::form;
use super::yaml::Value;
use crate::diagnostic::At;
use crate::model::{ImageRef, SecretSource};

/// Keys of `kubernetes`.
pub const KEYS: &[&str] = &["image", "secrets", "sealed-with", "ingress"];
/// Values of `secrets`; that they are sealed says `sealed-with`.
pub const SECRETS: [(&str, SecretSource); 3] = [
    ("external", SecretSource::External),
    ("existing", SecretSource::Existing),
    ("values", SecretSource::Values),
];

/// An image reference as it can stand in atlas.yaml.
pub fn image(text: &str) -> Option<ImageRef> {
    form::image(text)
}

/// Everything is optional.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kubernetes {
    /// The built-in image under the name that the cluster pulls it by.
    pub image: Option<At<ImageRef>>,
    /// Who makes the Secrets.
    pub secrets: Option<At<SecretSource>>,
    /// The certificate of the Sealed Secrets controller; relative to the project directory.
    pub sealed_with: Option<At<PathBuf>>,
    /// Whether a plain Ingress leads to the gateway.
    pub ingress: Option<At<bool>>,
}

pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Kubernetes {
    let Some((node, path)) = fields.get("kubernetes") else {
        return Kubernetes::default();
    };
    if node.value == Value::Null {
        return Kubernetes::default();
    }
    let Some(fields) = reader.fields(node, &path, KEYS) else {
        return Kubernetes::default();
    };
    let get = |key| fields.get(key);
    let read = Kubernetes {
        image: get("image").and_then(|(n, p)| {
            let form = "an image reference such as `ghcr.io/acme/atlas:1`";
            reader.formed(n, &p, form, form::image)
        }),
        secrets: get("secrets").and_then(|(n, p)| reader.choice(n, &p, &SECRETS)),
        sealed_with: get("sealed-with")
            .and_then(|(n, p)| reader.text(n, &p))
            .map(|path| At::new(PathBuf::from(path.value), path.position)),
        ingress: get("ingress").and_then(|(n, p)| reader.boolean(n, &p)),
    };
    if let (Some(secrets), Some(_)) = (&read.secrets, &read.sealed_with) {
        let message = "sealed secrets are a source of their own".to_owned();
        let hint = "set `secrets` or `sealed-with`, not both";
        reader.refuse_with(secrets.position, &fields.path("secrets"), message, hint);
    }
    read
}
