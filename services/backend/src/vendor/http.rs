//! The HTTP client under all calls to others: trust, timeouts, no redirects.

use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

/// The `reqwest` client for calls to vendors.
///
/// # Errors
/// A sentence naming `SSL_CERT_FILE` if its certificates cannot be used.
pub fn http_client(ca_file: Option<&Path>) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(crate::tls::client(ca_file)?)
        .user_agent(concat!("atlas/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(3))
        .pool_idle_timeout(Duration::from_secs(15))
        .pool_max_idle_per_host(32)
        // Streams bring a heartbeat more often than this.
        .read_timeout(Duration::from_secs(30))
        // A vendor's API never redirects; a login page does, and must not be handed our credentials.
        .redirect(Policy::none())
        .build()
        .map_err(|error| format!("the HTTP client cannot be set up: {error}"))
}
