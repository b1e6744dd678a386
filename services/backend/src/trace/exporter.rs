//! Brings spans to a collector, in batches, beside the requests: what does not fit into the queue is dropped and counted.
//!
//! OTLP over HTTP: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::otlp;
use super::span::Record;
use crate::log::{Level, Line};
use crate::metrics::Metrics;
use crate::secret::Secret;
use crate::server::{Shutdown, Trigger};

/// Spans that wait; the default of OpenTelemetry's own exporters.
const QUEUE: usize = 2048;
/// Spans of one request to the collector; the same.
const BATCH: usize = 512;
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same at the end of the service, for all that is left.
const FAREWELL: Duration = Duration::from_millis(500);
/// Tries of one batch, the first included; the pause between them doubles.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Where spans go and how.
pub struct ExportConfig {
    /// The address that takes them, path included.
    pub endpoint: String,
    /// Headers to send, which may hold a key.
    pub headers: Vec<(HeaderName, Secret)>,
    /// What is said of the service, by the names of
    /// <https://opentelemetry.io/docs/specs/semconv/resource/>.
    pub resource: Vec<(String, String)>,
    /// Longest time a span waits for others.
    pub delay: Duration,
}

/// Takes spans.
#[derive(Clone)]
pub struct Recorder {
    queue: Sender<Record>,
    metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// Never waits.
    pub(super) fn record(&self, record: Record) {
        if self.queue.try_send(record).is_err() {
            self.metrics.spans("dropped", 1);
        }
    }
}

/// The running export.
pub struct Exporter {
    stop: Trigger,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Starts exporting; what is given to the recorder goes to the collector.
    pub fn start(config: ExportConfig, http: Client, metrics: Arc<Metrics>) -> (Recorder, Self) {
        let (queue, waiting) = channel(QUEUE);
        let (stop, stopped) = Shutdown::pair();
        let delivery = Delivery {
            config,
            http,
            metrics: metrics.clone(),
            waiting,
            works: true,
        };
        let task = tokio::spawn(delivery.run(stopped));
        (Recorder { queue, metrics }, Self { stop, task })
    }

    /// Brings what is left, if the collector takes it quickly.
    pub async fn finish(self) {
        self.stop.stop();
        let _ = self.task.await;
    }
}

/// Why a batch was not taken.
enum Refusal {
    /// It may be taken later.
    Away(String),
    /// It will never be taken.
    Final(String),
}

struct Delivery {
    config: ExportConfig,
    http: Client,
    metrics: Arc<Metrics>,
    waiting: Receiver<Record>,
    works: bool,
}

impl Delivery {
    async fn run(mut self, stopped: Shutdown) {
        let mut stop = pin!(stopped.wait());
        let mut batch = Vec::new();
        let end = loop {
            tokio::select! {
                () = self.collect(&mut batch) => {}
                () = &mut stop => break Instant::now() + FAREWELL,
            }
            let end = {
                let mut delivery = pin!(self.deliver(&batch));
                tokio::select! {
                    () = &mut delivery => None,
                    // What is on its way is not sent twice.
                    () = &mut stop => {
                        let end = Instant::now() + FAREWELL;
                        let ended = tokio::time::timeout_at(end, delivery).await;
                        Some((end, ended.is_ok()))
                    }
                }
            };
            if let Some((_, false)) = end {
                self.count("dropped", &batch);
            }
            batch.clear();
            if let Some((end, _)) = end {
                break end;
            }
        };
        self.deliver_rest(batch, end).await;
    }

    async fn deliver_rest(&mut self, mut batch: Vec<Record>, end: Instant) {
        while let Ok(record) = self.waiting.try_recv() {
            batch.push(record);
        }
        if !batch.is_empty() {
            let sent = tokio::time::timeout_at(end, self.send(&batch)).await;
            let sent = sent.is_ok_and(|sent| sent.is_ok());
            self.count(if sent { "exported" } else { "dropped" }, &batch);
        }
    }

    /// Waits for a span, and then a while for others.
    async fn collect(&mut self, batch: &mut Vec<Record>) {
        batch.push(next(&mut self.waiting).await);
        let rest = async {
            while batch.len() < BATCH {
                batch.push(next(&mut self.waiting).await);
            }
        };
        let _ = tokio::time::timeout(self.config.delay, rest).await;
    }

    async fn deliver(&mut self, batch: &[Record]) {
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            let reason = match self.send(batch).await {
                Ok(()) => {
                    self.found(None);
                    return self.count("exported", batch);
                }
                Err(Refusal::Final(reason)) => {
                    self.found(Some(reason));
                    break;
                }
                Err(Refusal::Away(reason)) => reason,
            };
            self.found(Some(reason));
            if attempt < TRIES {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        self.count("dropped", batch);
    }

    async fn send(&self, batch: &[Record]) -> Result<(), Refusal> {
        let body = otlp::request(&self.config.resource, batch).to_string();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &self.config.headers {
            let value = HeaderValue::from_str(value.expose()).map(|mut value| {
                value.set_sensitive(true);
                value
            });
            headers.extend(value.ok().map(|value| (name.clone(), value)));
        }
        let request = self.http.post(&self.config.endpoint).headers(headers);
        let response = request.timeout(PATIENCE).body(body).send().await;
        let response = response.map_err(|error| {
            let what = if error.is_timeout() {
                "the collector did not answer in time"
            } else {
                "the collector cannot be reached"
            };
            Refusal::Away(what.to_owned())
        })?;
        let status = response.status();
        // Read to its end, so that the connection serves the next batch.
        let _ = response.bytes().await;
        let reason = format!("the collector answered with HTTP {}", status.as_u16());
        match status.as_u16() {
            200..=299 => Ok(()),
            429 | 502..=504 => Err(Refusal::Away(reason)),
            _ => Err(Refusal::Final(reason)),
        }
    }

    /// One line when it changes, not one for each batch.
    fn found(&mut self, trouble: Option<String>) {
        let works = trouble.is_none();
        if works == self.works {
            return;
        }
        self.works = works;
        match trouble {
            None => Line::new(Level::Info, "traces are delivered again").write(),
            Some(reason) => Line::new(Level::Warn, "traces are not delivered")
                .with("reason", reason)
                .write(),
        }
    }

    fn count(&self, outcome: &'static str, batch: &[Record]) {
        self.metrics.spans(outcome, batch.len() as u64);
    }
}

async fn next(waiting: &mut Receiver<Record>) -> Record {
    match waiting.recv().await {
        Some(record) => record,
        // Nobody records any more; the end comes from elsewhere.
        None => std::future::pending().await,
    }
}
