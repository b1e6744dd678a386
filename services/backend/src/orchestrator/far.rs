//! A service elsewhere, as a source: the client side of `service`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request, Response, header, request};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::metrics::Metrics;
use crate::peer::{self, Broken, Peers, Place};
use crate::request_id::{self, RequestId};
use crate::search::{Found, Hits, SearchRequest, Told};
use crate::source::{Fault, Health, Source, SourceError};
use crate::trace::Span;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A peer that speaks our own errors.
pub struct Far {
    name: String,
    url: String,
    place: Place,
    peers: Peers,
    metrics: Arc<Metrics>,
}

impl Far {
    /// The peer `name` at `url`.
    ///
    /// # Errors
    /// An address that is none.
    pub fn new(name: &str, url: &str, peers: Peers, metrics: Arc<Metrics>) -> Result<Self, String> {
        let place = Place::of(url).ok_or_else(|| format!("the address of {name} is none"))?;
        Ok(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            place,
            peers,
            metrics,
        })
    }

    /// `GET path`, decoded.
    ///
    /// # Errors
    /// What the peer said, or why it could not.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        timeout: Duration,
        id: &RequestId,
    ) -> Result<T, SourceError> {
        let asked = async {
            let request = self.place.request(Method::GET, path);
            let answer = self.send(path, request, Bytes::new(), id).await?;
            self.decode(answer).await
        };
        let late = |_| self.broken(Broken::Late);
        tokio::time::timeout(timeout, asked).await.map_err(late)?
    }

    /// `POST path` with a search, decoded.
    ///
    /// # Errors
    /// What the peer said, or why it could not.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        path: &'static str,
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
        path: &'static str,
        body: &SearchRequest,
        id: &RequestId,
    ) -> Result<Response<Incoming>, SourceError> {
        let body = serde_json::to_vec(body).expect("a search is JSON");
        let request = self
            .place
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, JSON);
        self.send(path, request, body.into(), id).await
    }

    /// The paths of our own services hold nothing but words of ours.
    async fn send(
        &self,
        path: &'static str,
        request: request::Builder,
        body: Bytes,
        id: &RequestId,
    ) -> Result<Response<Incoming>, SourceError> {
        let started = Instant::now();
        let mut request = request.header(request_id::HEADER, id.header());
        let method = match request.method_ref() {
            Some(&Method::POST) => "POST",
            _ => "GET",
        };
        let mut span = id.trace().call(&self.name, method);
        span.name(|| format!("{method} {path}"));
        span.set("url.template", path);
        span.set_server(&self.url);
        for (name, value) in span.trace().context().headers() {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body));
        let request = request.expect("its parts are parts of a request");
        let outcome = self.exchange(request, &mut span).await;
        let fault = outcome.as_ref().err().map(|error| error.fault.code());
        self.metrics
            .upstream(&self.name, fault.unwrap_or("ok"), started.elapsed());
        span.end(fault);
        outcome
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        span: &mut Span,
    ) -> Result<Response<Incoming>, SourceError> {
        let sent = self.peers.send(request).await;
        let response = sent.map_err(|broken| self.broken(broken))?;
        let status = response.status();
        span.answered(status.as_u16());
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        let said = peer::whole(response.into_body()).await.unwrap_or_default();
        let said: Value = serde_json::from_slice(&said).unwrap_or_default();
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

    async fn decode<T: DeserializeOwned>(
        &self,
        response: Response<Incoming>,
    ) -> Result<T, SourceError> {
        let answer = self.whole(response).await?;
        serde_json::from_slice(&answer).map_err(|_| self.unpromised())
    }

    async fn whole(&self, response: Response<Incoming>) -> Result<Bytes, SourceError> {
        let body = peer::whole(response.into_body()).await;
        body.map_err(|broken| self.broken(broken))
    }

    fn unpromised(&self) -> SourceError {
        let what = "answered with something that is not what it promises";
        SourceError::new(Fault::BadAnswer, format!("{} {what}", self.name))
    }

    fn broken(&self, broken: Broken) -> SourceError {
        let (fault, what) = match broken {
            Broken::Late => (Fault::Timeout, "did not answer in time"),
            Broken::Unreached => (Fault::Unavailable, "cannot be reached"),
            Broken::Off => (Fault::Unavailable, "broke off its answer"),
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
            let age = response.headers().get(header::AGE);
            let age = age.and_then(|age| age.to_str().ok()?.parse().ok());
            let told = Told::read(self.whole(response).await?);
            let hits = Hits::Told(told.map_err(|_| self.unpromised())?);
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
