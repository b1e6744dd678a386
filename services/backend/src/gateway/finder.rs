//! Where searches go: to the orchestrator, or in the minimal profile to the same fan-out in this process.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Response;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::metrics::Metrics;
use crate::orchestrator::fanout::{Fanout, Progress, Report};
use crate::orchestrator::far::Far;
use crate::peer::{self, Peers};
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::search::SearchRequest;
use crate::source::{Fault, Health, SourceError, Status};

/// The orchestrator answers from a cache that is at most a second old.
const HEALTH_TIMEOUT: Duration = Duration::from_millis(1500);
/// It asks every service, and they their vendors, for five seconds.
const CHECK_TIMEOUT: Duration = Duration::from_secs(6);
/// Longest event that is put together; beyond it the orchestrator is not what it claims to be.
const EVENT_MAX: usize = 8 * 1024 * 1024;

/// The way to results.
#[derive(Clone)]
pub(super) enum Finder {
    Near(Arc<Fanout>),
    Far(Arc<Far>),
}

impl Finder {
    pub(super) fn orchestrator(
        url: &str,
        peers: Peers,
        metrics: Arc<Metrics>,
    ) -> Result<Self, String> {
        let far = Far::new("orchestrator", url, peers, metrics)?;
        Ok(Self::Far(Arc::new(far)))
    }

    pub(super) async fn search(
        &self,
        request: SearchRequest,
        id: &RequestId,
    ) -> Result<Report, Problem> {
        match self {
            Self::Near(fanout) => fanout.search(request, id).await,
            Self::Far(far) => Ok(far.ask("/search", &request, id).await?),
        }
    }

    pub(super) async fn stream(
        &self,
        request: SearchRequest,
        id: RequestId,
    ) -> Result<BoxStream<'static, Progress>, Problem> {
        match self {
            Self::Near(fanout) => fanout.stream(request, id),
            Self::Far(far) => Ok(events(far.open("/search/stream", &request, &id).await?)),
        }
    }

    pub(super) async fn services(&self, id: &RequestId) -> Result<Value, Problem> {
        match self {
            Self::Near(fanout) => Ok(fanout.list(id).await),
            Self::Far(far) => Ok(far.get("/services", HEALTH_TIMEOUT, id).await?),
        }
    }

    /// How every service and its vendor is, by name.
    pub(super) async fn check(&self, id: &RequestId) -> Result<Value, SourceError> {
        match self {
            Self::Near(fanout) => {
                let found = fanout.check(id).await;
                Ok(found
                    .into_iter()
                    .map(|(name, health)| (name, json!(health)))
                    .collect())
            }
            Self::Far(far) => {
                let mut found: Value = far.get("/health/detailed", CHECK_TIMEOUT, id).await?;
                Ok(found["services"].take())
            }
        }
    }

    /// How the orchestrator is; `None` where there is none. A service behind it being away is its business, not ours.
    pub(super) async fn health(&self, id: &RequestId) -> Option<Health> {
        let Self::Far(far) = self else { return None };
        Some(
            match far.get::<Health>("/health", HEALTH_TIMEOUT, id).await {
                Ok(health) if health.status == Status::Degraded => Health {
                    status: Status::Healthy,
                    ..health
                },
                Ok(health) => health,
                Err(error) => Health::bad(error.message),
            },
        )
    }
}

/// An answer being read.
struct Reading {
    body: Incoming,
    buffer: Vec<u8>,
}

impl Reading {
    /// The next event, or `None` if the answer ends or breaks off first.
    async fn next(&mut self) -> Option<Progress> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let frame: Vec<u8> = self.buffer.drain(..end + 2).collect();
                match parse(&String::from_utf8_lossy(&frame)) {
                    Some(progress) => return Some(progress),
                    None => continue,
                }
            }
            let chunk = peer::piece(&mut self.body).await.ok().flatten()?;
            self.buffer.extend_from_slice(&chunk);
            if self.buffer.len() > EVENT_MAX {
                return None;
            }
        }
    }
}

/// The events of an answer. One that ends before its `done` ends in an `error`, so that nobody waits for more.
fn events(response: Response<Incoming>) -> BoxStream<'static, Progress> {
    let reading = Reading {
        body: response.into_body(),
        buffer: Vec::new(),
    };
    stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        match reading.next().await {
            Some(progress) if progress.name == "done" => Some((progress, None)),
            Some(progress) => Some((progress, Some(reading))),
            None => Some((broken_off(), None)),
        }
    })
    .boxed()
}

fn broken_off() -> Progress {
    let (code, message) = (
        Fault::Unavailable.code(),
        "orchestrator broke off its answer",
    );
    let data = json!({"service": "orchestrator", "code": code, "message": message});
    Progress::new("error", &data)
}

/// An event of the form `sse` writes: a name and one line of JSON. Heartbeats are none.
fn parse(frame: &str) -> Option<Progress> {
    let field = |name: &str| {
        frame
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim_start)
    };
    let (name, data) = (field("event:")?, field("data:")?);
    Some(Progress {
        name: name.to_owned(),
        data: serde_json::from_str(data).ok()?,
    })
}
