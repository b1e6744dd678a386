//! Names of places: a folder, `s3://bucket/prefix`, `sftp://user@host:port/path`. Owns no connection.
//!
//! Nothing secret is part of a name: a text with a password is refused, and not repeated.

use std::fmt;
use std::path::PathBuf;

use crate::{Error, Kind};

/// What opens a remote store, and what the surroundings say of it; never part of a location's text.
#[derive(Clone, Default)]
pub struct Credentials {
    /// S3: the name of the key.
    pub access_key_id: Option<String>,
    /// S3: the key.
    pub secret_access_key: Option<String>,
    /// S3: what temporary keys need besides.
    pub session_token: Option<String>,
    /// S3: where the store is, if the location does not say; of AWS itself otherwise.
    pub endpoint: Option<String>,
    /// S3: its region, if the location does not say; `us-east-1` otherwise.
    pub region: Option<String>,
    /// S3: a PEM file of certificates to trust besides the built-in roots.
    pub certificates: Option<PathBuf>,
    /// SFTP: the private key's file, if the configuration of `ssh` does not name it.
    pub identity: Option<PathBuf>,
    /// SFTP: a configuration of `ssh` in the place of the user's own.
    pub ssh_config: Option<PathBuf>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// A place for backups.
#[derive(Debug, Clone)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A store elsewhere.
    Remote(Box<Remote>),
}

/// A store elsewhere, and what opens it.
#[derive(Debug, Clone)]
pub struct Remote {
    pub(super) address: Address,
    pub(super) credentials: Credentials,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    S3 {
        bucket: String,
        prefix: String,
        endpoint: Option<String>,
        region: String,
        /// The bucket as part of the host's name, not of the path.
        virtual_host: bool,
    },
    Sftp {
        /// `[user@]host`, as `ssh` takes it.
        host: String,
        port: Option<u16>,
        path: String,
    },
}

impl Location {
    /// Reads a place's name: a folder's path, `sftp://[user@]host[:port]/path`, or
    /// `s3://bucket/prefix[?endpoint=https://host:port&region=name&style=virtual]`. An endpoint without `http://` is https.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none of these, or has a password in it.
    pub fn parse(text: &str, credentials: &Credentials) -> Result<Self, Error> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "" => Err(refusal("", "it is empty")),
                _ => Ok(Self::Folder(PathBuf::from(text))),
            };
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let is_secret = match authority.rsplit_once('@') {
            Some((user, _)) => scheme != "sftp" || user.contains(':'),
            None => false,
        };
        if is_secret {
            let place = format!("{scheme}://***");
            return Err(refusal(&place, "a location must not hold a password")
                .hint("S3: keys come from the environment; SFTP: from the keys of `ssh`"));
        }
        let address = match scheme {
            "s3" => s3(rest, credentials),
            "sftp" => sftp(rest),
            _ => Err("stores of this sort are not known"),
        };
        let address = address.map_err(|cause| {
            // What stands before an `@` or after a `?` may be a secret in the wrong place.
            let place = match text.contains(['@', '?']) {
                true => format!("{scheme}://***"),
                false => text.to_owned(),
            };
            refusal(&place, cause).hint("s3://bucket/prefix, sftp://user@host/path, or a folder")
        })?;
        Ok(Self::Remote(Box::new(Remote {
            address,
            credentials: credentials.clone(),
        })))
    }
}

fn refusal(text: &str, cause: &str) -> Error {
    Error::new(Kind::Usage, "use", text, cause)
}

fn s3(text: &str, credentials: &Credentials) -> Result<Address, &'static str> {
    let (path, options) = text.split_once('?').unwrap_or((text, ""));
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return Err("it names no bucket");
    }
    let (mut endpoint, mut region) = (credentials.endpoint.clone(), credentials.region.clone());
    let mut virtual_host = false;
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("endpoint", value)) => endpoint = Some(value.to_owned()),
            Some(("region", value)) => region = Some(value.to_owned()),
            Some(("style", "virtual")) => virtual_host = true,
            Some(("style", "path")) => virtual_host = false,
            _ => {
                return Err(
                    "its options are `endpoint`, `region` and `style` (`path` or `virtual`)",
                );
            }
        }
    }
    let secure = |endpoint: String| match endpoint.contains("://") {
        true => endpoint,
        false => format!("https://{endpoint}"),
    };
    Ok(Address::S3 {
        bucket: bucket.to_owned(),
        prefix: prefix.trim_matches('/').to_owned(),
        endpoint: endpoint.map(secure),
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        virtual_host,
    })
}

fn sftp(text: &str) -> Result<Address, &'static str> {
    let (authority, path) = text.split_once('/').ok_or("it names no folder")?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().map_err(|_| "its port is no number")?;
            (host, Some(port))
        }
        _ => (authority, None),
    };
    // What begins with a hyphen would be an option of `ssh`.
    if host.is_empty() || host.starts_with('-') || host.contains("@-") {
        return Err("it names no host");
    }
    if path.is_empty() {
        return Err("it names no folder");
    }
    Ok(Address::Sftp {
        host: host.to_owned(),
        port,
        path: format!("/{}", path.trim_end_matches('/')),
    })
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Remote(remote) => remote.address.fmt(f),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix, .. } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix, .. } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Sftp { host, port, path } => {
                let port = port.map(|port| format!(":{port}")).unwrap_or_default();
                write!(f, "sftp://{host}{port}{path}")
            }
        }
    }
}
