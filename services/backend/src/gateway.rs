//! The public API under `/api`. Owns the routes and their order of guards: CORS, limit, key, handler.

mod cors;
mod finder;
mod guard;
mod health;
mod history;
mod person;
mod search;
pub mod settings;

use std::sync::Arc;

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::cache::Cache;
use crate::config::{GatewayConfig, SearchConfig, StoreConfig};
use crate::limit::Limiter;
use crate::log::{Level, Line};
use crate::metrics::Metrics;
use crate::openapi;
use crate::peer::Peers;
use crate::problem::Problem;
use crate::redis_server::RedisServer;
use crate::request_id::RequestId;
use crate::roles;
use crate::seal::Sealer;
use crate::server::Shutdown;
use crate::store::Store;
use crate::store::embedded::Embedded;
use crate::store::mongo::Mongo;
use finder::Finder;
use health::Watch;

/// What the handlers share.
struct Gateway {
    finder: Finder,
    store: Arc<dyn Store>,
    sealer: Option<Sealer>,
    watch: Arc<Watch>,
    shutdown: Shutdown,
}

type Shared = State<Arc<Gateway>>;

/// The routes of the gateway.
///
/// # Errors
/// A sentence naming the variable whose value turned out unusable.
pub fn routes(
    config: GatewayConfig,
    http: reqwest::Client,
    peers: Peers,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
) -> Result<Router, String> {
    warn(&config);
    let store: Arc<dyn Store> = match config.store {
        StoreConfig::Mongo { url, database } => {
            Arc::new(Mongo::new(url, database, config.history_days))
        }
        StoreConfig::Embedded(folder) => Arc::new(Embedded::open(&folder, config.history_days)?),
    };
    let redis = config
        .redis_url
        .as_ref()
        .map(RedisServer::new)
        .transpose()?;
    let redis = redis.map(Arc::new);
    let finder = match config.search {
        SearchConfig::Orchestrator(url) => Finder::orchestrator(&url, peers, metrics.clone())?,
        SearchConfig::Near(near, life) => {
            let cache = Cache::new(life, redis.clone());
            let fanout = roles::near_fanout(near, &http, &metrics, cache.as_ref());
            Finder::Near(Arc::new(fanout))
        }
    };
    let limiter = Arc::new(Limiter::new(config.rate_per_minute, redis));
    let watch = Watch::start(
        store.clone(),
        finder.clone(),
        limiter.clone(),
        metrics,
        shutdown.clone(),
    );
    let sealer = config.secret_key.as_ref().map(Sealer::new);
    let gateway = Arc::new(Gateway {
        finder,
        store,
        sealer,
        watch,
        shutdown,
    });
    let guard = Arc::new(guard::Guard {
        limiter,
        api_key: config.api_key,
        trust_proxy: config.trust_proxy,
    });

    let routes = open().merge(guarded().layer(from_fn_with_state(guard, guard::pass)));
    let cors = from_fn_with_state(Arc::new(config.origins), cors::pass);
    Ok(routes.with_state(gateway).layer(cors))
}

/// What a production that was set up in a hurry should hear.
fn warn(config: &GatewayConfig) {
    if config.origins.is_wide() {
        let event = "CORS_ORIGINS holds a wildcard; production will refuse it";
        Line::new(Level::Warn, event).write();
    }
    if config.production && config.api_key.is_none() {
        let event = "ATLAS_API_KEY is not set; everybody who can reach the gateway may use it";
        Line::new(Level::Warn, event).write();
    }
}

/// Probes and readers show no key and are not limited; what they get holds no secret and costs nothing.
fn open() -> Router<Arc<Gateway>> {
    openapi::routes("gateway")
        .route("/api/health", get(health::health))
        .route("/health", get(health::health))
}

fn guarded() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/api", get(index))
        .route("/api/", get(index))
        .route("/api/health/detailed", get(health::detailed))
        .route("/health/detailed", get(health::detailed))
        .route("/api/services", get(services))
        .route("/api/search", post(search::search))
        .route("/api/search/stream", post(search::stream))
        .route(
            "/api/settings/{user_id}",
            get(settings::get).put(settings::put),
        )
        .route(
            "/api/history/{user_id}",
            get(history::get).delete(history::delete),
        )
}

async fn index() -> Json<Value> {
    Json(json!({
        "name": "Atlas AI",
        "service": "gateway",
        "version": crate::VERSION,
        "endpoints": ["/api/health", "/api/services", "/api/search", "/api/search/stream", "/api/settings/{user_id}", "/api/history/{user_id}", "/api/openapi.json", "/api/docs"],
    }))
}

async fn services(
    State(gateway): Shared,
    Extension(id): Extension<RequestId>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(gateway.finder.services(&id).await?))
}
