//! The address by which clients reach the gateway from outside. Owns its form: scheme, host, port; no path.

use std::fmt;
use std::str::FromStr;

/// `https://api.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// Whether it begins with `https://`.
    pub secure: bool,
    /// Host name or address, in lower case.
    pub host: String,
    /// Port; 443 or 80 if none is written.
    pub port: u16,
}

/// It is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address such as `https://api.example.com`")]
pub struct NoPublicUrl;

impl FromStr for PublicUrl {
    type Err = NoPublicUrl;

    fn from_str(text: &str) -> Result<Self, NoPublicUrl> {
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(NoPublicUrl),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let default = if secure { 443 } else { 80 };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| NoPublicUrl)?),
            None => (rest, default),
        };
        if !is_host(host) || port == 0 {
            return Err(NoPublicUrl);
        }
        Ok(Self {
            secure,
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

/// A name as DNS allows it (RFC 1123: labels of 1 to 63 letters, digits and hyphens, 253 in all), or an IPv4 address.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        let shown = |text: &str| text.parse().map(|url: PublicUrl| url.to_string());
        assert_eq!(
            shown("https://API.example.com/"),
            Ok("https://api.example.com".into())
        );
        assert_eq!(
            shown("https://api.example.com:8443"),
            Ok("https://api.example.com:8443".into())
        );
        assert_eq!(
            shown("http://127.0.0.1:8001"),
            Ok("http://127.0.0.1:8001".into())
        );
        for wrong in [
            "api.example.com",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://u@a",
            "https://a:0",
            "https://a..example",
            "https://-a.example",
            "https://a-.example",
        ] {
            assert_eq!(shown(wrong), Err(NoPublicUrl), "{wrong}");
        }
    }
}
