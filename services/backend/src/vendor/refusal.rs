//! What a vendor's refusal means, in words a person can act on: they name the variables to look at, never their values.

use std::error::Error;
use std::io;

use reqwest::StatusCode;

use crate::source::{Fault, SourceError};

/// The fault behind a status that is no success. `variables` are those of the integration `name`.
pub(super) fn fault_of(
    name: &str,
    variables: &[&str],
    status: StatusCode,
    body: &[u8],
) -> SourceError {
    let (addresses, credentials): (Vec<&str>, Vec<&str>) = variables
        .iter()
        .partition(|variable| variable.ends_with("_URL"));
    let check = |variables: &[&str]| {
        let quoted: Vec<String> = variables.iter().map(|v| format!("`{v}`")).collect();
        format!("check {}", quoted.join(" and "))
    };
    let (fault, what) = match status.as_u16() {
        401 => {
            let hint = check(&credentials);
            (
                Fault::Unauthorized,
                format!("refused the credentials; {hint}"),
            )
        }
        403 => {
            let what = "accepted the credentials but forbids this; the account lacks a permission";
            (Fault::Forbidden, what.to_owned())
        }
        404 => {
            let hint = check(&addresses);
            (
                Fault::BadAnswer,
                format!("has no such API at this address; {hint}"),
            )
        }
        429 => (Fault::RateLimited, "asked us to slow down".to_owned()),
        400 | 422 => (
            Fault::Rejected,
            format!("refused the query{}", vendor_words(body)),
        ),
        code @ 300..=399 => {
            let hint = check(&addresses);
            (
                Fault::BadAnswer,
                format!("redirected us (HTTP {code}); {hint}"),
            )
        }
        code @ 500.. => (Fault::Unavailable, format!("failed (HTTP {code})")),
        code => (Fault::BadAnswer, format!("answered with HTTP {code}")),
    };
    SourceError::new(fault, format!("{name} {what}"))
}

/// The fault behind a success whose body is not what is documented.
pub(super) fn not_as_documented(name: &str, body: &[u8]) -> SourceError {
    let html = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    let what = if html { "a web page" } else { "something" };
    let message =
        format!("{name} answered with {what} that is not the JSON it documents; is its URL right?");
    SourceError::new(Fault::BadAnswer, message)
}

/// Whether a connection failed over the vendor's certificate.
pub(super) fn is_about_trust(error: &(dyn Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    // An I/O error skips what it wraps when asked for its source.
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => is_about_trust(wrapped),
        None => error.source().is_some_and(is_about_trust),
    }
}

/// What the vendor said about a refused query, if it said so as Atlassian documents it
/// (`errorMessages` in Jira, `message` in Confluence).
fn vendor_words(body: &[u8]) -> String {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let words = said.pointer("/errorMessages/0").or(said.get("message"));
    let words = words.and_then(|words| words.as_str());
    words.map_or_else(String::new, |words| {
        format!(": {}", words.chars().take(200).collect::<String>())
    })
}
