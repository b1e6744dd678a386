//! Fire drills: a backup is restored into a server that lives for nothing else, of the image that the project runs, without a published port; always
//! removed, and what a killed run left behind with them. Owns the servers; what is compared in MongoDB is the caller's.

use std::io::Read;
use std::time::Duration;

use atlas_backup::mongo::{Cancel, Connection};
use atlas_backup::rdb::Rdb;
use atlas_backup::{Error, Kind};

use super::{reach, redis, until};
use crate::engines::Engine;
use crate::engines::docker::{DockerEngine, FileFacts, Throwaway};

/// How long a new server may take to answer.
const START: Duration = Duration::from_secs(120);

/// Hands a connection to a new, empty MongoDB of `image` to `work`.
///
/// # Errors
/// Those of `work`; the server cannot be made, does not answer, or cannot be removed; the work was interrupted.
pub async fn mongodb<T>(
    engine: &DockerEngine,
    image: &str,
    cancel: &Cancel,
    work: impl AsyncFnOnce(Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    engine.sweep_throwaways().await?;
    let wanted = Throwaway {
        purpose: "drill-mongodb",
        image: image.to_owned(),
        network: true,
        ..Throwaway::default()
    };
    let drill = async |container: &str| {
        engine.start(container).await?;
        let answers = async || {
            lives(engine, container, "MongoDB").await?;
            match reach::unguarded(engine, container).await {
                Ok(connection) => Ok(Some(connection)),
                Err(error) if error.kind == Kind::Unreachable && engine.is_local() => Ok(None),
                Err(error) => Err(error),
            }
        };
        let connection = until(("start", "a throwaway MongoDB"), START, cancel, answers).await?;
        work(connection).await
    };
    engine.with_throwaway(&wanted, drill).await
}

/// Starts a Redis of `image` with a snapshot; returns what was seen.
///
/// # Errors
/// [`Kind::Damaged`] when it has other keys than the snapshot; it cannot be made or does not load it; the work was interrupted.
pub async fn redis(
    engine: &DockerEngine,
    image: &str,
    rdb: &Rdb,
    snapshot: impl Read + Send + 'static,
    cancel: &Cancel,
) -> Result<Vec<String>, Error> {
    engine.sweep_throwaways().await?;
    let command = ["redis-server", "--appendonly", "no", "--save", ""];
    let wanted = Throwaway {
        purpose: "drill-redis",
        image: image.to_owned(),
        command: Some(command.map(str::to_owned).to_vec()),
        ..Throwaway::default()
    };
    let drill = async |container: &str| {
        let owner = engine.facts(container, "/data").await?;
        let facts = FileFacts {
            mode: 0o600,
            size: rdb.bytes,
            ..owner
        };
        engine
            .put(container, "/data", "dump.rdb", &facts, snapshot)
            .await?;
        engine.start(container).await?;
        let found = redis::loaded_by(engine, container, cancel, async || {
            lives(engine, container, "Redis").await
        });
        let found = found.await?;
        redis::agree("redis.rdb", rdb, found)?;
        Ok(vec![format!("{image} loaded {found} of {} keys", rdb.keys)])
    };
    engine.with_throwaway(&wanted, drill).await
}

/// A server that has ended will not answer any more; its last words tell why.
async fn lives(engine: &DockerEngine, container: &str, what: &str) -> Result<(), Error> {
    if engine.look(container).await?.running {
        return Ok(());
    }
    let last = engine.tail(container, 3).await.join("; ");
    let cause = format!("it ended at once: {last}");
    Err(Error::failed("start", format!("a throwaway {what}"), cause))
}
