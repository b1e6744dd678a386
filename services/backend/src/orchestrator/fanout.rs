//! The fan-out: every enabled source is asked at once, each within its own deadline; one that is slow or dead costs only
//! its own results. Works the same over services and over integrations in this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, BoxStream, FuturesUnordered};
use futures_util::{Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::fusion::fuse;
use crate::log::{Level, Line};
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::search::{Found, Hit, Hits, SearchRequest};
use crate::source::{Fault, Health, Source, SourceError, Status};

/// A finding about all sources is good for this long.
const HEALTH_FRESH: Duration = Duration::from_secs(1);
/// A service that has not said how it is by then is not well.
const HEALTH_TIMEOUT: Duration = Duration::from_millis(600);
/// The same where a vendor is asked.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// The sources and which of them are asked.
pub struct Fanout {
    entries: Vec<Entry>,
    health: Mutex<Option<(Instant, Arc<Findings>)>>,
}

type Findings = Vec<(String, Health)>;

struct Entry {
    source: Arc<dyn Source>,
    deadline: Duration,
    enabled: AtomicBool,
}

impl Entry {
    fn enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }
}

/// The answer of `POST /search`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Merged, best first.
    pub results: Vec<Hit>,
    /// Who was asked.
    pub sources_queried: Vec<String>,
    /// Who answered.
    pub sources_responded: Vec<String>,
    /// From the question to the last answer or deadline.
    pub total_time_ms: u64,
    /// By source, also of those that failed.
    pub per_service_time: BTreeMap<String, u64>,
    /// By source, the seconds since its vendor said so, where the answer came from a cache.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cached: BTreeMap<String, u64>,
    /// Why those that did not answer did not.
    pub errors: BTreeMap<String, Failure>,
}

/// Why a source did not answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// A stable code.
    pub code: String,
    /// For a person.
    pub message: String,
}

/// One step of a streamed search: `start`, `results`, `error` or `done`.
pub struct Progress {
    /// The name of the event.
    pub name: String,
    /// Its payload. As text: whoever only passes it on need not take it apart.
    pub data: Box<RawValue>,
}

impl Progress {
    /// An event with this payload.
    pub fn new(name: &str, data: &impl Serialize) -> Self {
        Self {
            name: name.to_owned(),
            data: to_raw_value(data).unwrap_or_default(),
        }
    }
}

/// The payload of `results`.
#[derive(Serialize)]
struct Results<'a> {
    service: &'a str,
    results: &'a Hits,
    time_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached: Option<u64>,
}

struct Answer {
    name: String,
    outcome: Result<Found, SourceError>,
    took_ms: u64,
}

impl Fanout {
    /// A fan-out over (source, its deadline); those named in `disabled` start switched off.
    pub fn new(sources: Vec<(Arc<dyn Source>, Duration)>, disabled: &[String]) -> Self {
        let entries = sources.into_iter().map(|(source, deadline)| {
            let enabled = AtomicBool::new(!disabled.iter().any(|name| name == source.name()));
            Entry {
                source,
                deadline,
                enabled,
            }
        });
        Self {
            entries: entries.collect(),
            health: Mutex::default(),
        }
    }

    /// Asks, waits for everybody, merges.
    ///
    /// # Errors
    /// A 400 if the request names a source there is not.
    pub async fn search(&self, request: SearchRequest, id: &RequestId) -> Result<Report, Problem> {
        let started = Instant::now();
        let limit = request.limit;
        let (mut report, mut answers) = self.ask(request, id.clone())?;
        let mut lists = Vec::new();
        while let Some(answer) = answers.next().await {
            if let Some(hits) = note(&mut report, answer) {
                lists.push(hits);
            }
        }
        report.results = fuse(&lists, limit);
        report.sources_responded.sort();
        report.total_time_ms = millis(started);
        Ok(report)
    }

    /// Asks, and passes on each answer as it arrives. Dropping the stream drops the questions.
    ///
    /// # Errors
    /// A 400 if the request names a source there is not.
    pub fn stream(
        &self,
        request: SearchRequest,
        id: RequestId,
    ) -> Result<BoxStream<'static, Progress>, Problem> {
        let started = Instant::now();
        let (report, answers) = self.ask(request, id)?;
        let refused = report
            .errors
            .iter()
            .map(|(name, failure)| failed(name, failure))
            .collect::<Vec<_>>();
        let start = Progress::new("start", &json!({"sources_queried": report.sources_queried}));
        let opening = stream::iter(std::iter::once(start).chain(refused));
        let steps = stream::unfold(Some((report, answers, 0)), move |state| async move {
            let (mut report, mut answers, mut total) = state?;
            let Some(answer) = answers.next().await else {
                report.total_time_ms = millis(started);
                let mut data = json!(report);
                data["total_results"] = json!(total);
                data.as_object_mut()?.remove("results");
                return Some((Progress::new("done", &data), None));
            };
            let (name, took_ms) = (answer.name.clone(), answer.took_ms);
            let step = match note(&mut report, answer) {
                Some(hits) => {
                    total += hits.len();
                    let found = Results {
                        service: &name,
                        results: &hits,
                        time_ms: took_ms,
                        cached: report.cached.get(&name).copied(),
                    };
                    Progress::new("results", &found)
                }
                None => failed(&name, &report.errors[&name]),
            };
            Some((step, Some((report, answers, total))))
        });
        Ok(opening.chain(steps).boxed())
    }

    /// Starts asking; the report so far holds who is asked and who is not.
    fn ask(
        &self,
        request: SearchRequest,
        id: RequestId,
    ) -> Result<(Report, impl Stream<Item = Answer> + Send + Unpin + use<>), Problem> {
        let mut report = Report::default();
        let wanted = request.services.clone();
        if let Some(unknown) = wanted
            .iter()
            .flatten()
            .find(|name| self.find(name).is_none())
        {
            let message = format!("there is no service `{unknown}`");
            return Err(SourceError::new(Fault::UnknownService, message).into());
        }
        let request = Arc::new(request);
        let answers = FuturesUnordered::new();
        for entry in &self.entries {
            let name = entry.source.name();
            if wanted
                .as_ref()
                .is_some_and(|wanted| !wanted.iter().any(|w| w == name))
            {
                continue;
            }
            if entry.enabled() {
                report.sources_queried.push(name.to_owned());
                answers.push(question(
                    entry.source.clone(),
                    entry.deadline,
                    request.clone(),
                    id.clone(),
                ));
            } else if wanted.is_some() {
                let failure = Failure {
                    code: "disabled".into(),
                    message: format!("{name} is switched off"),
                };
                report.errors.insert(name.to_owned(), failure);
            }
        }
        Ok((report, answers))
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.source.name() == name)
    }

    /// Switches a source on or off, in this process and until it ends.
    ///
    /// # Errors
    /// A 404 for a source there is not.
    pub fn switch(&self, name: &str, enabled: bool) -> Result<(), Problem> {
        let entry = self
            .find(name)
            .ok_or_else(|| Problem::not_found(format!("there is no service `{name}`")))?;
        entry.enabled.store(enabled, Ordering::Relaxed);
        Ok(())
    }

    /// How every source is, asked in parallel, at most once per second however many ask.
    pub async fn health(&self, id: &RequestId) -> Arc<Findings> {
        let mut cached = self.health.lock().await;
        if let Some((_, findings)) = cached
            .as_ref()
            .filter(|(at, _)| at.elapsed() < HEALTH_FRESH)
        {
            return findings.clone();
        }
        let findings =
            Arc::new(join_all(self.entries.iter().map(|entry| look(entry, id, false))).await);
        *cached = Some((Instant::now(), findings.clone()));
        findings
    }

    /// How every source and its vendor is.
    pub async fn check(&self, id: &RequestId) -> Findings {
        join_all(self.entries.iter().map(|entry| look(entry, id, true))).await
    }

    /// `{"services": [{name, enabled, status, configured, reason?, last_call?}]}`.
    pub async fn list(&self, id: &RequestId) -> Value {
        let findings = self.health(id).await;
        let rows = self.entries.iter().zip(findings.iter()).map(|(entry, (name, health))| {
            let mut row = json!({"name": name, "enabled": entry.enabled(), "status": health.status, "configured": health.configured});
            if let Some(reason) = &health.reason {
                row["reason"] = json!(reason);
            }
            if let Some(call) = &health.last_call {
                row["last_call"] = json!(call);
            }
            row
        });
        json!({"services": rows.collect::<Vec<_>>()})
    }
}

async fn look(entry: &Entry, id: &RequestId, deep: bool) -> (String, Health) {
    let name = entry.source.name().to_owned();
    if !entry.enabled() {
        return (
            name,
            Health {
                status: Status::Disabled,
                ..Health::not_configured("switched off")
            },
        );
    }
    let (question, timeout) = if deep {
        (entry.source.check(id), CHECK_TIMEOUT)
    } else {
        (entry.source.health(id), HEALTH_TIMEOUT)
    };
    let health = tokio::time::timeout(timeout, question).await;
    (
        name,
        health.unwrap_or_else(|_| Health::bad("did not answer in time")),
    )
}

async fn question(
    source: Arc<dyn Source>,
    deadline: Duration,
    request: Arc<SearchRequest>,
    id: RequestId,
) -> Answer {
    let started = Instant::now();
    let outcome = tokio::time::timeout(deadline, source.search(&request, &id))
        .await
        .unwrap_or_else(|_| {
            let message = format!(
                "{} did not answer within {} ms",
                source.name(),
                deadline.as_millis()
            );
            Err(SourceError::new(Fault::Timeout, message))
        });
    if let Err(error) = &outcome {
        Line::new(Level::Info, "source failed")
            .about(&id)
            .with("source", source.name())
            .with("code", error.fault.code())
            .with("message", &error.message)
            .write();
    }
    Answer {
        name: source.name().to_owned(),
        outcome,
        took_ms: millis(started),
    }
}

/// Writes an answer into the report, except its hits.
fn note(report: &mut Report, answer: Answer) -> Option<Hits> {
    report
        .per_service_time
        .insert(answer.name.clone(), answer.took_ms);
    match answer.outcome {
        Ok(found) => {
            let age = found.age.map(|age| (answer.name.clone(), age));
            report.cached.extend(age);
            report.sources_responded.push(answer.name);
            Some(found.hits)
        }
        Err(error) => {
            report.errors.insert(
                answer.name,
                Failure {
                    code: error.fault.code().into(),
                    message: error.message,
                },
            );
            None
        }
    }
}

fn failed(name: &str, failure: &Failure) -> Progress {
    Progress::new(
        "error",
        &json!({"service": name, "code": failure.code, "message": failure.message}),
    )
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
