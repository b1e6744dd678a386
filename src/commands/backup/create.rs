//! `atlas backup create`: makes a backup, reads it back, says what it holds and how to restore it.

use atlas_backup::codec::{Compression, Encryption, Output};
use atlas_backup::manifest::{Manifest, Verdict};
use atlas_backup::mongo::{self, DumpOptions, Throttle, estimate};
use atlas_backup::notify::Kind as Notice;
use atlas_backup::repository::{Location, Repository};
use atlas_backup::{Error as Failure, Kind};
use serde_json::json;

use super::making::Making;
use super::place::Place;
use super::progress::watched;
use super::sources::{Database, Wanted};
use super::verify::{self, Level};
use super::{secret, sources, space, summary};
use crate::app::App;
use crate::cli::backup as cli;
use crate::error::Error;
use crate::event::Event;
use crate::exit::Exit;
use crate::input::backup as written;

pub(super) async fn create(app: &App, args: &cli::Create) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let outcome = match &args.output {
        Some(_) => stream(app, &place, args).await,
        None => attempt(app, &place, args).await,
    };
    if args.notify {
        match &outcome {
            Ok(Exit::Incomplete) => {
                let message = "a part is missing from the backup; the rest is there";
                let tell = place.notify(Notice::BackupIncomplete, None, message, Exit::Incomplete);
                tell.await;
            }
            Err(error) if error.exit != Exit::Interrupted => {
                let tell = place.notify(Notice::BackupFailed, None, &error.message, error.exit);
                tell.await;
            }
            _ => {}
        }
    }
    outcome
}

/// How the MongoDB archive is compressed: what was typed, else atlas.yaml, else gzip.
pub(super) fn compression(place: &Place<'_>, args: &cli::Create) -> Compression {
    let settings = place.settings().compression.as_ref();
    let written = settings.map(|compression| compression.value);
    match (args.compression, written) {
        (Some(cli::Compression::Zstd), _) | (None, Some(written::Compression::Zstd)) => {
            Compression::ZSTD
        }
        (Some(cli::Compression::None), _) | (None, Some(written::Compression::None)) => {
            Compression::None
        }
        _ => Compression::GZIP,
    }
}

fn options(args: &cli::Create, threads: usize) -> Result<DumpOptions, Error> {
    let throttle = match args.throttle.as_deref() {
        None | Some("auto") => Throttle::default(),
        Some("off") => Throttle::Off,
        Some(text) => match crate::input::bytes(text).filter(|rate| *rate > 0) {
            Some(rate) => Throttle::Rate(rate),
            None => {
                let message = format!("`{text}` is no throttle");
                return Err(Error::new(Exit::Usage, message)
                    .hint("write `auto`, `off`, or bytes a second such as `20MiB`"));
            }
        },
    };
    Ok(DumpOptions {
        databases: args.databases.clone(),
        users_and_roles: !args.no_users,
        threads: threads.div_ceil(2),
        throttle,
        ..DumpOptions::default()
    })
}

fn wanted(args: &cli::Create) -> Wanted<'_> {
    Wanted {
        address: args.uri_file.as_deref(),
        only: &args.only,
        reader: args.engine.unwrap_or_default(),
    }
}

fn threads(args: &cli::Create) -> usize {
    args.threads.map_or_else(verify::threads, usize::from)
}

/// The MongoDB archive alone, to stdout.
async fn stream(app: &App, place: &Place<'_>, args: &cli::Create) -> Result<Exit, Error> {
    let (compression, encryption) = (compression(place, args), secret::encryption(place, args)?);
    let threads = threads(args);
    let options = options(args, threads)?;
    let wanted = Wanted {
        only: &[cli::Part::Mongodb],
        ..wanted(args)
    };
    let found = sources::find(app, place, &wanted).await?;
    let connection = found.mongodb.as_ref().map(Database::connection);
    let connection = connection.ok_or_else(|| {
        Error::failed("failed to find a MongoDB; --output writes its archive alone")
    })?;
    // Not even events: whatever reads stdout wants the archive and nothing else.
    let quiet = app.quiet_stdout();
    watched(&quiet, async |progress, cancel| {
        let to = Box::new(std::io::stdout());
        let output = Output::new(to, compression, &encryption, threads)?;
        mongo::dump(connection, &options, output, progress, cancel).await?;
        Ok(Exit::Ok)
    })
    .await
}

async fn attempt(app: &App, place: &Place<'_>, args: &cli::Create) -> Result<Exit, Error> {
    let compression = compression(place, args);
    let encryption = secret::encryption(place, args)?;
    let threads = threads(args);
    let options = options(args, threads)?;
    let location = place.location(args.to.as_deref())?;
    let sources = sources::find(app, place, &wanted(args)).await?;
    if let Some(database) = &sources.mongodb {
        let size = estimate::size(database.connection(), &args.databases).await?;
        space::check(&location, size, compression)?;
    }
    let repository = Repository::open(&location).await?;
    let _lock = repository.lock("backup create").await?;
    cleaned(app, &repository).await?;
    let making = Making {
        repository: &repository,
        project: &place.project,
        tags: &args.tags,
        sources,
        options,
        compression,
        encryption: &encryption,
        threads,
    };
    let check = !args.no_verify;
    let (manifest, verdict) = watched(app, async |progress, cancel| {
        let manifest = making.run(progress.clone(), cancel.clone()).await?;
        if !check {
            return Ok((manifest, None));
        }
        let identity = secret::read_back(place, &encryption, &manifest)?;
        let Some(identity) = identity else {
            return Ok((manifest, None));
        };
        let proof = verify::prove(
            place,
            &repository,
            &manifest,
            Level::Full,
            &identity,
            progress,
            cancel,
        );
        match proof.await {
            Ok(verdict) => Ok((manifest, Some(verdict))),
            // Whoever stops a backup wants none of it.
            Err(error) if error.kind == Kind::Interrupted => {
                repository.remove(&manifest.id).await?;
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    if let Some(verdict) = &verdict {
        verify::record(&repository, &manifest.id, Level::Full, verdict).await?;
    }
    show(
        app,
        &location,
        &manifest,
        &encryption,
        verdict.as_ref(),
        check,
    );
    let exit = conclude(&manifest, verdict.as_ref())?;
    if args.prune {
        super::prune::apply(app, place, &repository).await?;
    }
    Ok(exit)
}

/// What a kill left behind goes first.
pub(super) async fn cleaned(app: &App, repository: &Repository) -> Result<(), Failure> {
    let report = app.reporter();
    for name in repository.clean().await? {
        report.report(Event::Warning {
            text: format!("removed what an earlier run left behind: {name}"),
        });
    }
    Ok(())
}

pub(super) fn conclude(manifest: &Manifest, verdict: Option<&Verdict>) -> Result<Exit, Error> {
    if let Some(verdict) = verdict.filter(|verdict| !verdict.passed) {
        let message = format!("backup {} is not what was written", manifest.id);
        return Err(Error::new(Exit::Damaged, message)
            .details(verdict.evidence.clone())
            .hint(
                "the disk or the store is not to be trusted; make the backup elsewhere by --to",
            ));
    }
    Ok(match manifest.missing.is_empty() {
        true => Exit::Ok,
        false => Exit::Incomplete,
    })
}

pub(super) fn show(
    app: &App,
    location: &Location,
    manifest: &Manifest,
    encryption: &Encryption,
    verdict: Option<&Verdict>,
    check: bool,
) {
    let ways = summary::ways(location, manifest);
    if app.global.json {
        let object = json!({
            "schema": "atlas/v1", "kind": "backup", "id": manifest.id, "location": location.to_string(),
            "complete": manifest.missing.is_empty(), "verified": verdict, "restore": ways, "manifest": manifest,
        });
        return app.out(&object.to_string());
    }
    let proven = match (verdict, encryption) {
        (Some(verdict), _) if verdict.passed => {
            app.style.good("every byte was read back and decoded")
        }
        (Some(_), _) => app.style.bad("FAILED"),
        (None, Encryption::Recipients(_)) if check => app
            .style
            .warn("never: the key is not here; `atlas backup verify` where it is does it"),
        (None, _) => app.style.warn("never; `atlas backup verify` does it"),
    };
    app.out(&summary::text(
        app.style, location, manifest, &proven, &ways,
    ));
}
