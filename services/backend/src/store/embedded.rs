//! Settings and history in one file, for the minimal profile. One process at a time may hold it.

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    WriteTransaction,
};

use super::{Answer, HISTORY_MAX, Remembered, Settings, Store, StoreError, snapshot};
use crate::log::{Level, Line};
use crate::source::Health;

const SETTINGS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("settings");
/// Keyed by user and time in milliseconds.
const HISTORY: TableDefinition<'_, (&str, i64), &[u8]> = TableDefinition::new("history");
/// The default cache is far larger than all that is ever kept here.
const CACHE: usize = 1024 * 1024;

/// The embedded store.
#[derive(Clone)]
pub struct Embedded {
    database: Arc<Database>,
    history_ms: i64,
}

impl Embedded {
    /// Opens or makes `atlas.redb` under `folder`.
    ///
    /// # Errors
    /// A sentence naming `ATLAS_DATA_DIR` and the cause.
    pub fn open(folder: &Path, history_days: u32) -> Result<Self, String> {
        let explain = |cause: &dyn std::fmt::Display| {
            format!(
                "`ATLAS_DATA_DIR` ({}) cannot be used: {cause}; it must be a folder this process may write to",
                folder.display()
            )
        };
        std::fs::create_dir_all(folder).map_err(|error| explain(&error))?;
        let mut builder = Database::builder();
        let database = builder
            .set_cache_size(CACHE)
            .create(folder.join("atlas.redb"))
            .map_err(|error| explain(&error))?;
        let store = Self {
            database: Arc::new(database),
            history_ms: i64::from(history_days) * 86_400_000,
        };
        // Tables exist from here on, so that reading an empty store is not an error.
        store.make_tables().map_err(|error| explain(&error))?;
        if let Err(error) = snapshot::offer(&store.database, folder) {
            let event = "the embedded store cannot be backed up while it serves";
            Line::new(Level::Warn, event)
                .with("cause", error.to_string())
                .write();
        }
        Ok(store)
    }

    fn make_tables(&self) -> Result<(), redb::Error> {
        let write = self.database.begin_write()?;
        write.open_table(SETTINGS)?;
        write.open_table(HISTORY)?;
        write.commit()?;
        Ok(())
    }

    fn read_settings(&self, user: &str) -> Result<Option<Settings>, redb::Error> {
        let table = self.database.begin_read()?.open_table(SETTINGS)?;
        Ok(table
            .get(user)?
            .and_then(|bytes| serde_json::from_slice(bytes.value()).ok()))
    }

    fn write_settings(&self, user: &str, bytes: &[u8]) -> Result<(), redb::Error> {
        let write = self.database.begin_write()?;
        write.open_table(SETTINGS)?.insert(user, bytes)?;
        write.commit()?;
        Ok(())
    }

    fn write_search(
        &self,
        user: &str,
        search: &Remembered,
        bytes: &[u8],
    ) -> Result<(), redb::Error> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(HISTORY)?;
            // Two searches in one millisecond are two searches.
            let mut at = search.at_ms;
            while table.get((user, at))?.is_some() {
                at += 1;
            }
            table.insert((user, at), bytes)?;
            let expired = search.at_ms - self.history_ms;
            table.retain_in((user, i64::MIN)..(user, expired), |_, _| false)?;
            let oldest_kept = table
                .range((user, i64::MIN)..=(user, i64::MAX))?
                .rev()
                .nth(HISTORY_MAX - 1);
            let oldest_kept = oldest_kept.transpose()?.map(|(key, _)| key.value().1);
            if let Some(oldest) = oldest_kept {
                table.retain_in((user, i64::MIN)..(user, oldest), |_, _| false)?;
            }
        }
        write.commit()?;
        Ok(())
    }

    fn read_history(&self, user: &str, limit: usize) -> Result<Vec<Remembered>, redb::Error> {
        let table = self.database.begin_read()?.open_table(HISTORY)?;
        let expired = jiff::Timestamp::now().as_millisecond() - self.history_ms;
        let mut searches = Vec::new();
        for row in table
            .range((user, expired)..=(user, i64::MAX))?
            .rev()
            .take(limit)
        {
            searches.extend(serde_json::from_slice::<Remembered>(row?.1.value()).ok());
        }
        Ok(searches)
    }

    fn delete_history(&self, user: &str) -> Result<u64, redb::Error> {
        let write = self.database.begin_write()?;
        let mut count = 0;
        write
            .open_table(HISTORY)?
            .retain_in((user, i64::MIN)..=(user, i64::MAX), |_, _| {
                count += 1;
                false
            })?;
        write.commit()?;
        Ok(count)
    }

    /// Commits wait for the disk, so they happen off the threads that serve.
    fn run<'a, T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, redb::Error> + Send + 'static,
    ) -> Answer<'a, T> {
        let store = self.clone();
        async move {
            let done = tokio::task::spawn_blocking(move || work(&store)).await;
            match done {
                Ok(outcome) => outcome
                    .map_err(|error| StoreError(format!("the embedded store failed: {error}"))),
                Err(_) => Err(StoreError("the embedded store is shutting down".into())),
            }
        }
        .boxed()
    }
}

/// Copies all tables as they are at this moment; what is written meanwhile is not in the copy.
pub(super) fn copy(source: &Database, target: &Database) -> Result<(), redb::Error> {
    let read = source.begin_read()?;
    let write = target.begin_write()?;
    copy_table(&read, &write, SETTINGS)?;
    copy_table(&read, &write, HISTORY)?;
    write.commit()?;
    Ok(())
}

fn copy_table<K: Key + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'_, K, &[u8]>,
) -> Result<(), redb::Error> {
    let mut copy = to.open_table(table)?;
    for row in from.open_table(table)?.iter()? {
        let (key, value) = row?;
        copy.insert(key.value(), value.value())?;
    }
    Ok(())
}

impl Store for Embedded {
    fn name(&self) -> &'static str {
        "embedded_store"
    }

    fn settings<'a>(&'a self, user: &'a str) -> Answer<'a, Option<Settings>> {
        let user = user.to_owned();
        self.run(move |store| store.read_settings(&user))
    }

    fn put_settings<'a>(&'a self, user: &'a str, settings: Settings) -> Answer<'a, ()> {
        let user = user.to_owned();
        let bytes = serde_json::to_vec(&settings).unwrap_or_default();
        self.run(move |store| store.write_settings(&user, &bytes))
    }

    fn remember<'a>(&'a self, user: &'a str, search: Remembered) -> Answer<'a, ()> {
        let user = user.to_owned();
        let bytes = serde_json::to_vec(&search).unwrap_or_default();
        self.run(move |store| store.write_search(&user, &search, &bytes))
    }

    fn history<'a>(&'a self, user: &'a str, limit: usize) -> Answer<'a, Vec<Remembered>> {
        let user = user.to_owned();
        self.run(move |store| store.read_history(&user, limit))
    }

    fn forget<'a>(&'a self, user: &'a str) -> Answer<'a, u64> {
        let user = user.to_owned();
        self.run(move |store| store.delete_history(&user))
    }

    fn check(&self) -> BoxFuture<'_, Health> {
        let health = match self.read_settings("") {
            Ok(_) => Health::good(),
            Err(error) => Health::bad(format!("the embedded store cannot be read: {error}")),
        };
        std::future::ready(health).boxed()
    }
}
