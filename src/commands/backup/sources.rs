//! Where the data of a backup is: at an address that was given, or in the stores of the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atlas_backup::mongo::Connection;

use super::place::Place;
use super::secret;
use crate::app::App;
use crate::backup::reach;
use crate::backup::source::{self, Embedded, Held, Mongo};
use crate::cli::backup::{Engine as Reader, Part};
use crate::engines::Engine;
use crate::engines::docker::DockerEngine;
use crate::error::Error;
use crate::event::Event;
use crate::exit::Exit;

/// What can be asked for its data.
#[derive(Default)]
pub(super) struct Sources {
    /// The engine whose containers hold it.
    pub(super) engine: Option<Arc<DockerEngine>>,
    pub(super) mongodb: Option<Database>,
    pub(super) redis: Option<Held>,
    pub(super) embedded: Option<Embedded>,
    /// What was asked for and cannot be asked, with the reason.
    pub(super) missing: BTreeMap<String, String>,
    /// For copies that are looked at before they go anywhere.
    pub(super) scratch: PathBuf,
}

/// A MongoDB, and how it is read.
pub(super) enum Database {
    /// Over the network, by this process.
    Native(Connection),
    /// By the mongodump of its own container.
    Stock(Mongo, Connection),
}

impl Database {
    pub(super) fn connection(&self) -> &Connection {
        match self {
            Self::Native(connection) | Self::Stock(_, connection) => connection,
        }
    }
}

/// What is wanted of them.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub(super) address: Option<&'a Path>,
    pub(super) only: &'a [Part],
    pub(super) reader: Reader,
}

impl Wanted<'_> {
    fn takes(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Finds and reaches what is wanted.
pub(super) async fn find(
    app: &App,
    place: &Place<'_>,
    wanted: &Wanted<'_>,
) -> Result<Sources, Error> {
    if let Some(file) = wanted.address {
        let connection = Connection::open(&address(file)?).await?;
        return Ok(Sources {
            mongodb: Some(Database::Native(connection)),
            ..Sources::default()
        });
    }
    let engine = app.engine(None).await?;
    let observed = engine.observe(&place.project, None).await?;
    let deployment = app.known(&place.inputs, &observed).ok_or_else(|| {
        Error::failed("failed to find the data of the project: its configuration cannot be read")
            .hint("`atlas plan` says what is wrong with it; --uri-file backs up a MongoDB without a project")
    })?;
    let found = source::find(&deployment, &observed);
    let mut sources = Sources {
        redis: found.redis.filter(|_| wanted.takes(Part::Redis)),
        embedded: found.embedded.filter(|_| wanted.takes(Part::Embedded)),
        missing: found.missing,
        scratch: place.scratch()?,
        ..Sources::default()
    };
    sources.missing.retain(|name, _| {
        wanted.takes(match name.as_str() {
            "mongodb" => Part::Mongodb,
            "redis" => Part::Redis,
            _ => Part::Embedded,
        })
    });
    if let (Some(Mongo::External { .. }), true) = (&found.mongodb, wanted.only.is_empty()) {
        // A Redis of somebody else's is no part of ours; that it is left out is said, and is no failure of every night.
        if let Some(reason) = sources.missing.remove("redis") {
            let text = format!("Redis is left out: {reason}");
            app.reporter().report(Event::Warning { text });
        }
    }
    if let Some(mongo) = found.mongodb.filter(|_| wanted.takes(Part::Mongodb)) {
        match reached(&engine, mongo, wanted.reader).await {
            Ok(database) => sources.mongodb = Some(database),
            Err(error) => {
                // Alone it is the failure; beside others it is what is missing.
                if sources.redis.is_none() && sources.embedded.is_none() {
                    return Err(error.into());
                }
                sources
                    .missing
                    .insert("mongodb".to_owned(), error.to_string());
            }
        }
    }
    sources.engine = Some(Arc::new(engine));
    match sources.mongodb.is_none() && sources.redis.is_none() && sources.embedded.is_none() {
        false => Ok(sources),
        true => Err(nothing(&sources.missing)),
    }
}

fn nothing(missing: &BTreeMap<String, String>) -> Error {
    let reasons = missing
        .iter()
        .map(|(part, reason)| format!("{part}: {reason}"));
    Error::failed("failed to find any data of the project")
        .details(reasons.collect())
        .hint("`atlas status` shows what runs, `atlas up` brings it up")
}

async fn reached(
    engine: &DockerEngine,
    mongo: Mongo,
    reader: Reader,
) -> Result<Database, atlas_backup::Error> {
    let connection = reach::mongodb(engine, &mongo).await?;
    Ok(match reader {
        Reader::Native => Database::Native(connection),
        Reader::Mongodump => Database::Stock(mongo, connection),
    })
}

/// The address in a file: nothing of it is ever an argument, because it may hold a password.
fn address(path: &Path) -> Result<String, Error> {
    let text = secret::read(path)?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    match line {
        Some(line) if line.starts_with("mongodb://") || line.starts_with("mongodb+srv://") => {
            Ok(line.to_owned())
        }
        _ => Err(Error::new(
            Exit::Usage,
            format!(
                "failed to read `{}`: it holds no address of MongoDB",
                path.display()
            ),
        )
        .hint("write it as `mongodb://user:password@host:27017/`")),
    }
}
