//! Who changes a store. Stores have no locks of the kernel, so this is a small file that its holder renews:
//!
//! 1. write one of a name of its own, and look at all;
//! 2. if there is another that is not stale, take one's own away: the store is locked;
//! 3. wait a moment and look again, as a slow store may show the other one late.
//!
//! Two that come at once may both give way, and never both go on. One is stale when it was not renewed for 30 minutes by the
//! clock of the store itself, or when its holder was a process of this machine that is no more.

use std::sync::Arc;
use std::time::Duration;

use super::files::Files;
use jiff::Timestamp;

use super::connection::explain;
use super::files::Object;
use super::{LOCK, Own, objects};
use crate::Error;
use crate::repository::holder::{Holder, locked};

/// Renewed so often.
const RENEWAL: Duration = Duration::from_secs(5 * 60);
/// Not renewed for so long, it is stale.
const STALE: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);
/// How long a slow store is given to show another.
const SETTLING: Duration = Duration::from_millis(200);

/// Held until dropped.
#[derive(Debug)]
pub(in crate::repository) struct Lock {
    own: Arc<Own>,
    store: Files,
    name: String,
    renewal: tokio::task::JoinHandle<()>,
}

impl Lock {
    /// Takes the lock of a store, without waiting for another to end.
    pub(super) async fn take(
        own: &Arc<Own>,
        store: &Files,
        place: &str,
        command: &str,
    ) -> Result<Self, Error> {
        let holder = Holder::this(command);
        let started = holder.since.as_nanosecond();
        let name = format!("{LOCK}{}-{}-{started}", holder.host, holder.pid);
        let text = serde_json::to_vec(&holder)
            .map_err(|error| Error::failed("lock", place, error.to_string()))?;
        write(own, store, &name, &text, place).await?;
        // From here on, dropping it takes it away.
        let lock = Self {
            own: own.clone(),
            store: store.clone(),
            renewal: own.spawn(renew(store.clone(), name.clone(), text)),
            name,
        };
        for wait in [Duration::ZERO, SETTLING] {
            let (store, name, at) = (store.clone(), lock.name.clone(), place.to_owned());
            let look = async move {
                tokio::time::sleep(wait).await;
                other(&store, &name, &at).await
            };
            if let Some(other) = own.run(look).await? {
                return Err(locked(place.to_owned(), other));
            }
        }
        Ok(lock)
    }
}

/// Another holder, if there is one that lives; the outer level tells that, the inner one its name.
async fn other(store: &Files, name: &str, place: &str) -> Result<Option<Option<Holder>>, Error> {
    let all = objects(store, place).await?;
    let locks = || all.iter().filter(|object| object.path.starts_with(LOCK));
    let now = locks()
        .find(|object| object.path == name)
        .and_then(|object| object.modified);
    for object in locks().filter(|object| object.path != name) {
        let text = match store.read(&object.path).await {
            Ok(text) => text,
            Err(error) if error.kind() == opendal::ErrorKind::NotFound => continue,
            Err(error) => return Err(explain("lock", place, &error)),
        };
        let holder: Option<Holder> = serde_json::from_slice(&text).ok();
        if is_stale(object, now, holder.as_ref()) {
            let deleted = store.delete(&object.path).await;
            deleted.map_err(|error| explain("unlock", place, &error))?;
        } else {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

fn is_stale(object: &Object, now: Option<Timestamp>, holder: Option<&Holder>) -> bool {
    let old = object.modified.zip(now);
    old.is_some_and(|(then, now)| now.duration_since(then) > STALE)
        || holder.is_some_and(Holder::is_dead)
}

async fn write(
    own: &Own,
    store: &Files,
    name: &str,
    text: &[u8],
    place: &str,
) -> Result<(), Error> {
    let (store, name, place) = (store.clone(), name.to_owned(), place.to_owned());
    let text = text.to_vec();
    own.run(async move {
        let written = store.write(&name, text).await;
        written.map_err(|error| explain("lock", &place, &error))
    })
    .await
}

async fn renew(store: Files, name: String, text: Vec<u8>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // One that fails is made up for by the next; five in a row lose the lock.
        let _ = store.write(&name, text.clone()).await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewal.abort();
        let (store, name) = (self.store.clone(), self.name.clone());
        self.own.last(async move {
            // One that stays is stale when its process has ended.
            let _ = store.delete(&name).await;
        });
    }
}
