//! A connection, and what is known of the server behind it. Owns how an address is understood; never shows its password.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::ClientOptions;

use super::failure::explain;
use crate::{Error, Kind};

/// How long a server may take to answer for the first time, where the address does not say.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the servers stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// One server without an oplog.
    Standalone,
    /// A replica set, also of one member.
    ReplicaSet,
    /// Reached through a `mongos`.
    Sharded,
    /// The server does not tell.
    Unknown,
}

impl Topology {
    /// As in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::ReplicaSet => "replica-set",
            Self::Sharded => "sharded",
            Self::Unknown => "unknown",
        }
    }
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// e.g. `7.0.14`; always three numbers, `0.0.0` where the server does not tell.
    pub version: String,
    /// featureCompatibilityVersion, where the server tells.
    pub feature_version: Option<String>,
    /// How the servers stand together.
    pub topology: Topology,
}

impl Server {
    /// Whether it is of this major and minor version, or newer.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut numbers = self
            .version
            .split('.')
            .map(|part| part.parse().unwrap_or(0));
        let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        version >= (major, minor)
    }
}

/// A connection to a MongoDB.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    options: ClientOptions,
    address: String,
    /// What the server says of itself.
    pub server: Server,
}

impl Connection {
    /// Connects by a URI of any kind and asks the server what it is.
    ///
    /// # Errors
    /// [`Kind::Usage`] when the URI is none, [`Kind::Unreachable`] when nobody answers, [`Kind::Failed`] when the server refuses.
    pub async fn open(uri: &str) -> Result<Self, Error> {
        // The driver's own words of a bad address may quote parts of it.
        let mut options = ClientOptions::parse(uri).await.map_err(|error| {
            use mongodb::error::ErrorKind;
            match &*error.kind {
                ErrorKind::DnsResolve { .. } | ErrorKind::Io(_) => {
                    explain("connect to", "the given address", &error)
                }
                _ => Error::new(
                    Kind::Usage,
                    "read",
                    "the given address",
                    "it is not a valid MongoDB address",
                )
                .hint("write it as `mongodb://user:password@host:27017/`, with the characters `:/?#[]@%` of the password percent-encoded"),
            }
        })?;
        let address = addresses(&options);
        options.app_name = Some("atlas-backup".to_owned());
        options.server_selection_timeout.get_or_insert(PATIENCE);
        options.connect_timeout.get_or_insert(PATIENCE);
        let alone = options.hosts.len() == 1
            && options.repl_set_name.is_none()
            && options.load_balanced != Some(true);
        if alone {
            options.direct_connection.get_or_insert(true);
        }
        let client = Client::with_options(options.clone())
            .map_err(|error| explain("connect to", &address, &error))?;
        let server = ask(&client, &address).await?;
        Ok(Self {
            client,
            options,
            address,
            server,
        })
    }

    /// Gives a user of `admin` another password.
    ///
    /// # Errors
    /// What the server says against it.
    pub async fn change_password(&self, user: &str, password: &str) -> Result<(), Error> {
        let command = mongodb::bson::doc! {"updateUser": user, "pwd": password};
        let done = self.client.database("admin").run_command(command).await;
        done.map(|_| ())
            .map_err(|error| explain("change the password at", &self.address, &error))
    }

    /// The driver's client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// One more client, for a runtime of its own.
    ///
    /// # Errors
    /// What the driver finds wrong with options it took before.
    pub(super) fn another(&self) -> Result<Client, mongodb::error::Error> {
        Client::with_options(self.options.clone())
    }

    /// Whether one and the same server answers every command.
    pub(super) fn is_direct(&self) -> bool {
        self.options.direct_connection == Some(true)
    }

    /// `host:port`, several with commas between; nothing else of the URI.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl std::fmt::Debug for Connection {
    /// The options hold the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("address", &self.address)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

fn addresses(options: &ClientOptions) -> String {
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    hosts.join(",")
}

/// Only the first command must be answered: what speaks the protocol differs in the rest.
pub(super) async fn ask(client: &Client, address: &str) -> Result<Server, Error> {
    let admin = client.database("admin");
    let hello = match admin.run_command(doc! { "hello": 1 }).await {
        Ok(hello) => hello,
        Err(error) if super::failure::code(&error) == Some(59) => admin
            .run_command(doc! { "isMaster": 1 })
            .await
            .map_err(|error| explain("connect to", address, &error))?,
        Err(error) => return Err(explain("connect to", address, &error)),
    };
    let build = admin.run_command(doc! { "buildInfo": 1 }).await.ok();
    let feature = admin
        .run_command(doc! { "getParameter": 1, "featureCompatibilityVersion": 1 })
        .await
        .ok();
    Ok(Server {
        version: version(build.as_ref()),
        feature_version: feature.as_ref().and_then(feature_version),
        topology: topology(&hello),
    })
}

/// Stock mongorestore refuses an archive whose version is not three numbers.
fn version(build: Option<&Document>) -> String {
    let text = build
        .and_then(|build| build.get_str("version").ok())
        .unwrap_or("");
    let text = text.split(['-', '+']).next().unwrap_or("");
    let mut numbers: Vec<&str> = text
        .split('.')
        .take(3)
        .filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    numbers.resize(3, "0");
    numbers.join(".")
}

fn feature_version(reply: &Document) -> Option<String> {
    let value = reply.get_document("featureCompatibilityVersion").ok()?;
    value.get_str("version").ok().map(str::to_owned)
}

fn topology(hello: &Document) -> Topology {
    if hello.get_str("msg").is_ok_and(|text| text == "isdbgrid") {
        Topology::Sharded
    } else if hello.contains_key("setName") {
        Topology::ReplicaSet
    } else if hello.contains_key("maxWireVersion") {
        Topology::Standalone
    } else {
        Topology::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_always_three_numbers() {
        let of = |text: &str| version(Some(&doc! { "version": text }));
        assert_eq!(of("7.0.14"), "7.0.14");
        assert_eq!(of("8.0.0-rc3"), "8.0.0");
        assert_eq!(of("5.0"), "5.0.0");
        assert_eq!(version(None), "0.0.0");
    }

    #[test]
    fn the_words_of_hello_tell_the_topology() {
        assert_eq!(
            topology(&doc! { "setName": "rs0", "maxWireVersion": 17 }),
            Topology::ReplicaSet
        );
        assert_eq!(
            topology(&doc! { "msg": "isdbgrid", "maxWireVersion": 17 }),
            Topology::Sharded
        );
        assert_eq!(
            topology(&doc! { "maxWireVersion": 17 }),
            Topology::Standalone
        );
        assert_eq!(topology(&doc! {}), Topology::Unknown);
    }
}
