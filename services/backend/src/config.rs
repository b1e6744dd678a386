//! Every variable, its meaning and its default. Reads [`Variables`], never the environment; reports all problems at once,
//! each naming its variable and never its value.

pub mod cors;
mod productivity;
mod reader;
mod traces;

use std::path::PathBuf;
use std::time::Duration;

use crate::environment::Variables;
use crate::integrations::{self, Account, Integration, web};
use crate::log::Level;
use crate::productivity::extract::Extractor;
use crate::productivity::folder::Folder;
use crate::seal;
use crate::secret::Secret;
use crate::trace::{ExportConfig, Sampler};
use cors::Origins;
use reader::Reader;

/// Longest deadline: below the 30 seconds after which `front` gives up on a handler.
const TIMEOUT_MAX_MS: u64 = 25_000;
/// The integrations that the gateway answers for itself when there is no orchestrator, as `answers_for` of its catalogue
/// entry says. The others would send queries to parties nobody chose (DevTools needs no credentials).
const MINIMAL: [&str; 2] = ["confluence", "jira"];

/// What a process of one role needs to know.
pub struct Config {
    /// Where it listens, on all addresses (`PORT`).
    pub port: u16,
    /// How much it says (`LOG_LEVEL`).
    pub log_level: Level,
    /// Further certificates to trust (`SSL_CERT_FILE`).
    pub ca_file: Option<PathBuf>,
    /// Threads that serve requests (`ATLAS_WORKERS`).
    pub workers: usize,
    /// What is done with traces (`OTEL_…`).
    pub traces: TracesConfig,
    /// What is particular to the role.
    pub role: Role,
}

/// Traces.
pub struct TracesConfig {
    /// Which are recorded (`OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`).
    pub sampler: Sampler,
    /// Where they go, if anywhere (`OTEL_EXPORTER_OTLP_ENDPOINT`).
    pub export: Option<ExportConfig>,
}

/// The roles and what each needs to know.
pub enum Role {
    /// One vendor.
    Integration(NearConfig, CacheConfig),
    /// Local folders.
    Productivity(ProductivityConfig),
    /// Fan-out over services.
    Orchestrator(OrchestratorConfig),
    /// The public API.
    Gateway(Box<GatewayConfig>),
}

/// An integration in this process.
pub struct NearConfig {
    /// Which.
    pub integration: &'static Integration,
    /// Its variables.
    pub account: Account,
    /// Time for one search, retries and pages included (`VENDOR_TIMEOUT_MS`).
    pub budget: Duration,
}

/// Results that are kept for a while.
pub struct CacheConfig {
    /// For how long; 0 means not at all (`CACHE_TTL_SECONDS`).
    pub life: Duration,
    /// Where; in memory if absent (`REDIS_URL`).
    pub redis_url: Option<Secret>,
}

/// Search over local folders.
pub struct ProductivityConfig {
    /// What is searched (`PRODUCTIVITY_FOLDERS`).
    pub folders: Vec<Folder>,
    /// Where the index is kept (`PRODUCTIVITY_INDEX`).
    pub index: PathBuf,
    /// Names of files and folders that are left out (`PRODUCTIVITY_EXCLUDE`).
    pub exclude: Vec<String>,
    /// Time between two looks at the folders (`PRODUCTIVITY_RESCAN_SECONDS`).
    pub rescan: Duration,
    /// What reads files, up to `PRODUCTIVITY_MAX_FILE_MB`.
    pub extractor: Extractor,
    /// Time for one search (`VENDOR_TIMEOUT_MS`).
    pub budget: Duration,
}

/// A service somewhere else.
pub struct FarConfig {
    /// From `<NAME>_SERVICE_URL`, lower case, `_` becomes `-`.
    pub name: String,
    /// Its value, without a trailing slash.
    pub url: String,
    /// `<NAME>_TIMEOUT_MS`, else `SERVICE_TIMEOUT_MS`.
    pub deadline: Duration,
}

/// The orchestrator.
pub struct OrchestratorConfig {
    /// In the order of their names.
    pub services: Vec<FarConfig>,
    /// The web, if it is searched (`WEB_SEARCH_PROVIDER`), and how long its results are kept.
    pub web: Option<(NearConfig, CacheConfig)>,
    /// Switched off at the start (`DISABLED_SERVICES`).
    pub disabled: Vec<String>,
}

/// Where the gateway's searches go.
pub enum SearchConfig {
    /// To the orchestrator at this address (`ORCHESTRATOR_URL`).
    Orchestrator(String),
    /// To the integrations in this process: the minimal profile. Their results are kept for so long (`CACHE_TTL_SECONDS`).
    Near(Vec<NearConfig>, Duration),
}

/// Where settings and history are kept.
pub enum StoreConfig {
    /// In MongoDB.
    Mongo {
        /// `MONGO_URL`.
        url: Secret,
        /// `DB_NAME`.
        database: String,
    },
    /// In a file under this folder (`ATLAS_DATA_DIR`).
    Embedded(PathBuf),
}

/// The gateway.
pub struct GatewayConfig {
    /// Settings and history.
    pub store: StoreConfig,
    /// Days a search is remembered (`HISTORY_DAYS`).
    pub history_days: u32,
    /// Where limits are counted and results kept; in memory if absent (`REDIS_URL`).
    pub redis_url: Option<Secret>,
    /// Requests a client may make per minute; 0 means no limit (`RATE_LIMIT_PER_MINUTE`).
    pub rate_per_minute: u32,
    /// Whether this is production (`ATLAS_ENV`).
    pub production: bool,
    /// Whether a proxy in front says who the client is (`ATLAS_TRUST_PROXY`).
    pub trust_proxy: bool,
    /// Who may call from a browser (`CORS_ORIGINS`).
    pub origins: Origins,
    /// What callers must show (`ATLAS_API_KEY`).
    pub api_key: Option<Secret>,
    /// What secret settings are sealed with (`ATLAS_SECRET_KEY`).
    pub secret_key: Option<Secret>,
    /// Where searches go.
    pub search: SearchConfig,
}

impl Config {
    /// Reads what the role of that name needs; `None` for a role there is not.
    ///
    /// # Errors
    /// Every problem there is, one sentence each.
    pub fn read(role_name: &str, variables: &Variables) -> Option<Result<Self, Vec<String>>> {
        let mut reader = Reader::new(variables);
        let (port, role) = match role_name {
            "gateway" => (8001, Role::Gateway(Box::new(gateway(&mut reader)))),
            "orchestrator" => (8002, Role::Orchestrator(orchestrator(&mut reader))),
            "productivity" => (
                8026,
                Role::Productivity(productivity::productivity(&mut reader)),
            ),
            name => {
                let integration = integrations::ALL
                    .iter()
                    .find(|integration| integration.name == name)?;
                let near = near(&mut reader, integration);
                let cache = cache(&mut reader);
                (integration.port, Role::Integration(near, cache))
            }
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let config = Self {
            port: reader.number("PORT", port, 0..=u16::MAX),
            log_level: reader.named(
                "LOG_LEVEL",
                Level::Info,
                Level::named,
                "one of debug, info, warn, error",
            ),
            ca_file: variables.get("SSL_CERT_FILE").map(PathBuf::from),
            // A small pool keeps an idle service under ten megabytes; one thread serves tens of thousands of requests.
            workers: reader.number("ATLAS_WORKERS", processors.min(2), 1..=64),
            traces: traces::traces(&mut reader, role_name),
            role,
        };
        Some(reader.finish(config))
    }
}

fn gateway(reader: &mut Reader<'_>) -> GatewayConfig {
    let production = reader.named(
        "ATLAS_ENV",
        false,
        environment_kind,
        "`production` or `development`",
    );
    let store = match reader.mongo_url("MONGO_URL") {
        Some((url, default_database)) => StoreConfig::Mongo {
            url,
            database: reader
                .text("DB_NAME")
                .or(default_database)
                .unwrap_or_else(|| "atlas_ai".to_owned()),
        },
        None => StoreConfig::Embedded(
            reader
                .text("ATLAS_DATA_DIR")
                .unwrap_or_else(|| "/data".to_owned())
                .into(),
        ),
    };
    let search = match reader.url("ORCHESTRATOR_URL") {
        Some(url) => SearchConfig::Orchestrator(url),
        None => {
            let minimal = integrations::ALL
                .iter()
                .filter(|integration| MINIMAL.contains(&integration.name));
            let mut sources: Vec<NearConfig> = minimal
                .map(|integration| near(reader, integration))
                .collect();
            sources.extend(web(reader));
            SearchConfig::Near(sources, cache_life(reader))
        }
    };
    GatewayConfig {
        store,
        history_days: reader.number("HISTORY_DAYS", 90, 1..=3650),
        redis_url: reader.redis_url("REDIS_URL"),
        rate_per_minute: reader.number("RATE_LIMIT_PER_MINUTE", 120, 0..=1_000_000),
        production,
        trust_proxy: reader.flag("ATLAS_TRUST_PROXY"),
        origins: reader.checked("CORS_ORIGINS", |value| Origins::parse(value, production)),
        api_key: reader.own_secret("ATLAS_API_KEY", 1),
        secret_key: reader.own_secret("ATLAS_SECRET_KEY", seal::SECRET_MIN),
        search,
    }
}

fn environment_kind(name: &str) -> Option<bool> {
    match name.to_ascii_lowercase().as_str() {
        "production" => Some(true),
        "development" => Some(false),
        _ => None,
    }
}

fn orchestrator(reader: &mut Reader<'_>) -> OrchestratorConfig {
    let default = reader.number("SERVICE_TIMEOUT_MS", 10_000, 1..=TIMEOUT_MAX_MS);
    let services = reader.services("_SERVICE_URL");
    let services = services.into_iter().map(|(prefix, url)| FarConfig {
        name: prefix.to_lowercase().replace('_', "-"),
        url,
        deadline: Duration::from_millis(reader.number(
            &format!("{prefix}_TIMEOUT_MS"),
            default,
            1..=TIMEOUT_MAX_MS,
        )),
    });
    let services: Vec<FarConfig> = services.collect();
    let web = web(reader);
    if web.is_some() && services.iter().any(|service| service.name == web::NAME) {
        let problem =
            "`WEB_SEARCH_PROVIDER` and `WEB_SERVICE_URL` both name a source `web`; keep one";
        reader.report(problem.to_owned());
    }
    let disabled = reader.text("DISABLED_SERVICES").unwrap_or_default();
    let disabled = disabled
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty());
    OrchestratorConfig {
        services,
        web: web.map(|web| (web, cache(reader))),
        disabled: disabled.collect(),
    }
}

/// The web as a source; without a provider nothing is sent to anybody.
fn web(reader: &mut Reader<'_>) -> Option<NearConfig> {
    let named = |name: &str| {
        let mut providers = web::PROVIDERS.iter();
        let row = providers.find(|(provider, _)| provider.eq_ignore_ascii_case(name))?;
        Some(Some(&row.1))
    };
    let must_be = "one of searxng, brave, duckduckgo";
    let provider = reader.named("WEB_SEARCH_PROVIDER", None, named, must_be)?;
    Some(near(reader, provider))
}

fn near(reader: &mut Reader<'_>, integration: &'static Integration) -> NearConfig {
    let mut account = Account::default();
    for name in integration.variables.iter().copied() {
        match reader.credential(name) {
            Some(value) => {
                account.values.insert(name, value);
            }
            None => account.missing.push(name),
        }
    }
    for name in integration.optional.iter().copied() {
        account
            .values
            .extend(reader.credential(name).map(|value| (name, value)));
    }
    NearConfig {
        integration,
        account,
        budget: budget(reader),
    }
}

fn budget(reader: &mut Reader<'_>) -> Duration {
    Duration::from_millis(reader.number("VENDOR_TIMEOUT_MS", 8_000, 1..=TIMEOUT_MAX_MS))
}

fn cache(reader: &mut Reader<'_>) -> CacheConfig {
    CacheConfig {
        life: cache_life(reader),
        redis_url: reader.redis_url("REDIS_URL"),
    }
}

fn cache_life(reader: &mut Reader<'_>) -> Duration {
    Duration::from_secs(reader.number("CACHE_TTL_SECONDS", 60, 0..=86_400))
}
