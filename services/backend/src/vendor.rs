//! The HTTP client every integration talks to its vendor with: credentials, one time budget per search, retries with
//! back-off and jitter, the vendor's rate limits, a circuit breaker, and faults in words a person can act on.
//!
//! It knows no vendor; paths and shapes are the integration's business.

pub mod breaker;
mod call;
#[cfg(fuzzing)]
pub mod fuzzing;
mod grant;
mod http;
mod login;
mod rate;
mod refusal;
mod retry;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use call::Call;
pub use grant::Grant;
pub use http::http_client;
pub use login::Login;
pub use refusal::{Answer, Refusal};
pub use reqwest::Client;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use crate::integrations::Integration;
use crate::metrics::Metrics;
use crate::request_id;
use crate::source::{Fault, SourceError};
use crate::trace::Span;
use breaker::Breaker;
#[cfg(fuzzing)]
use fuzzing::sent;
use retry::{TRIES, back_off};

/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// What a vendor means by an answer where its status does not tell; `None` leaves it to the status.
pub type Meaning = fn(&Answer<'_>) -> Option<Refusal>;

/// Reads the body of a good answer of the vendor with this name.
type Read<T> = fn(&str, &[u8]) -> Result<T, SourceError>;

/// One vendor's client.
pub struct VendorClient {
    name: &'static str,
    variables: Vec<&'static str>,
    base: String,
    login: Login,
    headers: &'static [(&'static str, &'static str)],
    meaning: Meaning,
    http: Client,
    breaker: Breaker,
    metrics: Arc<Metrics>,
}

impl VendorClient {
    /// A client of `integration`'s vendor at `base` (scheme and host, no trailing slash).
    pub fn new(
        integration: &Integration,
        base: &str,
        login: Login,
        http: Client,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            name: integration.name,
            variables: [integration.variables, integration.optional].concat(),
            base: base.trim_end_matches('/').to_owned(),
            login,
            headers: &[("accept", "application/json")],
            meaning: |_| None,
            http,
            breaker: Breaker::default(),
            metrics,
        }
    }

    /// The client of one part of a vendor that has several: its own name in messages and metrics, its own `variables` to
    /// check, and as every client its own breaker and pauses.
    #[must_use]
    pub fn part(self, name: &'static str, variables: &[&'static str]) -> Self {
        Self {
            name,
            variables: variables.to_vec(),
            ..self
        }
    }

    /// Sends these headers instead of `Accept: application/json`.
    #[must_use]
    pub fn with_headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    /// Reads refusals as the vendor means them.
    #[must_use]
    pub fn with_meaning(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }

    /// Leaves the vendor alone for so many seconds, because it said so in the midst of a good answer.
    pub fn pause(&self, seconds: u64) {
        self.breaker
            .pause(Instant::now() + Duration::from_secs(seconds));
    }

    /// The address it was given, without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET path` with query parameters, as JSON of type `T`.
    ///
    /// # Errors
    /// Whatever stands between the question and a well-formed answer.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        call: Call<'_>,
    ) -> Result<T, SourceError> {
        let url = format!("{}{path}", self.base);
        self.send("GET", || self.http.get(&url).query(query), json, call)
            .await
    }

    /// The same where it is an answer too that there is no such thing.
    ///
    /// # Errors
    /// Whatever else stands between the question and a well-formed answer.
    pub async fn find<T: DeserializeOwned>(
        &self,
        path: &str,
        call: Call<'_>,
    ) -> Result<Option<T>, SourceError> {
        let url = format!("{}{path}", self.base);
        match self.tried("GET", || self.http.get(&url), json, call).await {
            Err(error) if error.fault == Fault::NotFound => Ok(None),
            outcome => call.noted(outcome).map(Some),
        }
    }

    /// `POST path` with a JSON body, as JSON of type `T`. Only for posts that change nothing, because it retries.
    ///
    /// # Errors
    /// Whatever stands between the question and a well-formed answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
        call: Call<'_>,
    ) -> Result<T, SourceError> {
        let url = format!("{}{path}", self.base);
        self.send("POST", || self.http.post(&url).json(body), json, call)
            .await
    }

    /// The text of the page at `path`: `GET`, or `POST` with the fields of a form. Only for forms that change nothing, because
    /// it retries.
    ///
    /// # Errors
    /// Whatever stands between the question and a page.
    pub async fn page(
        &self,
        path: &str,
        form: &[(String, String)],
        call: Call<'_>,
    ) -> Result<String, SourceError> {
        let url = format!("{}{path}", self.base);
        let request = || match form {
            [] => self.http.get(&url),
            form => self.http.post(&url).form(form),
        };
        let text: Read<String> = |_, body| Ok(String::from_utf8_lossy(body).into_owned());
        let method = match form {
            [] => "GET",
            _ => "POST",
        };
        self.send(method, request, text, call).await
    }

    async fn send<T>(
        &self,
        method: &'static str,
        request: impl Fn() -> RequestBuilder,
        read: Read<T>,
        call: Call<'_>,
    ) -> Result<T, SourceError> {
        call.noted(self.tried(method, request, read, call).await)
    }

    /// Tries until it works, cannot work, or the time is up.
    async fn tried<T>(
        &self,
        method: &'static str,
        request: impl Fn() -> RequestBuilder,
        read: Read<T>,
        call: Call<'_>,
    ) -> Result<T, SourceError> {
        let mut attempt = 0;
        let mut failed = None;
        loop {
            attempt += 1;
            // What another search found out meanwhile explains less than what this one saw itself.
            self.admitted(call)
                .await
                .map_err(|refusal| failed.take().unwrap_or(refusal))?;
            let started = Instant::now();
            let mut span = self.span(method, call);
            if attempt > 1 {
                span.set("http.request.resend_count", attempt - 1);
            }
            let outcome = self.once(request(), read, call, &mut span).await;
            let fault = outcome.as_ref().err().map(|error| error.fault.code());
            self.metrics
                .upstream(self.name, fault.unwrap_or("ok"), started.elapsed());
            span.end(fault);
            let error = match outcome {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match (error.fault, error.retry_after) {
                // A kept token may have been revoked before its time.
                (Fault::Unauthorized, _) if attempt == 1 && self.forgets_token().await => {
                    Duration::ZERO
                }
                (Fault::RateLimited, Some(seconds)) => Duration::from_secs(seconds),
                (Fault::RateLimited | Fault::Unavailable, _) => back_off(attempt),
                _ => return Err(error),
            };
            if attempt == TRIES || Instant::now() + wait >= call.deadline {
                return Err(error);
            }
            failed = Some(error);
            tokio::time::sleep(wait).await;
        }
    }

    /// Without the address: a vendor's paths and parameters hold what is searched for.
    fn span(&self, method: &'static str, call: Call<'_>) -> Span {
        let mut span = call.id.trace().call(self.name, method);
        span.name(|| format!("{method} {}", self.name));
        span.set_server(&self.base);
        span
    }

    /// Waits out a pause that ends in time; a longer one, and failures in a row, refuse the call.
    async fn admitted(&self, call: Call<'_>) -> Result<(), SourceError> {
        while let Err(refusal) = self.breaker.admit(Instant::now()) {
            if refusal.rate_limited && Instant::now() + refusal.wait < call.deadline {
                tokio::time::sleep(refusal.wait).await;
                continue;
            }
            let (fault, what) = match refusal.rate_limited {
                true => (Fault::RateLimited, "asked us to slow down"),
                false => (
                    Fault::Unavailable,
                    "failed repeatedly and is left alone for a moment",
                ),
            };
            return Err(SourceError {
                retry_after: Some(refusal.wait.as_secs().max(1)),
                ..SourceError::new(fault, format!("{} {what}", self.name))
            });
        }
        Ok(())
    }

    /// One try, told to the breaker.
    async fn once<T>(
        &self,
        request: RequestBuilder,
        read: Read<T>,
        call: Call<'_>,
        span: &mut Span,
    ) -> Result<T, SourceError> {
        let mut request = request.header(request_id::HEADER.as_str(), call.id.as_str());
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let left = call.deadline.saturating_duration_since(Instant::now());
        let signed_and_sent = async {
            let request = self.signed(request, call).await?;
            self.exchange(request, self.meaning, read, span).await
        };
        let outcome = tokio::time::timeout(left, signed_and_sent)
            .await
            .unwrap_or_else(|_| {
                Err(SourceError::new(
                    Fault::Timeout,
                    format!("{} did not answer in time", self.name),
                ))
            });
        match &outcome {
            Err(error) if matches!(error.fault, Fault::Timeout | Fault::Unavailable) => {
                self.breaker.failed(Instant::now())
            }
            _ => self.breaker.worked(),
        }
        outcome
    }

    async fn signed(
        &self,
        request: RequestBuilder,
        call: Call<'_>,
    ) -> Result<RequestBuilder, SourceError> {
        Ok(match &self.login {
            Login::Basic(user, token) => request.basic_auth(user.expose(), Some(token.expose())),
            Login::Bearer(token) => request.bearer_auth(token.expose()),
            Login::Header(name, value) => request.header(*name, value.expose()),
            Login::Grant(grant) => {
                let ask = grant.request(&self.http);
                let fetch = async {
                    let mut span = call.id.trace().call(self.name, "POST");
                    span.name(|| format!("POST {} token", self.name));
                    let token = self.exchange(ask, grant::meaning, json, &mut span).await;
                    span.end(token.as_ref().err().map(|error| error.fault.code()));
                    token
                };
                request.bearer_auth(grant.token(fetch).await?.expose())
            }
            Login::Nobody => request,
        })
    }

    async fn forgets_token(&self) -> bool {
        match &self.login {
            Login::Grant(grant) => grant.forget().await,
            _ => false,
        }
    }

    /// One request and its answer, as `meaning` and the status have it.
    async fn exchange<T>(
        &self,
        request: RequestBuilder,
        meaning: Meaning,
        read: Read<T>,
        span: &mut Span,
    ) -> Result<T, SourceError> {
        let mut response = sent(request)
            .await
            .map_err(|error| refusal::unreachable(self.name, &error))?;
        span.answered(response.status().as_u16());
        let body = self.body(&mut response).await?;
        let answer = Answer {
            status: response.status(),
            headers: response.headers(),
            body: &body,
        };
        let refusal = meaning(&answer).or_else(|| refusal::by_status(&answer, &self.variables));
        let wait = rate::wait_of(answer.headers, jiff::Timestamp::now())
            .or_else(|| refusal.as_ref().and_then(|refusal| refusal.wait));
        if let Some(seconds) = wait {
            self.pause(seconds);
        }
        if let Some(refusal) = refusal {
            let error = refusal.error(self.name, &self.variables);
            return Err(SourceError {
                retry_after: wait,
                message: self.login.hidden(error.message),
                ..error
            });
        }
        read(self.name, &body)
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, SourceError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| refusal::unreachable(self.name, &error))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX {
                return Err(SourceError::new(
                    Fault::BadAnswer,
                    format!("{} answered with more than 8 MiB", self.name),
                ));
            }
        }
        Ok(body)
    }
}

#[cfg(not(fuzzing))]
async fn sent(request: RequestBuilder) -> reqwest::Result<Response> {
    request.send().await
}

fn json<T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, SourceError> {
    serde_json::from_slice(body).map_err(|_| refusal::not_as_documented(name, body))
}
