//! The contract of everything that can be searched, near (an integration in this process) or far (a service over HTTP).
//!
//! Faults have stable codes, so that what a vendor did to a service reads the same after crossing the orchestrator and the gateway.

use axum::http::StatusCode;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::search::{Found, SearchRequest};

/// Something that answers searches and knows how it is.
pub trait Source: Send + Sync {
    /// Its name, as in `services: ["jira"]`.
    fn name(&self) -> &str;

    /// Answers within its own deadline.
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        id: &'a RequestId,
    ) -> BoxFuture<'a, Result<Found, SourceError>>;

    /// How it is, cheaply: no vendor is called.
    fn health<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health>;

    /// How it is, by the cheapest authenticated call to the vendor.
    fn check<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health>;

    /// What else there is to know about it; never waits.
    fn describe(&self, _in_detail: bool) -> Map<String, Value> {
        Map::new()
    }
}

/// What a health check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Does its work.
    Healthy,
    /// Does part of its work.
    Degraded,
    /// Does not do its work.
    Unhealthy,
    /// Was switched off by a person.
    Disabled,
}

/// The state of a source or a dependency, with a reason in a person's words when there is something to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The finding.
    pub status: Status,
    /// Whether it has the credentials it needs.
    #[serde(default)]
    pub configured: bool,
    /// Why it is not better, or what was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the last call to the vendor went, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<LastCall>,
}

/// How a call went; holds neither a secret nor what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCall {
    /// `ok` or the code of a [`Fault`].
    pub outcome: String,
    /// When it ended, as in RFC 3339.
    pub at: String,
    /// How long it took.
    pub ms: u64,
    /// Why it failed, in a person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Health {
    /// Healthy and configured.
    pub fn good() -> Self {
        Self {
            status: Status::Healthy,
            configured: true,
            reason: None,
            last_call: None,
        }
    }

    /// Healthy, with a remark.
    pub fn good_because(reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            ..Self::good()
        }
    }

    /// The same with one more remark.
    #[must_use]
    pub fn and(mut self, remark: Option<String>) -> Self {
        self.reason = match (self.reason, remark) {
            (Some(reason), Some(remark)) => Some(format!("{reason}; {remark}")),
            (reason, remark) => reason.or(remark),
        };
        self
    }

    /// Not working.
    pub fn bad(reason: impl Into<String>) -> Self {
        Self {
            status: Status::Unhealthy,
            ..Self::good_because(reason)
        }
    }

    /// Fine, but without credentials.
    pub fn not_configured(reason: impl Into<String>) -> Self {
        Self {
            configured: false,
            ..Self::good_because(reason)
        }
    }
}

/// Why a source did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Credentials are missing.
    NotConfigured,
    /// Credentials are wrong.
    Unauthorized,
    /// Credentials lack a permission.
    Forbidden,
    /// The vendor asks us to slow down.
    RateLimited,
    /// No answer in time.
    Timeout,
    /// Not reachable, or failing.
    Unavailable,
    /// An answer that is not what the documentation promises.
    BadAnswer,
    /// The vendor has no such thing, or no such API at this address.
    NotFound,
    /// The vendor refused the query.
    Rejected,
    /// The request names a source there is not.
    UnknownService,
    /// The request is not well-formed.
    Invalid,
}

const FAULTS: [(Fault, &str, StatusCode); 11] = [
    (
        Fault::NotConfigured,
        "not_configured",
        StatusCode::SERVICE_UNAVAILABLE,
    ),
    (
        Fault::Unauthorized,
        "vendor_unauthorized",
        StatusCode::BAD_GATEWAY,
    ),
    (
        Fault::Forbidden,
        "vendor_forbidden",
        StatusCode::BAD_GATEWAY,
    ),
    (
        Fault::RateLimited,
        "vendor_rate_limited",
        StatusCode::SERVICE_UNAVAILABLE,
    ),
    (Fault::Timeout, "timeout", StatusCode::GATEWAY_TIMEOUT),
    (Fault::Unavailable, "unavailable", StatusCode::BAD_GATEWAY),
    (Fault::BadAnswer, "bad_answer", StatusCode::BAD_GATEWAY),
    (Fault::NotFound, "vendor_not_found", StatusCode::BAD_GATEWAY),
    (
        Fault::Rejected,
        "query_rejected",
        StatusCode::UNPROCESSABLE_ENTITY,
    ),
    (
        Fault::UnknownService,
        "unknown_service",
        StatusCode::BAD_REQUEST,
    ),
    (Fault::Invalid, "invalid_request", StatusCode::BAD_REQUEST),
];

impl Fault {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// The fault behind a code another service sent.
    pub fn of_code(code: &str) -> Option<Self> {
        FAULTS.iter().find(|row| row.1 == code).map(|row| row.0)
    }

    /// Every code there is.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        FAULTS.iter().map(|row| row.1)
    }

    fn row(self) -> &'static (Fault, &'static str, StatusCode) {
        FAULTS
            .iter()
            .find(|row| row.0 == self)
            .expect("every fault has a row")
    }
}

/// A fault with its story.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What kind.
    pub fault: Fault,
    /// For a person; names variables, never values.
    pub message: String,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
}

impl SourceError {
    /// An error without a time to come back.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            retry_after: None,
        }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        let (_, code, status) = *error.fault.row();
        Self {
            status,
            code,
            message: error.message,
            retry_after: error.retry_after,
        }
    }
}
