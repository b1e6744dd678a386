//! Settings and history in MongoDB. The only place that names the driver, besides the check of `MONGO_URL`'s form.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;
use mongodb::bson::{self, Bson, DateTime, Document, doc};
use mongodb::error::{Error, ErrorKind, Result as DriverResult};
use mongodb::options::{ClientOptions, IndexOptions};
use mongodb::{Client, Collection, Database, IndexModel};
use tokio::sync::OnceCell;

use super::{Answer, Remembered, Settings, Store, StoreError};
use crate::log::{Level, Line};
use crate::secret::Secret;
use crate::source::Health;

/// A request must not wait longer than this for a server that is away; health waits a little longer, to learn why.
const SELECTION: Duration = Duration::from_millis(1250);
const CONNECT: Duration = Duration::from_secs(2);
/// `IndexOptionsConflict`: the history is to be kept for another time than before.
const INDEX_OPTIONS_CONFLICT: i32 = 85;

/// The MongoDB store. It connects when first used and again whenever needed.
pub struct Mongo {
    url: Secret,
    database: String,
    history: Duration,
    client: OnceCell<Client>,
    indexed: AtomicBool,
}

impl Mongo {
    /// A store in `database` at `url`; nothing is contacted yet.
    pub fn new(url: Secret, database: String, history_days: u32) -> Self {
        let history = Duration::from_secs(u64::from(history_days) * 86_400);
        Self {
            url,
            database,
            history,
            client: OnceCell::new(),
            indexed: AtomicBool::new(false),
        }
    }

    async fn open(&self) -> DriverResult<Database> {
        // Parsing may look up names (`mongodb+srv`), so it waits until somebody needs the client, and may fail and be tried again.
        let connect = || async {
            let mut options = ClientOptions::parse(self.url.expose()).await?;
            options.app_name.get_or_insert_with(|| "atlas".to_owned());
            options.max_pool_size.get_or_insert(8);
            options.min_pool_size.get_or_insert(0);
            options.max_idle_time.get_or_insert(Duration::from_secs(60));
            options.server_selection_timeout.get_or_insert(SELECTION);
            options.connect_timeout.get_or_insert(CONNECT);
            options.heartbeat_freq.get_or_insert(Duration::from_secs(5));
            Client::with_options(options)
        };
        Ok(self
            .client
            .get_or_try_init(connect)
            .await?
            .database(&self.database))
    }

    async fn settings_collection(&self) -> DriverResult<Collection<Document>> {
        Ok(self.open().await?.collection("settings"))
    }

    async fn history_collection(&self) -> DriverResult<Collection<Document>> {
        Ok(self.open().await?.collection("history"))
    }

    /// Makes the indexes once per process, as soon as the server is there.
    async fn ensure_indexes(&self) -> DriverResult<()> {
        if self.indexed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let database = self.open().await?;
        let history: Collection<Document> = database.collection("history");
        history
            .create_index(
                IndexModel::builder()
                    .keys(doc! {"user_id": 1, "at": -1})
                    .build(),
            )
            .await?;
        let options = IndexOptions::builder().expire_after(self.history).build();
        let expiry = IndexModel::builder()
            .keys(doc! {"at": 1})
            .options(options)
            .build();
        match history.create_index(expiry).await {
            Err(error) if code(&error) == Some(INDEX_OPTIONS_CONFLICT) => {
                let seconds = i64::try_from(self.history.as_secs()).unwrap_or(i64::MAX);
                let index = doc! {"keyPattern": {"at": 1}, "expireAfterSeconds": seconds};
                database
                    .run_command(doc! {"collMod": "history", "index": index})
                    .await?;
            }
            outcome => {
                outcome?;
            }
        }
        self.indexed.store(true, Ordering::Relaxed);
        Line::new(Level::Info, "indexes ready")
            .with("store", "mongodb")
            .write();
        Ok(())
    }

    async fn find_settings(&self, user: &str) -> DriverResult<Option<Settings>> {
        let found = self
            .settings_collection()
            .await?
            .find_one(doc! {"_id": user})
            .await?;
        let settings = found.and_then(|mut document| document.remove("settings"));
        Ok(settings.and_then(|settings| bson::deserialize_from_bson(settings).ok()))
    }

    async fn replace_settings(&self, user: &str, settings: Settings) -> DriverResult<()> {
        let settings: Bson = bson::serialize_to_bson(&settings)?;
        let document = doc! {"_id": user, "settings": settings, "updated_at": DateTime::now()};
        self.settings_collection()
            .await?
            .replace_one(doc! {"_id": user}, document)
            .upsert(true)
            .await?;
        Ok(())
    }

    async fn insert_search(&self, user: &str, search: Remembered) -> DriverResult<()> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let document = doc! {
            "user_id": user,
            "query": search.query,
            "sources": search.sources,
            "results": number(search.results),
            "took_ms": number(search.took_ms),
            "at": DateTime::from_millis(search.at_ms),
        };
        self.history_collection()
            .await?
            .insert_one(document)
            .await?;
        Ok(())
    }

    async fn find_history(&self, user: &str, limit: usize) -> DriverResult<Vec<Remembered>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let newest_first = doc! {"at": -1, "_id": -1};
        let cursor = self
            .history_collection()
            .await?
            .find(doc! {"user_id": user})
            .sort(newest_first)
            .limit(limit)
            .await?;
        let documents: Vec<Document> = cursor.try_collect().await?;
        Ok(documents.iter().filter_map(remembered).collect())
    }
}

fn remembered(document: &Document) -> Option<Remembered> {
    let number =
        |name: &str| u64::try_from(document.get_i64(name).unwrap_or_default()).unwrap_or_default();
    let sources = document.get_array("sources").ok()?;
    Some(Remembered {
        query: document.get_str("query").ok()?.to_owned(),
        sources: sources
            .iter()
            .filter_map(|source| source.as_str().map(str::to_owned))
            .collect(),
        results: number("results"),
        took_ms: number("took_ms"),
        at_ms: document.get_datetime("at").ok()?.timestamp_millis(),
    })
}

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}

/// In a person's words; the driver's own repeat addresses and more.
fn explain(error: &Error) -> String {
    let words = match (error.kind.as_ref(), code(error)) {
        (ErrorKind::Authentication { .. }, _) | (_, Some(18)) => {
            "refused the user name or password in `MONGO_URL`"
        }
        (_, Some(13)) => {
            "wants credentials, or those in `MONGO_URL` lack a permission on the database"
        }
        (
            ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. },
            _,
        ) => "cannot be reached",
        (ErrorKind::DnsResolve { .. }, _) => "has a name in `MONGO_URL` that cannot be looked up",
        _ => "failed",
    };
    format!("MongoDB {words}")
}

fn told<'a, T>(work: impl Future<Output = DriverResult<T>> + Send + 'a) -> Answer<'a, T> {
    work.map(|outcome| outcome.map_err(|error| StoreError(explain(&error))))
        .boxed()
}

impl Store for Mongo {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    fn settings<'a>(&'a self, user: &'a str) -> Answer<'a, Option<Settings>> {
        told(self.find_settings(user))
    }

    fn put_settings<'a>(&'a self, user: &'a str, settings: Settings) -> Answer<'a, ()> {
        told(self.replace_settings(user, settings))
    }

    fn remember<'a>(&'a self, user: &'a str, search: Remembered) -> Answer<'a, ()> {
        told(self.insert_search(user, search))
    }

    fn history<'a>(&'a self, user: &'a str, limit: usize) -> Answer<'a, Vec<Remembered>> {
        told(self.find_history(user, limit))
    }

    fn forget<'a>(&'a self, user: &'a str) -> Answer<'a, u64> {
        told(async move {
            Ok(self
                .history_collection()
                .await?
                .delete_many(doc! {"user_id": user})
                .await?
                .deleted_count)
        })
    }

    /// Reads, rather than pings: a ping succeeds without credentials on a server that will refuse everything else.
    fn check(&self) -> BoxFuture<'_, Health> {
        async move {
            let look = async {
                self.find_settings("").await?;
                self.ensure_indexes().await
            };
            match look.await {
                Ok(()) => Health::good(),
                Err(error) => Health::bad(explain(&error)),
            }
        }
        .boxed()
    }
}
