//! The gateway's own health. It looks before it speaks: a watcher looks at every dependency about once a second and renders
//! what it found; requests are served that rendering, or wait for a fresh look if it has gone stale.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::{Finder, Shared};
use crate::limit::Limiter;
use crate::log::{Level, Line};
use crate::metrics::Metrics;
use crate::request_id::RequestId;
use crate::server::Shutdown;
use crate::service::describe;
use crate::source::{Health, Status};
use crate::store::Store;

/// The pause between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// A dependency that has not answered by then is away.
const PATIENCE: Duration = Duration::from_millis(1500);
/// A rendering older than this is not served: the watcher must have been held up.
const STALE: Duration = Duration::from_secs(4);

/// The watcher and its latest finding.
pub(super) struct Watch {
    store: Arc<dyn Store>,
    finder: Finder,
    limiter: Arc<Limiter>,
    metrics: Arc<Metrics>,
    latest: RwLock<Option<Arc<Rendered>>>,
    looking: Mutex<()>,
}

struct Rendered {
    at: Instant,
    status: Status,
    body: Bytes,
}

impl Watch {
    /// Starts watching until the shutdown.
    pub(super) fn start(
        store: Arc<dyn Store>,
        finder: Finder,
        limiter: Arc<Limiter>,
        metrics: Arc<Metrics>,
        shutdown: Shutdown,
    ) -> Arc<Self> {
        let watch = Arc::new(Self {
            store,
            finder,
            limiter,
            metrics,
            latest: RwLock::default(),
            looking: Mutex::default(),
        });
        let watcher = watch.clone();
        tokio::spawn(async move {
            let forever = async {
                loop {
                    watcher.look().await;
                    tokio::time::sleep(PERIOD).await;
                }
            };
            tokio::select! { () = forever => {}, () = shutdown.wait() => {} }
        });
        watch
    }

    fn fresh(&self) -> Option<Arc<Rendered>> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        latest
            .as_ref()
            .filter(|rendered| rendered.at.elapsed() < STALE)
            .cloned()
    }

    async fn current(&self) -> Arc<Rendered> {
        if let Some(rendered) = self.fresh() {
            return rendered;
        }
        // One look serves all who wait for it.
        let looking = self.looking.lock().await;
        if let Some(rendered) = self.fresh() {
            return rendered;
        }
        drop(looking);
        self.look().await
    }

    async fn look(&self) -> Arc<Rendered> {
        let _looking = self.looking.lock().await;
        let dependencies = self.dependencies(&RequestId::generate()).await;
        let summary = summarise(&dependencies);
        let mut description = describe("gateway", self.metrics.uptime_seconds(), &summary);
        description.insert(
            "mode".into(),
            if matches!(self.finder, Finder::Near(_)) {
                "minimal"
            } else {
                "full"
            }
            .into(),
        );
        description.insert("dependencies".into(), table(&dependencies));
        let body = Value::Object(description).to_string().into();
        let rendered = Arc::new(Rendered {
            at: Instant::now(),
            status: summary.status,
            body,
        });
        let previous = self
            .latest
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(rendered.clone());
        if previous.is_none_or(|previous| previous.status != summary.status) {
            let level = if summary.status == Status::Healthy {
                Level::Info
            } else {
                Level::Warn
            };
            Line::new(level, "health changed")
                .with("status", summary.status)
                .with("reason", &summary.reason)
                .write();
        }
        rendered
    }

    /// Every dependency, looked at side by side.
    async fn dependencies(&self, id: &RequestId) -> Vec<(&'static str, Health)> {
        let store = tokio::time::timeout(PATIENCE, self.store.check());
        let orchestrator = tokio::time::timeout(PATIENCE, self.finder.health(id));
        let redis = tokio::time::timeout(PATIENCE, self.limiter.check());
        let (store, orchestrator, redis) = futures_util::join!(store, orchestrator, redis);
        let silent = || Health::bad("did not answer in time");
        let mut found = vec![(self.store.name(), store.unwrap_or_else(|_| silent()))];
        found.extend(
            orchestrator
                .unwrap_or_else(|_| Some(silent()))
                .map(|health| ("orchestrator", health)),
        );
        // Without Redis limits are counted in memory, so it may be away.
        let degraded = || Health {
            status: Status::Degraded,
            ..silent()
        };
        found.extend(
            redis
                .unwrap_or_else(|_| Some(degraded()))
                .map(|health| ("redis", health)),
        );
        found
    }
}

fn summarise(dependencies: &[(&str, Health)]) -> Health {
    let of = |status: Status| {
        dependencies
            .iter()
            .filter(move |(_, health)| health.status == status)
            .map(|(name, _)| *name)
    };
    let status = [Status::Unhealthy, Status::Degraded]
        .into_iter()
        .find(|status| of(*status).next().is_some());
    match status {
        Some(status) => Health {
            status,
            ..Health::good_because(format!(
                "not well: {}",
                of(status).collect::<Vec<_>>().join(", ")
            ))
        },
        None => Health::good(),
    }
}

fn table(dependencies: &[(&str, Health)]) -> Value {
    let rows = dependencies.iter().map(|(name, health)| {
        let mut row = json!({"status": health.status});
        if let Some(reason) = &health.reason {
            row["reason"] = json!(reason);
        }
        ((*name).to_owned(), row)
    });
    Value::Object(rows.collect())
}

fn http_status(status: Status) -> StatusCode {
    if status == Status::Unhealthy {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}

/// 200 when the gateway can do its work, 503 when something it needs is away.
pub(super) async fn health(State(gateway): Shared) -> Response {
    let rendered = gateway.watch.current().await;
    let mut response = Response::new(rendered.body.clone().into());
    *response.status_mut() = http_status(rendered.status);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A fresh look at everything, the services included.
pub(super) async fn detailed(
    State(gateway): Shared,
    Extension(id): Extension<RequestId>,
) -> Response {
    let dependencies = gateway.watch.dependencies(&id).await;
    let summary = summarise(&dependencies);
    let mut description: Map<String, Value> =
        describe("gateway", gateway.watch.metrics.uptime_seconds(), &summary);
    description.insert("dependencies".into(), table(&dependencies));
    if let Ok(services) = gateway.finder.check(&id).await {
        description.insert("services".into(), services);
    }
    (http_status(summary.status), Json(description)).into_response()
}
