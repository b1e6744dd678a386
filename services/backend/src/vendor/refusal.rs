//! What a vendor's refusal means, in words a person can act on: they name the variables to look at, never their values.

use std::error::Error;
use std::io;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use rustls::CertificateError;
use serde_json::Value;

use crate::source::{Fault, SourceError};

/// An answer, before anybody believes it.
pub struct Answer<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, to the last byte.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body, or `null` if it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or_default()
    }
}

/// Why a vendor refused.
pub struct Refusal {
    /// What kind.
    pub fault: Fault,
    /// What the vendor did, to stand after its name: "refused the credentials".
    pub what: String,
    /// Seconds after which another try makes sense, where no header says so.
    pub wait: Option<u64>,
}

impl Refusal {
    /// A refusal without a time to come back.
    pub fn new(fault: Fault, what: impl Into<String>) -> Self {
        Self {
            fault,
            what: what.into(),
            wait: None,
        }
    }

    /// With the vendor's name, and for credentials which of the `variables` to check.
    pub(super) fn error(self, name: &str, variables: &[&str]) -> SourceError {
        let hint = match self.fault {
            Fault::Unauthorized => check(variables, |variable| !variable.ends_with("_URL")),
            _ => String::new(),
        };
        SourceError::new(self.fault, format!("{name} {}{hint}", self.what))
    }
}

/// `; check` those of the variables, if there are any.
fn check(variables: &[&str], is_meant: impl Fn(&str) -> bool) -> String {
    let meant = variables.iter().filter(|variable| is_meant(variable));
    let quoted: Vec<String> = meant.map(|variable| format!("`{variable}`")).collect();
    match quoted.is_empty() {
        true => String::new(),
        false => format!("; check {}", quoted.join(" and ")),
    }
}

/// What a status that is no success says by itself. `variables` are those of the integration.
pub(super) fn by_status(answer: &Answer<'_>, variables: &[&str]) -> Option<Refusal> {
    let addresses = || check(variables, |variable| variable.ends_with("_URL"));
    let (fault, what) = match answer.status.as_u16() {
        200..=299 => return None,
        401 => (Fault::Unauthorized, "refused the credentials".to_owned()),
        403 => {
            let what = "accepted the credentials but forbids this; the account lacks a permission";
            (Fault::Forbidden, what.to_owned())
        }
        404 => {
            let what = format!("has no such API at this address{}", addresses());
            (Fault::NotFound, what)
        }
        429 => (Fault::RateLimited, "asked us to slow down".to_owned()),
        400 | 422 => (
            Fault::Rejected,
            format!("refused the query{}", vendor_words(&answer.json())),
        ),
        code @ 300..=399 => {
            let what = format!("redirected us (HTTP {code}){}", addresses());
            (Fault::BadAnswer, what)
        }
        code @ 500.. => (Fault::Unavailable, format!("failed (HTTP {code})")),
        code => (Fault::BadAnswer, format!("answered with HTTP {code}")),
    };
    Some(Refusal::new(fault, what))
}

/// The fault behind a success whose body is not what is documented.
pub(super) fn not_as_documented(name: &str, body: &[u8]) -> SourceError {
    let html = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    let what = if html { "a web page" } else { "something" };
    let message =
        format!("{name} answered with {what} that is not the JSON it documents; is its URL right?");
    SourceError::new(Fault::BadAnswer, message)
}

/// Why no answer came, or only a part of one.
pub(super) fn unreachable(name: &str, error: &reqwest::Error) -> SourceError {
    if error.is_timeout() {
        return SourceError::new(Fault::Timeout, format!("{name} did not answer in time"));
    }
    let what = if let Some(what) = about_trust(error) {
        what
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "broke off its answer"
    };
    SourceError::new(Fault::Unavailable, format!("{name} {what}"))
}

/// What is wrong with the vendor's certificate, if a connection failed over it.
fn about_trust(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return match tls {
            rustls::Error::InvalidCertificate(error) => Some(distrust(error)),
            _ => None,
        };
    }
    // An I/O error skips what it wraps when asked for its source.
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => about_trust(wrapped),
        None => about_trust(error.source()?),
    }
}

fn distrust(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "shows a certificate that has expired"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "shows a certificate of another name; is its URL right?"
        }
        _ => "shows a certificate we do not trust; `SSL_CERT_FILE` may name further authorities",
    }
}

/// What the vendor said, at the places where Jira, Google and Microsoft, Brave, Figma, GraphQL, Stack Exchange and others put it.
fn vendor_words(said: &Value) -> String {
    let places = [
        "/errorMessages/0",
        "/error/message",
        "/error/detail",
        "/err",
        "/errors/0/message",
        "/error_message",
        "/message",
    ];
    let mut words = places
        .iter()
        .filter_map(|place| said.pointer(place)?.as_str());
    words.next().map_or_else(String::new, |words| {
        format!(": {}", words.chars().take(200).collect::<String>())
    })
}
