//! The composition root: turns a role's configuration into running routes. The only place that knows all the parts.

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cache::Cache;
use crate::config::{CacheConfig, Config, NearConfig, OrchestratorConfig, Role, TracesConfig};
use crate::environment::Variables;
use crate::integrations::{self, Near};
use crate::log::{self, Level, Line};
use crate::metrics::Metrics;
use crate::orchestrator::{self, fanout::Fanout, far::Far};
use crate::peer::Peers;
use crate::productivity::Productivity;
use crate::redis_server::RedisServer;
use crate::server::{self, Shutdown};
use crate::source::Source;
use crate::trace::{Exporter, Tracer};
use crate::{front, gateway, service, tls, vendor};

/// Why a role did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no such role.
    #[error("failed to serve `{0}`: there is no such role (there are {list})", list = roles().join(", "))]
    UnknownRole(String),
    /// Variables are wrong; each sentence names one.
    #[error("failed to serve `{role}`: {}", problems.join("; "))]
    Configuration {
        /// Which role.
        role: String,
        /// All problems, never a value.
        problems: Vec<String>,
    },
    /// The port is taken or forbidden.
    #[error("failed to listen on port {port}: {cause}")]
    Listen {
        /// Which port.
        port: u16,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The runtime or its signals could not be set up.
    #[error("failed to start the runtime: {0}")]
    Runtime(std::io::Error),
}

/// The roles this build can play.
pub fn roles() -> &'static [&'static str] {
    static ROLES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let integrations = integrations::ALL.iter().map(|integration| integration.name);
        ["gateway", "orchestrator", "productivity"]
            .into_iter()
            .chain(integrations)
            .collect()
    });
    &ROLES
}

/// Plays `role` with the environment's configuration until SIGTERM or SIGINT.
///
/// # Errors
/// Why it did not start; once it serves, it only ends well.
pub fn serve(role: &str) -> Result<(), ServeError> {
    let config = configure(role, &Variables::of_process())?;
    log::start(role, config.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.workers)
        // Name lookups block; as many may hang as there are services, and must not hold up those of the others.
        .max_blocking_threads(32)
        .thread_keep_alive(Duration::from_secs(5))
        .thread_stack_size(1024 * 1024)
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    let outcome = runtime.block_on(async {
        let port = config.port;
        let listener = TcpListener::bind(("0.0.0.0", port))
            .await
            .map_err(|cause| ServeError::Listen { port, cause })?;
        let (mut term, mut int) = signal(SignalKind::terminate())
            .and_then(|term| Ok((term, signal(SignalKind::interrupt())?)))
            .map_err(ServeError::Runtime)?;
        let stop = async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        };
        serve_on(role, config, listener, stop).await
    });
    // What still blocks (a name lookup, a commit) must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

/// Reads the configuration of `role`.
///
/// # Errors
/// An unknown role, or every problem with its variables.
pub fn configure(role: &str, variables: &Variables) -> Result<Config, ServeError> {
    match Config::read(role, variables) {
        Some(Ok(config)) => Ok(config),
        Some(Err(problems)) => Err(ServeError::Configuration {
            role: role.to_owned(),
            problems,
        }),
        None => Err(ServeError::UnknownRole(role.to_owned())),
    }
}

/// Plays `role` on `listener` until `stop` resolves.
///
/// # Errors
/// What only turns out when parts are put together (certificates, the data folder).
pub async fn serve_on(
    role: &str,
    config: Config,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    tls::install_provider();
    let (trigger, shutdown) = Shutdown::pair();
    let (app, exporter) =
        app(role, config, shutdown.clone()).map_err(|problem| ServeError::Configuration {
            role: role.to_owned(),
            problems: vec![problem],
        })?;
    let address = listener
        .local_addr()
        .map(|address| address.to_string())
        .unwrap_or_default();
    Line::new(Level::Info, "listening")
        .with("role", role)
        .with("address", address)
        .with("version", crate::VERSION)
        .write();
    // The gateway limits by it.
    let running = server::run(listener, app, role == "gateway", shutdown);
    tokio::pin!(running);
    tokio::select! {
        () = &mut running => {}
        () = stop => {
            Line::new(Level::Info, "stopping").write();
            trigger.stop();
            running.await;
        }
    }
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    Line::new(Level::Info, "stopped").write();
    Ok(())
}

/// The whole router of a role, and what exports its traces.
///
/// # Errors
/// Those of [`serve_on`].
pub(crate) fn app(
    role: &str,
    config: Config,
    shutdown: Shutdown,
) -> Result<(Router, Option<Exporter>), String> {
    let metrics = Arc::new(Metrics::new(role));
    let http = vendor::http_client(config.ca_file.as_deref())?;
    let (tracer, exporter) = tracer(config.traces, &http, &metrics);
    let peers = || Peers::new(config.ca_file.as_deref());
    let routes = match config.role {
        Role::Integration(near, cache) => {
            let source = near_source(near, &http, &metrics, kept(&cache)?);
            service::routes(source, metrics.clone())
        }
        Role::Productivity(config) => {
            service::routes(Arc::new(Productivity::start(config)?), metrics.clone())
        }
        Role::Orchestrator(config) => orchestrator::routes(
            far_fanout(config, &http, &peers()?, &metrics)?,
            metrics.clone(),
            shutdown,
        ),
        Role::Gateway(config) => {
            gateway::routes(*config, http, peers()?, metrics.clone(), shutdown)?
        }
    };
    Ok((front::wrap(routes, metrics, tracer), exporter))
}

fn tracer(
    config: TracesConfig,
    http: &Client,
    metrics: &Arc<Metrics>,
) -> (Tracer, Option<Exporter>) {
    let export = config.export;
    let (recorder, exporter) = export
        .map(|export| Exporter::start(export, http.clone(), metrics.clone()))
        .unzip();
    (Tracer::new(config.sampler, recorder), exporter)
}

fn near_source(
    config: NearConfig,
    http: &Client,
    metrics: &Arc<Metrics>,
    cache: Option<Arc<Cache>>,
) -> Arc<dyn Source> {
    Arc::new(Near::new(
        config.integration,
        &config.account,
        http.clone(),
        metrics.clone(),
        config.budget,
        cache,
    ))
}

/// A fan-out over integrations in this process: the minimal profile.
pub(crate) fn near_fanout(
    configs: Vec<NearConfig>,
    http: &Client,
    metrics: &Arc<Metrics>,
    cache: Option<&Arc<Cache>>,
) -> Fanout {
    let sources = configs
        .into_iter()
        .map(|config| asked_near(config, http, metrics, cache.cloned()));
    Fanout::new(sources.collect(), &[])
}

/// A source in this process and its deadline. It keeps its own budget; the deadline only guards against one that does not.
fn asked_near(
    config: NearConfig,
    http: &Client,
    metrics: &Arc<Metrics>,
    cache: Option<Arc<Cache>>,
) -> (Arc<dyn Source>, Duration) {
    let deadline = config.budget + Duration::from_millis(250);
    (near_source(config, http, metrics, cache), deadline)
}

/// Where results are kept, if they are.
fn kept(config: &CacheConfig) -> Result<Option<Arc<Cache>>, String> {
    let redis = config.redis_url.as_ref().map(RedisServer::new);
    let redis = redis.transpose()?.map(Arc::new);
    Ok(Cache::new(config.life, redis))
}

fn far_fanout(
    config: OrchestratorConfig,
    http: &Client,
    peers: &Peers,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Fanout>, String> {
    let mut sources = Vec::new();
    for service in &config.services {
        let (peers, metrics) = (peers.clone(), metrics.clone());
        let far = Far::new(&service.name, &service.url, peers, metrics)?;
        sources.push((Arc::new(far) as Arc<dyn Source>, service.deadline));
    }
    let web = config.web.map(|(web, cache)| {
        let cache = kept(&cache)?;
        Ok::<_, String>(asked_near(web, http, metrics, cache))
    });
    sources.extend(web.transpose()?);
    Ok(Arc::new(Fanout::new(sources, &config.disabled)))
}
