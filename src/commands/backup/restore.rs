//! `atlas backup restore`: shows what would be overwritten, asks, proves the backup, saves what is there, then writes.

mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use atlas_backup::codec::{self, Compression, Identity};
use atlas_backup::manifest::Manifest;
use atlas_backup::mongo::{
    self, Connection, DumpOptions, Pattern, Rename, RestoreOptions, estimate,
};
use atlas_backup::progress::Event as Step;
use atlas_backup::repository::Repository;
use atlas_backup::{Error as Failure, archive};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::making::{Making, Sources};
use super::place::Place;
use super::progress::watched;
use super::verify::{self, Level};
use super::{secret, sources};
use crate::app::App;
use crate::cli::backup as cli;
use crate::error::{Error, cause};
use crate::exit::Exit;
use crate::report::{count, seconds, several};
use targets::{Source, Target};

/// The tag of safety backups.
const TAG: &str = "before-restore";

/// What is restored, and from where.
enum From {
    Backup(Box<Manifest>),
    File(std::path::PathBuf),
}

pub(super) async fn restore(app: &App, args: &cli::Restore) -> Result<Exit, Error> {
    let place = Place::of(app)?;
    let options = options(args)?;
    let repository = place.open(&args.at).await?;
    let from = match (&args.id, &args.file) {
        (_, Some(file)) => From::File(file.clone()),
        (Some(id), None) => From::Backup(Box::new(repository.find(id).await?.manifest)),
        (None, None) => return Err(Error::new(Exit::Usage, "no backup was named")),
    };
    let identity = match &from {
        From::Backup(manifest) => secret::identity(&place, &args.unlock, verify::sealed(manifest))?,
        From::File(_) => secret::identity(&place, &args.unlock, None)?,
    };
    let uri = sources::mongodb(&place, args.uri_file.as_deref()).await?;
    let connection = Connection::open(&uri).await?;
    let began = Instant::now();
    // Everything is read before anything is written: what does not prove itself is not restored.
    let sources = proven(app, &repository, &from, &identity).await?;
    let mut targets = targets::choose(&sources, &options)?;
    if targets.is_empty() && !args.users {
        return Err(Error::new(
            Exit::Usage,
            "nothing of the backup is meant by these patterns",
        )
        .hint("`atlas backup show` lists its collections"));
    }
    targets::look(&connection, &mut targets).await?;
    if args.dry_run {
        show(app, &connection, &targets, None);
        return Ok(Exit::Ok);
    }
    refuse_taken(&targets, args.drop)?;
    confirm(app, &connection, &targets)?;
    let safety = match args.no_safety_backup {
        true => None,
        false => save(app, &place, &repository, &connection, &targets).await?,
    };
    if let Some(id) = &safety {
        app.say(&format!("what was there is safe in backup {id}"));
    }
    let restored = write(app, &repository, &from, &identity, &connection, &options).await;
    let restored = restored.map_err(|error| match (&safety, &error.hint) {
        (Some(id), None) => error.hint(format!(
            "what was there before: `atlas backup restore {id} --drop`"
        )),
        _ => error,
    })?;
    if app.global.json {
        show(
            app,
            &connection,
            &targets,
            Some((&restored, safety.as_deref())),
        );
    } else {
        let documents: u64 = restored.namespaces.iter().map(|ns| ns.documents).sum();
        app.out(&format!(
            "restored {} in {} into {}; verified before, counted after ({})",
            several(documents, "document"),
            several(restored.namespaces.len() as u64, "collection"),
            connection.address(),
            seconds(began.elapsed())
        ));
    }
    Ok(Exit::Ok)
}

fn options(args: &cli::Restore) -> Result<RestoreOptions, Error> {
    let patterns = |texts: &[String]| -> Result<Vec<Pattern>, Error> {
        let parsed = texts.iter().map(|text| Ok(Pattern::parse(text)?));
        parsed.collect()
    };
    let renames = args.rename.iter().map(|text| match text.split_once('=') {
        Some((from, to)) => Ok(Rename::parse(from, to)?),
        None => Err(Error::new(Exit::Usage, format!("`{text}` is no renaming"))
            .hint("write it as `shop.orders=shop.orders_old`")),
    });
    Ok(RestoreOptions {
        include: patterns(&args.namespaces)?,
        exclude: patterns(&args.exclude)?,
        rename: renames.collect::<Result<_, _>>()?,
        into: args.into.clone(),
        drop: args.drop,
        users_and_roles: args.users,
        until: args.until.as_deref().map(until).transpose()?,
        ..RestoreOptions::default()
    })
}

/// An RFC 3339 time means the state at that moment; SECONDS:INCREMENT is a cluster time, and counts itself.
fn until(text: &str) -> Result<(u32, u32), Error> {
    let cluster = text
        .split_once(':')
        .and_then(|(seconds, increment)| Some((seconds.parse().ok()?, increment.parse().ok()?)));
    let moment = || {
        let time: Timestamp = text.parse().ok()?;
        Some((u32::try_from(time.as_second()).ok()?, 0))
    };
    cluster.or_else(moment).ok_or_else(|| {
        Error::new(Exit::Usage, format!("`{text}` is no point in time"))
            .hint("write it as `2026-11-23T04:00:00Z`, or as a cluster time SECONDS:INCREMENT")
    })
}

/// Reads all of it, and tells what it holds.
async fn proven(
    app: &App,
    repository: &Repository,
    from: &From,
    identity: &Identity,
) -> Result<Vec<Source>, Error> {
    let manifest = match from {
        From::File(file) => return checked(app, file, identity).await,
        From::Backup(manifest) => manifest,
    };
    let part = manifest
        .mongodb
        .as_ref()
        .ok_or_else(|| Error::failed(format!("backup {} holds no MongoDB", manifest.id)))?;
    let work = watched(app, async |progress, cancel| {
        let level = Level::Full;
        Ok(verify::prove(repository, manifest, level, identity, progress, cancel).await?)
    });
    let verdict = work.await.map_err(secret::hinted)?;
    verify::record(repository, &manifest.id, Level::Full, &verdict).await?;
    if !verdict.passed {
        let message = format!(
            "backup {} is not what was written; nothing was restored",
            manifest.id
        );
        return Err(Error::new(Exit::Damaged, message).details(verdict.evidence));
    }
    let sources = part.namespaces.iter().map(|ns| Source {
        db: ns.db.clone(),
        collection: ns.collection.clone(),
        documents: ns.documents,
    });
    Ok(sources.collect())
}

/// The same of a file that has no manifest: its own counts and checksums.
async fn checked(app: &App, file: &Path, identity: &Identity) -> Result<Vec<Source>, Error> {
    let work = watched(app, async |progress, _| {
        let input = open(Box::new(open_file(file)?), identity).await?;
        let size = std::fs::metadata(file).map(|file| file.len()).ok();
        progress.report(Step::Phase {
            name: "verify",
            // Of a packed file it is not known what it unpacks to.
            bytes: size.filter(|_| input.compression() == "none"),
        });
        let name = file.display().to_string();
        let check = tokio::task::spawn_blocking(move || archive::check(input, progress.as_ref()));
        let outcome = check.await;
        Ok(outcome.map_err(|panic| Failure::failed("check", name, panic.to_string()))??)
    });
    let checked = work.await.map_err(secret::hinted)?;
    let sources = checked.namespaces.iter().map(|(of, closed)| Source {
        db: of.db.clone(),
        collection: of.collection.clone(),
        documents: closed.documents,
    });
    Ok(sources.collect())
}

fn open_file(file: &Path) -> Result<std::fs::File, Error> {
    std::fs::File::open(file).map_err(|error| {
        let message = format!("failed to read `{}`: {}", file.display(), cause(&error));
        match error.kind() {
            std::io::ErrorKind::NotFound => Error::new(Exit::NotFound, message),
            _ => Error::failed(message),
        }
    })
}

/// Opening reads: on a thread.
pub(super) async fn open(
    from: Box<dyn Read + Send>,
    identity: &Identity,
) -> Result<codec::Input, Failure> {
    let identity = identity.clone();
    let work = move || codec::open(from, &identity, verify::threads());
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.unwrap_or_else(|panic| Err(Failure::failed("open", "backup", panic.to_string())))
}

fn refuse_taken(targets: &[Target], drop: bool) -> Result<(), Error> {
    let taken: Vec<String> = targets
        .iter()
        .filter(|target| target.is_taken())
        .map(|target| {
            let there = count(target.there.unwrap_or_default());
            format!("{} holds {there} documents", target.name())
        })
        .collect();
    match taken.is_empty() || drop {
        true => Ok(()),
        false => Err(Error::failed(format!(
            "nothing was restored: {} of the collections hold documents",
            taken.len()
        ))
        .details(taken)
        .hint("--drop replaces them, --into DB or --rename FROM=TO goes beside them")),
    }
}

fn confirm(app: &App, connection: &Connection, targets: &[Target]) -> Result<(), Error> {
    let taken = targets.iter().filter(|target| target.is_taken()).count();
    if !app.global.json {
        for line in targets::lines(targets) {
            app.say(&format!("  {line}"));
        }
    }
    let place = connection.address();
    let all = several(targets.len() as u64, "collection");
    let question = match taken {
        0 => format!("Restore {all} into {place}?"),
        n => format!("Restore {all} into {place} and overwrite {n} of them?"),
    };
    match app.prompt.confirm(&question, false)? {
        true => Ok(()),
        false => Err(Error::failed("nothing was restored: it was not confirmed")
            .hint("`--yes` confirms it, `--dry-run` shows it")),
    }
}

/// A backup of the databases that will be written to, as they are; its id. Nothing when they are empty.
async fn save(
    app: &App,
    place: &Place<'_>,
    repository: &Repository,
    connection: &Connection,
    targets: &[Target],
) -> Result<Option<String>, Error> {
    let databases: BTreeSet<String> = targets.iter().map(|target| target.db.clone()).collect();
    let databases: Vec<String> = databases.into_iter().collect();
    let size = estimate::size(connection, &databases).await?;
    if size.data == 0 || databases.is_empty() {
        return Ok(None);
    }
    super::space::check(repository.location(), size, Compression::GZIP)?;
    let encryption = secret::encryption(place, &cli::Create::default())?;
    let _lock = repository.lock("backup restore").await?;
    let tags = [TAG.to_owned()];
    let making = Making {
        repository,
        project: &place.project,
        tags: &tags,
        sources: Sources {
            mongodb: Some(connection.clone()),
        },
        options: DumpOptions {
            databases,
            users_and_roles: false,
            ..DumpOptions::default()
        },
        compression: Compression::GZIP,
        encryption: &encryption,
        threads: verify::threads(),
        missing: BTreeMap::new(),
    };
    let id = watched(app, async |progress, cancel| {
        let manifest = making.run(progress.clone(), cancel.clone()).await?;
        if let Some(identity) = secret::read_back(place, &encryption, &manifest)? {
            let level = Level::Full;
            let proof = verify::prove(repository, &manifest, level, &identity, progress, cancel);
            let verdict = proof.await?;
            verify::record(repository, &manifest.id, level, &verdict).await?;
            if !verdict.passed {
                let message = "nothing was restored: the safety backup is not what was written";
                return Err(Error::new(Exit::Damaged, message).details(verdict.evidence));
            }
        }
        Ok(manifest.id)
    });
    id.await.map(Some)
}

async fn write(
    app: &App,
    repository: &Repository,
    from: &From,
    identity: &Identity,
    connection: &Connection,
    options: &RestoreOptions,
) -> Result<mongo::Restored, Error> {
    let work = watched(app, async |progress, cancel| {
        let from: Box<dyn Read + Send> = match from {
            From::File(file) => Box::new(open_file(file)?),
            From::Backup(manifest) => {
                let name = manifest.mongodb.as_ref().map(|part| part.file.name.clone());
                repository
                    .read(&manifest.id, &name.unwrap_or_default())
                    .await?
            }
        };
        let input = open(from, identity).await?;
        Ok(mongo::restore(connection, options, input, progress, cancel).await?)
    });
    work.await
}

/// What would be done, or what was.
fn show(
    app: &App,
    connection: &Connection,
    targets: &[Target],
    done: Option<(&mongo::Restored, Option<&str>)>,
) {
    if !app.global.json {
        let mut text = format!("would be restored into {}:\n", connection.address());
        for line in targets::lines(targets) {
            text += &format!("  {line}\n");
        }
        return app.out(&text);
    }
    let collections: Vec<Value> = targets
        .iter()
        .map(|target| {
            json!({
                "from": target.source, "to": target.name(), "documents": target.documents,
                "documents_there": target.there,
            })
        })
        .collect();
    let object = json!({
        "schema": "atlas/v1", "kind": "backup-restore", "into": connection.address(),
        "done": done.is_some(), "collections": collections,
        "documents": done.map(|(restored, _)| {
            restored.namespaces.iter().map(|ns| ns.documents).sum::<u64>()
        }),
        "indexes": done.map(|(restored, _)| restored.indexes),
        "skipped": done.map(|(restored, _)| &restored.skipped),
        "users_and_roles": done.map(|(restored, _)| restored.users_and_roles),
        "safety_backup": done.and_then(|(_, safety)| safety),
    });
    app.out(&object.to_string());
}
