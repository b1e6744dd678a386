//! The HTTP client every integration talks to its vendor with: credentials, one time budget per search, retries with
//! back-off and jitter, the vendor's rate limits, a circuit breaker, and faults in words a person can act on.
//!
//! It knows no vendor; paths and shapes are the integration's business.

pub mod breaker;
mod call;
mod grant;
mod http;
mod login;
mod rate;
mod refusal;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use call::Call;
pub use grant::Grant;
pub use http::http_client;
pub use login::Login;
pub use refusal::{Answer, Refusal};
pub use reqwest::Client;
use reqwest::{RequestBuilder, Response};
use ring::rand::{SecureRandom, SystemRandom};
use serde::de::DeserializeOwned;

use crate::integrations::Integration;
use crate::metrics::Metrics;
use crate::request_id;
use crate::source::{Fault, SourceError};
use crate::trace::Span;
use breaker::Breaker;

/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 8 * 1024 * 1024;
/// Tries of one request, the first included.
const TRIES: u32 = 3;
/// Longest wait before the second try; it doubles with each further one.
const BACK_OFF: Duration = Duration::from_millis(200);

/// What a vendor means by an answer where its status does not tell; `None` leaves it to the status.
pub type Meaning = fn(&Answer<'_>) -> Option<Refusal>;

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
        self.send("GET", || self.http.get(&url).query(query), call)
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
        match self.tried("GET", || self.http.get(&url), call).await {
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
        self.send("POST", || self.http.post(&url).json(body), call)
            .await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: &'static str,
        request: impl Fn() -> RequestBuilder,
        call: Call<'_>,
    ) -> Result<T, SourceError> {
        call.noted(self.tried(method, request, call).await)
    }

    /// Tries until it works, cannot work, or the time is up.
    async fn tried<T: DeserializeOwned>(
        &self,
        method: &'static str,
        request: impl Fn() -> RequestBuilder,
        call: Call<'_>,
    ) -> Result<T, SourceError> {
        let mut attempt = 0;
        let mut failed = None;
        loop {
            attempt += 1;
            // What another search found out meanwhile explains less than what this one saw itself.
            self.admitted()
                .map_err(|refusal| failed.take().unwrap_or(refusal))?;
            let started = Instant::now();
            let mut span = self.span(method, call);
            if attempt > 1 {
                span.set("http.request.resend_count", attempt - 1);
            }
            let outcome = self.once(request(), call, &mut span).await;
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

    fn admitted(&self) -> Result<(), SourceError> {
        self.breaker
            .admit(Instant::now())
            .map_err(|refusal| SourceError {
                fault: if refusal.rate_limited {
                    Fault::RateLimited
                } else {
                    Fault::Unavailable
                },
                message: if refusal.rate_limited {
                    format!("{} asked us to slow down", self.name)
                } else {
                    format!(
                        "{} failed repeatedly and is left alone for a moment",
                        self.name
                    )
                },
                retry_after: Some(refusal.wait.as_secs().max(1)),
            })
    }

    /// One try, told to the breaker.
    async fn once<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
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
            self.exchange(request, self.meaning, span).await
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
                    let token = self.exchange(ask, grant::meaning, &mut span).await;
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
    async fn exchange<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        meaning: Meaning,
        span: &mut Span,
    ) -> Result<T, SourceError> {
        let mut response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        span.answered(response.status().as_u16());
        let body = self.read(&mut response).await?;
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
        serde_json::from_slice(&body).map_err(|_| refusal::not_as_documented(self.name, &body))
    }

    async fn read(&self, response: &mut Response) -> Result<Vec<u8>, SourceError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
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

    fn unreachable(&self, error: &reqwest::Error) -> SourceError {
        let name = self.name;
        if error.is_timeout() {
            return SourceError::new(Fault::Timeout, format!("{name} did not answer in time"));
        }
        let what = if let Some(what) = refusal::about_trust(error) {
            what
        } else if error.is_connect() {
            "cannot be reached"
        } else {
            "broke off its answer"
        };
        SourceError::new(Fault::Unavailable, format!("{name} {what}"))
    }
}

/// Full jitter, so that many clients do not come back at once.
fn back_off(attempt: u32) -> Duration {
    let mut bytes = [0_u8; 4];
    let _ = SystemRandom::new().fill(&mut bytes);
    let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
    (BACK_OFF * 2_u32.pow(attempt - 1)).mul_f64(0.25 + 0.75 * share)
}
