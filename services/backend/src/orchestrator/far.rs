//! A service elsewhere, as a source: the client side of `service`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::metrics::Metrics;
use crate::request_id::{self, RequestId};
use crate::search::{Found, SearchRequest};
use crate::source::{Fault, Health, Source, SourceError};
use crate::trace::Span;

/// A peer that speaks our own errors.
pub struct Far {
    name: String,
    url: String,
    http: Client,
    metrics: Arc<Metrics>,
}

impl Far {
    /// The peer `name` at `url` (no trailing slash).
    pub fn new(name: &str, url: &str, http: Client, metrics: Arc<Metrics>) -> Self {
        Self {
            name: name.to_owned(),
            url: url.to_owned(),
            http,
            metrics,
        }
    }

    /// `GET path`, decoded.
    ///
    /// # Errors
    /// What the peer said, or why it could not.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
        id: &RequestId,
    ) -> Result<T, SourceError> {
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .timeout(timeout);
        let response = self.send("GET", path, request, id).await?;
        self.decode(response).await
    }

    /// `POST path` with a search, decoded.
    ///
    /// # Errors
    /// What the peer said, or why it could not.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &SearchRequest,
        id: &RequestId,
    ) -> Result<T, SourceError> {
        self.decode(self.open(path, body, id).await?).await
    }

    /// `POST path` with a search; the body of the answer is left to the caller.
    ///
    /// # Errors
    /// What the peer said, or why it could not.
    pub async fn open(
        &self,
        path: &str,
        body: &SearchRequest,
        id: &RequestId,
    ) -> Result<Response, SourceError> {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        self.send("POST", path, request, id).await
    }

    /// The paths of our own services hold nothing but words of ours.
    async fn send(
        &self,
        method: &'static str,
        path: &str,
        request: RequestBuilder,
        id: &RequestId,
    ) -> Result<Response, SourceError> {
        let started = Instant::now();
        let mut span = id.trace().call(&self.name, method);
        span.name(|| format!("{method} {path}"));
        span.set("url.template", path);
        span.set_server(&self.url);
        let mut request = request.header(request_id::HEADER.as_str(), id.as_str());
        for (name, value) in span.trace().context().headers() {
            request = request.header(name, value);
        }
        let outcome = self.exchange(request, &mut span).await;
        let fault = outcome.as_ref().err().map(|error| error.fault.code());
        self.metrics
            .upstream(&self.name, fault.unwrap_or("ok"), started.elapsed());
        span.end(fault);
        outcome
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        span: &mut Span,
    ) -> Result<Response, SourceError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        span.answered(status.as_u16());
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|v| v.to_str().ok()?.parse().ok());
        let said: Value = response.json().await.unwrap_or_default();
        let word = |path: &str| said.pointer(path).and_then(Value::as_str);
        let otherwise = if status.is_client_error() {
            Fault::Rejected
        } else {
            Fault::Unavailable
        };
        let fault = word("/error/code")
            .and_then(Fault::of_code)
            .unwrap_or(otherwise);
        let message = word("/error/message").map_or_else(
            || format!("{} answered with HTTP {status}", self.name),
            str::to_owned,
        );
        Err(SourceError {
            fault,
            message,
            retry_after,
        })
    }

    async fn decode<T: DeserializeOwned>(&self, response: Response) -> Result<T, SourceError> {
        response.json().await.map_err(|error| {
            if error.is_timeout() {
                return self.unreachable(&error);
            }
            SourceError::new(
                Fault::BadAnswer,
                format!(
                    "{} answered with something that is not what it promises",
                    self.name
                ),
            )
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> SourceError {
        let (fault, what) = if error.is_timeout() {
            (Fault::Timeout, "did not answer in time")
        } else if error.is_connect() {
            (Fault::Unavailable, "cannot be reached")
        } else {
            (Fault::Unavailable, "broke off its answer")
        };
        SourceError::new(fault, format!("{} {what}", self.name))
    }
}

impl Source for Far {
    fn name(&self) -> &str {
        &self.name
    }

    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        id: &'a RequestId,
    ) -> BoxFuture<'a, Result<Found, SourceError>> {
        async move {
            let response = self.open("/search", request, id).await?;
            let age = response.headers().get("age");
            let age = age.and_then(|age| age.to_str().ok()?.parse().ok());
            let hits = self.decode(response).await?;
            Ok(Found { hits, age })
        }
        .boxed()
    }

    fn health<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health> {
        async move {
            self.get("/health", Duration::from_secs(1), id)
                .await
                .unwrap_or_else(|error| Health::bad(error.message))
        }
        .boxed()
    }

    fn check<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health> {
        async move {
            self.get("/health/detailed", Duration::from_secs(5), id)
                .await
                .unwrap_or_else(|error| Health::bad(error.message))
        }
        .boxed()
    }
}
