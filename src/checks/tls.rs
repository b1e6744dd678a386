//! The certificate by which the gateway is reached from outside.

mod certificate;
mod renewal;
#[cfg(test)]
mod tests;

use super::facts::{Facts, Known, Unknown, seen};
use super::rule::Rule;
use crate::model::Stage;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Host and port that were asked; `None` if no public address is known.
    pub address: Option<String>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// What the server showed; `None` if nobody was asked.
    pub shown: Option<Known<Shown>>,
    /// How the certificate is renewed, where it lies on this machine.
    pub renewal: Option<Renewal>,
}

/// What a server showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// `TLS 1.3`; `None` if no connection came about, and then `refusal` says why.
    pub protocol: Option<String>,
    /// Why no connection came about.
    pub refusal: Option<String>,
    /// Its certificates, its own first.
    pub chain: Vec<Certificate>,
    /// Why the chain leads to no authority that browsers know; `None`: it does.
    pub untrusted: Option<String>,
    /// Whether the certificate is for the name that was asked.
    pub named: bool,
    /// `TLS 1.0` or `TLS 1.1`, if it still speaks that.
    pub old_protocol: Option<String>,
}

/// A certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Names that it is for.
    pub names: Vec<String>,
    /// Valid from, in seconds since 1970.
    pub not_before: i64,
    /// Valid until, in seconds since 1970.
    pub not_after: i64,
}

/// How a certificate of certbot is renewed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// The certificate's name there.
    pub name: String,
    /// Whether certbot knows how to renew it.
    pub known: bool,
    /// What runs certbot.
    pub runner: Option<String>,
}

/// Causes before consequences.
pub(super) const RULES: &[Rule] = &[
    certificate::PROTOCOL,
    certificate::CHAIN,
    certificate::NAME,
    certificate::EXPIRY,
    renewal::RENEWAL,
];

/// The server, if there is a public address.
fn shown(facts: &Facts) -> Known<Option<(&Tls, &str, &Shown)>> {
    let tls = seen(&facts.tls)?;
    let Some(address) = &tls.address else {
        let production = facts.deployment()?.stage == Stage::Production;
        return match production {
            true => Err(Unknown::Unseen(
                "no public address is known: set `public-url` in atlas.yaml".to_owned(),
            )),
            false => Ok(None),
        };
    };
    match &tls.shown {
        Some(shown) => Ok(Some((tls, address, seen(shown)?))),
        None => Ok(None),
    }
}
