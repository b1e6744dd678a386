//! `atlas backup restore`: shows what would be overwritten, asks, proves the backup, saves what is there, then writes.

mod safety;
mod targets;
mod write;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use atlas_backup::codec::{self, Identity};
use atlas_backup::manifest::Manifest;
use atlas_backup::mongo::{Pattern, Rename, RestoreOptions};
use atlas_backup::progress::Event as Step;
use atlas_backup::repository::Repository;
use atlas_backup::{Error as Failure, archive};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::place::Place;
use super::progress::watched;
use super::secret;
use super::sources::{self, Sources, Wanted};
use super::verify::{self, Level};
use crate::app::App;
use crate::cli::backup as cli;
use crate::cli::backup::Part;
use crate::error::{Error, cause};
use crate::exit::Exit;
use crate::report::{count, seconds, several};
pub(super) use safety::SAFETY;
use targets::{Source, Target};
use write::Written;

/// What is restored, and from where.
enum From {
    Backup(Box<Manifest>),
    File(PathBuf),
}

/// What a restore works with.
struct Work<'a> {
    app: &'a App,
    place: &'a Place<'a>,
    repository: &'a Repository,
    from: &'a From,
    identity: Identity,
    /// Where it goes; only what is restored is in here.
    sources: Sources,
    options: RestoreOptions,
}

pub(super) async fn restore(app: &App, args: &cli::Restore) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let options = options(args)?;
    let repository = place.open(&args.at).await?;
    let from = match (&args.id, &args.file) {
        (_, Some(file)) => From::File(file.clone()),
        (Some(id), None) => From::Backup(Box::new(place.find(&repository, id).await?.manifest)),
        (None, None) => return Err(Error::new(Exit::Usage, "no backup was named")),
    };
    let sealed = match &from {
        From::Backup(manifest) => verify::sealed(manifest),
        From::File(_) => None,
    };
    let only = parts(args, &from)?;
    let wanted = Wanted {
        address: args.uri_file.as_deref(),
        only: &only,
        ..Wanted::default()
    };
    let work = Work {
        app,
        place: &place,
        repository: &repository,
        identity: secret::identity(&place, &args.unlock, sealed)?,
        from: &from,
        sources: sources::find(app, &place, &wanted).await?,
        options,
    };
    if let Some((part, reason)) = work.sources.missing.first_key_value() {
        return Err(Error::failed(format!("failed to restore {part}: {reason}"))
            .hint("--only restores the other parts"));
    }
    work.run(args).await
}

/// The parts that are meant: those of the backup, unless collections are named or it goes to a MongoDB.
fn parts(args: &cli::Restore, from: &From) -> Result<Vec<Part>, Error> {
    let manifest = match from {
        From::File(_) => return Ok(vec![Part::Mongodb]),
        From::Backup(manifest) => manifest,
    };
    let narrow = args.uri_file.is_some()
        || args.into.is_some()
        || !(args.namespaces.is_empty() && args.exclude.is_empty() && args.rename.is_empty());
    let held = [
        (Part::Mongodb, manifest.mongodb.is_some()),
        (Part::Redis, manifest.redis.is_some()),
        (Part::Embedded, manifest.embedded.is_some()),
    ];
    let meant = |part: Part| match args.only.is_empty() {
        true => !narrow || part == Part::Mongodb,
        false => args.only.contains(&part),
    };
    let parts = held
        .into_iter()
        .filter(|(part, there)| *there && meant(*part));
    let parts: Vec<Part> = parts.map(|(part, _)| part).collect();
    match parts.is_empty() {
        false => Ok(parts),
        true => Err(Error::new(
            Exit::Usage,
            format!("backup {} holds nothing of what was asked for", manifest.id),
        )),
    }
}

impl Work<'_> {
    async fn run(self, args: &cli::Restore) -> Result<Exit, Error> {
        let began = Instant::now();
        let app = self.app;
        // Everything is read before anything is written: what does not prove itself is not restored.
        let held = self.proven().await?;
        let mut targets = Vec::new();
        if let Some(database) = &self.sources.mongodb {
            targets = targets::choose(&held, &self.options)?;
            let narrowed = !(args.namespaces.is_empty() && args.exclude.is_empty());
            if targets.is_empty() && narrowed {
                let message = "no collection of the backup is meant by these patterns";
                return Err(Error::new(Exit::Usage, message)
                    .hint("`atlas backup show` lists its collections"));
            }
            targets::look(database.connection(), &mut targets).await?;
        }
        if args.dry_run {
            self.show(&targets, None, None);
            return Ok(Exit::Ok);
        }
        refuse_taken(&targets, args.drop)?;
        self.confirm(&targets)?;
        let safety = match args.no_safety_backup {
            true => None,
            false => self.save(&targets).await?,
        };
        if let Some(id) = &safety {
            app.say(&format!("what was there is safe in backup {id}"));
        }
        let written = self
            .write()
            .await
            .map_err(|error| match (&safety, &error.hint) {
                (Some(id), None) => error.hint(format!(
                    "what was there before: `atlas backup restore {id} --drop`"
                )),
                _ => error,
            })?;
        match app.global.json {
            true => self.show(&targets, Some(&written), safety.as_deref()),
            false => app.out(&format!(
                "restored {}; verified before, counted after ({})",
                written.words(),
                seconds(began.elapsed())
            )),
        }
        Ok(Exit::Ok)
    }

    /// Reads all of it, and tells what its archive holds.
    async fn proven(&self) -> Result<Vec<Source>, Error> {
        let manifest = match self.from {
            From::File(file) => return checked(self.app, file, &self.identity).await,
            From::Backup(manifest) => manifest,
        };
        let work = watched(self.app, async |progress, cancel| {
            let (place, repository, identity) = (self.place, self.repository, &self.identity);
            let level = Level::Full;
            let proof = verify::prove(
                place, repository, manifest, level, identity, progress, cancel,
            );
            Ok(proof.await?)
        });
        let verdict = work.await.map_err(secret::hinted)?;
        verify::record(self.repository, &manifest.id, Level::Full, &verdict).await?;
        if !verdict.passed {
            let message = format!(
                "backup {} is not what was written; nothing was restored",
                manifest.id
            );
            return Err(Error::new(Exit::Damaged, message).details(verdict.evidence));
        }
        let namespaces = manifest.mongodb.iter().flat_map(|part| &part.namespaces);
        let sources = namespaces.map(|ns| Source {
            db: ns.db.clone(),
            collection: ns.collection.clone(),
            documents: ns.documents,
        });
        Ok(sources.collect())
    }

    /// The other parts that are replaced as a whole.
    fn wholes(&self) -> Vec<&'static str> {
        let redis = self.sources.redis.iter().map(|_| "all keys of Redis");
        let embedded = self.sources.embedded.iter().map(|_| "the embedded store");
        redis.chain(embedded).collect()
    }

    fn address(&self) -> &str {
        let database = self.sources.mongodb.as_ref();
        database.map_or("the project", |database| database.connection().address())
    }

    /// Every line that a person should read before it is done.
    fn lines(&self, targets: &[Target]) -> Vec<String> {
        let mut lines = targets::lines(targets);
        let wholes = self.wholes();
        lines.extend(
            wholes
                .iter()
                .map(|what| format!("{what}, replaced as a whole")),
        );
        lines
    }

    fn confirm(&self, targets: &[Target]) -> Result<(), Error> {
        let taken = targets.iter().filter(|target| target.is_taken()).count() + self.wholes().len();
        if !self.app.global.json {
            for line in self.lines(targets) {
                self.app.say(&format!("  {line}"));
            }
        }
        let mut what = Vec::new();
        if !targets.is_empty() {
            what.push(several(targets.len() as u64, "collection"));
        }
        what.extend(self.wholes().into_iter().map(str::to_owned));
        let (what, place) = (what.join(" and "), self.address());
        let question = match taken {
            0 => format!("Restore {what} into {place}?"),
            n => format!("Restore {what} into {place} and overwrite {n} of them?"),
        };
        match self.app.prompt.confirm(&question, false)? {
            true => Ok(()),
            false => Err(Error::failed("nothing was restored: it was not confirmed")
                .hint("`--yes` confirms it, `--dry-run` shows it")),
        }
    }

    /// What would be done, or what was.
    fn show(&self, targets: &[Target], done: Option<&Written>, safety: Option<&str>) {
        if !self.app.global.json {
            let mut text = format!("would be restored into {}:\n", self.address());
            for line in self.lines(targets) {
                text += &format!("  {line}\n");
            }
            return self.app.out(&text);
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
        let mongodb = done.and_then(|written| written.mongodb.as_ref());
        let object = json!({
            "schema": "atlas/v1", "kind": "backup-restore", "into": self.address(),
            "done": done.is_some(), "collections": collections, "replaced": self.wholes(),
            "documents": mongodb.map(write::documents),
            "indexes": mongodb.map(|restored| restored.indexes),
            "skipped": mongodb.map(|restored| &restored.skipped),
            "users_and_roles": mongodb.map(|restored| restored.users_and_roles),
            "safety_backup": safety,
        });
        self.app.out(&object.to_string());
    }
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

pub(super) fn open_file(file: &Path) -> Result<std::fs::File, Error> {
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
