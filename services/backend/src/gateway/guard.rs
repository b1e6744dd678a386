//! Who may pass, and how often. The limit comes before the key, so that guessing keys is limited too.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::limit::{Limiter, Verdict};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::server::Peer;

pub(super) struct Guard {
    pub(super) limiter: Arc<Limiter>,
    pub(super) api_key: Option<Secret>,
    pub(super) trust_proxy: bool,
}

pub(super) async fn pass(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let verdict = guard.limiter.take(&guard.client(&request)).await;
    let mut response = match verdict {
        Some(Verdict {
            allowed: false,
            retry_after,
            ..
        }) => Problem {
            retry_after: Some(retry_after),
            ..Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "too many requests; come back later",
            )
        }
        .into_response(),
        _ if !guard.admits(request.headers()) => refusal(),
        _ => next.run(request).await,
    };
    if let Some(verdict) = verdict {
        announce(response.headers_mut(), &verdict);
    }
    response
}

impl Guard {
    /// The client's address. A proxy in front is believed only if the operator said that there is one.
    fn client(&self, request: &Request) -> String {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let told = || {
            // The last entry is what our own proxy added; those before it are the client's claims.
            let told =
                header("x-real-ip").or_else(|| header("x-forwarded-for")?.rsplit(',').next())?;
            told.trim().parse::<IpAddr>().ok()
        };
        let peer = || request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let address = if self.trust_proxy {
            told().or_else(peer)
        } else {
            peer()
        };
        address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(key) = &self.api_key else {
            return true;
        };
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = text(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let shown = bearer.or_else(|| text(HeaderName::from_static("x-api-key")));
        // Digests have one length, so not even the key's length shows in the time it takes.
        shown.is_some_and(|shown| {
            Sha256::digest(shown)
                .ct_eq(&Sha256::digest(key.expose()))
                .into()
        })
    }
}

fn refusal() -> Response {
    let message = "show the key as `Authorization: Bearer <key>` or `X-API-Key: <key>`";
    let mut response =
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", message).into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// <https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-05>
fn announce(headers: &mut HeaderMap, verdict: &Verdict) {
    headers.insert("ratelimit-limit", HeaderValue::from(verdict.limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(verdict.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(verdict.reset));
}
