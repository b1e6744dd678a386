//! The HTTP client under calls to our own services. They are asked at once and often, so nothing that only strangers need is between
//! us and hyper: no proxy, no redirect, no compression. Knows nothing of what is asked; calls to vendors have `vendor::http`.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use axum::http::{Method, Request, Response, Uri, request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest silence: streams bring a heartbeat more often than this.
const SILENCE: Duration = Duration::from_secs(30);
/// Idle connections are kept for less than `server` keeps them.
const IDLE: Duration = Duration::from_secs(15);
/// What is read at once. Streams hold as much each, and there may be a thousand.
const READ: usize = 4 * 1024;
/// Largest answer that is read as a whole, in bytes.
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// Connections to our own services. Clones share them.
#[derive(Clone)]
pub struct Peers(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It took too long.
    Late,
    /// There is no connection.
    Unreached,
    /// The answer began and did not end, or is none.
    Off,
}

impl Peers {
    /// A client that trusts the built-in certificates and those of `ca_file`.
    ///
    /// # Errors
    /// A sentence naming `SSL_CERT_FILE` if its certificates cannot be used.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, String> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(crate::tls::client(ca_file)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(32)
            .http1_read_buf_exact_size(READ)
            // Questions are small: one buffer costs less than two.
            .http1_writev(false)
            .build(connector);
        Ok(Self(client))
    }

    /// Sends a request; the body of the answer is left to the caller.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Broken> {
        let answer = tokio::time::timeout(SILENCE, self.0.request(request)).await;
        answer.map_err(|_| Broken::Late)?.map_err(|error| {
            let late = timed_out(&error);
            match error.is_connect() {
                _ if late => Broken::Late,
                true => Broken::Unreached,
                false => Broken::Off,
            }
        })
    }
}

/// The whole body.
///
/// # Errors
/// Where it breaks off.
pub async fn whole(body: Incoming) -> Result<Bytes, Broken> {
    let body = Limited::new(body, ANSWER_MAX).collect();
    let body = tokio::time::timeout(SILENCE, body).await;
    let body = body.map_err(|_| Broken::Late)?.map_err(|_| Broken::Off)?;
    Ok(body.to_bytes())
}

/// The next piece of a body; `None` at its end.
///
/// # Errors
/// Where it breaks off.
pub async fn piece(body: &mut Incoming) -> Result<Option<Bytes>, Broken> {
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Broken::Late)? else {
            return Ok(None);
        };
        // What is no data is a trailer.
        if let Ok(data) = frame.map_err(|_| Broken::Off)?.into_data() {
            return Ok(Some(data));
        }
    }
}

fn timed_out(error: &legacy::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Where a service is: an address that was taken apart once.
#[derive(Clone)]
pub struct Place {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

impl Place {
    /// The place at `url`, an absolute address without a query; `None` if it is no such thing.
    pub fn of(url: &str) -> Option<Self> {
        // Its parser knows names that are not ASCII, the one of `http` does not.
        let url = reqwest::Url::parse(url).ok()?;
        let parts = url.as_str().parse::<Uri>().ok()?.into_parts();
        let prefix = parts.path_and_query.as_ref().map_or("", PathAndQuery::path);
        Some(Self {
            prefix: prefix.trim_end_matches('/').to_owned(),
            scheme: parts.scheme?,
            authority: parts.authority?,
        })
    }

    /// A request for `path`, which is one of our own.
    pub fn request(&self, method: Method, path: &'static str) -> request::Builder {
        let path = match self.prefix.is_empty() {
            true => PathAndQuery::from_static(path),
            false => format!("{}{path}", self.prefix)
                .parse()
                .expect("two paths are a path"),
        };
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        let uri = Uri::from_parts(parts).expect("nothing of it is missing");
        Request::builder().method(method).uri(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(url: &str) -> String {
        let place = Place::of(url).expect("an address");
        let request = place.request(Method::GET, "/search").body(()).unwrap();
        request.uri().to_string()
    }

    #[test]
    fn a_path_follows_what_the_address_has() {
        assert_eq!(asked("http://jira:8016"), "http://jira:8016/search");
        assert_eq!(asked("http://jira:8016/"), "http://jira:8016/search");
        assert_eq!(
            asked("https://host.example/a/b/"),
            "https://host.example/a/b/search"
        );
        assert_eq!(asked("http://[::1]:80"), "http://[::1]/search");
        assert_eq!(
            asked("http://bücher.example"),
            "http://xn--bcher-kva.example/search"
        );
        assert!(Place::of("jira:8016").is_none());
        assert!(Place::of("/search").is_none());
    }
}
