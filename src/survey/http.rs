//! The HTTP client of what looks: no proxy, no redirect, short deadlines.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::redirect::Policy;

use crate::error::Error;

/// How long a connection, and one answer, may take.
const DEADLINE: Duration = Duration::from_secs(4);

/// A client that may ask from one of this machine's addresses. What it asks is meant as it is written: it follows no redirect
/// and goes through no proxy.
pub(super) fn client(from: Option<IpAddr>) -> Result<reqwest::Client, Error> {
    let failed = |cause: String| Error::failed(format!("failed to set up HTTP: {cause}"));
    let tls = atlas_backend::tls::client(None).map_err(failed)?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("atlas/", env!("CARGO_PKG_VERSION")))
        .local_address(from)
        .connect_timeout(DEADLINE)
        .timeout(DEADLINE)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(|cause| failed(cause.to_string()))
}

/// Why a request failed, without the address: `connection refused`.
pub(super) fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", DEADLINE.as_secs());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match error.source() {
        None => error.to_string(),
        Some(_) => {
            let text = innermost.to_string().to_lowercase();
            text.split(" (os error")
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    }
}
