//! What stands between the internet and the gateway: a web server that ends TLS. Owns its settings; how nginx is told belongs to `targets`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{ImageRef, Port, Secret, ServiceName};

/// The web server as a service of the deployment, where it runs in a container.
pub const EDGE: &str = "nginx";
/// The folder of its configuration, in the project directory.
pub const EDGE_FOLDER: &str = "nginx";
/// Where that folder is in the container.
pub const EDGE_INSIDE: &str = "/etc/nginx/atlas";
/// The secret file that tells it the API key.
pub const EDGE_KEY: &str = "nginx_api_key";

/// The edge, completely decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The name that clients ask for.
    pub host: String,
    /// Where the web server runs.
    pub place: Place,
    /// What the web server can do.
    pub build: NginxBuild,
    /// The image where it runs in a container.
    pub image: ImageRef,
    /// The gateway as the web server reaches it.
    pub upstream: Upstream,
    /// Paths of event streams; all others are answered soon.
    pub streams: Vec<String>,
    /// Port of plain HTTP, which only redirects.
    pub http: Port,
    /// Port of TLS.
    pub https: Port,
    /// Whether to listen on IPv6 too.
    pub ipv6: bool,
    /// Absolute path of the certificate with its chain.
    pub certificate: String,
    /// Absolute path of its key.
    pub key: String,
    /// Absolute path of the folder that ACME clients write their answers to.
    pub acme: String,
    /// Requests of one client in a second.
    pub rate: u32,
    /// Requests above the rate that are still answered.
    pub burst: u32,
    /// Connections of one client at a time.
    pub connections: u32,
    /// Largest body of a request, in bytes.
    pub body: u64,
    /// Longest silence in a stream, in seconds.
    pub silence: u32,
    /// The networks of Cloudflare, if that stands before it and says who the client is.
    pub cloudflare: Option<Networks>,
    /// Absolute path of the authorities whose clients alone may connect.
    pub clients: Option<String>,
    /// The API key, if the web server itself asks for it.
    pub api_key: Option<Secret>,
}

/// Networks that somebody publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    /// `198.41.128.0/17`.
    pub ranges: Vec<String>,
    /// When they were those.
    pub date: String,
}

/// Where the web server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Host,
    /// In a container on the gateway's networks.
    Container,
}

/// The gateway as the web server reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// Published on this machine.
    Address(IpAddr, Port),
    /// By its name on the deployment's networks, asked for again and again.
    Name(ServiceName, Port),
}

/// A version of nginx, and whether it was built with HTTP/3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NginxBuild {
    /// The version.
    pub version: NginxVersion,
    /// Whether HTTP/3 shall be spoken.
    pub http3: bool,
}

/// `1.30` or `1.30.6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NginxVersion(pub u16, pub u16, pub u16);

impl NginxVersion {
    /// The oldest that is written for: Debian 12's.
    pub const OLDEST: Self = Self(1, 22, 0);

    /// `http2 on;` (1.25.1); `listen … http2` before.
    pub fn http2_directive(self) -> bool {
        self >= Self(1, 25, 1)
    }

    /// HTTP/3 (1.25.0).
    pub fn http3(self) -> bool {
        self >= Self(1, 25, 0)
    }

    /// `server … resolve` in an upstream (1.27.3, before only in the commercial one).
    pub fn resolves(self) -> bool {
        self >= Self(1, 27, 3)
    }
}

impl FromStr for NginxVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers: Result<Vec<u16>, _> = text.split('.').map(str::parse).collect();
        match numbers.map_err(|_| ())?.as_slice() {
            [major, minor] => Ok(Self(*major, *minor, 0)),
            [major, minor, patch] => Ok(Self(*major, *minor, *patch)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for NginxVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}
