//! `atlas backup verify`: proves backups, records the verdict beside them, shows the evidence.

mod drill;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use atlas_backup::codec::Identity;
use atlas_backup::manifest::{Manifest, Verdict, Verified};
use atlas_backup::mongo::Cancel;
use atlas_backup::progress::{Event, Progress};
use atlas_backup::repository::{Listed, Repository};
use atlas_backup::verify::{Proof, files};
use atlas_backup::{Error as Failure, Kind};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::place::Place;
use super::progress::watched;
use super::secret;
use crate::app::App;
use crate::cli::backup::Verify;
use crate::error::Error;
use crate::exit::Exit;

/// How much is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Sizes and hashes.
    Quick,
    /// Every byte decoded.
    Full,
    /// Restored into throwaway servers, and compared.
    Restored,
}

pub(super) async fn verify(app: &App, args: &Verify) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let repository = place.open(&args.at).await?;
    let listed = match args.all {
        true => repository.list().await?,
        false => vec![Listed::Whole(Box::new(
            place.find(&repository, &args.id).await?,
        ))],
    };
    if listed.is_empty() {
        let message = format!("there are no backups in {}", repository.location());
        return Err(Error::new(Exit::NotFound, message));
    }
    let level = if args.quick {
        Level::Quick
    } else {
        Level::Full
    };
    let drills = match args.restore_test {
        true => Some(drill::Range::of(app, &place).await?),
        false => None,
    };
    let mut results = Vec::new();
    let mut good = true;
    for one in &listed {
        let (id, proven) = match one {
            Listed::Broken { id, reason } => (id, vec![(level, failed(reason.clone()))]),
            Listed::Whole(entry) => {
                let manifest = &entry.manifest;
                let identity = identity(&place, args, manifest)?;
                let work = watched(app, async |progress, cancel| {
                    let proof = prove(
                        &place,
                        &repository,
                        manifest,
                        level,
                        &identity,
                        progress.clone(),
                        cancel.clone(),
                    );
                    let mut proven = vec![(level, proof.await?)];
                    if let (Some(drills), true) = (&drills, proven[0].1.passed) {
                        let drill = drills.run(&repository, manifest, &identity, progress, cancel);
                        proven.push((Level::Restored, drill.await?));
                    }
                    Ok(proven)
                });
                let proven = work.await.map_err(secret::hinted)?;
                for (level, verdict) in &proven {
                    record(&repository, &manifest.id, *level, verdict).await?;
                }
                (&manifest.id, proven)
            }
        };
        for (level, verdict) in &proven {
            good &= verdict.passed;
            say(app, id, *level, verdict);
            results.push(object(id, *level, verdict));
        }
    }
    if app.global.json {
        let object = json!({
            "schema": "atlas/v1", "kind": "backup-verify", "passed": good, "backups": results,
        });
        app.out(&object.to_string());
    }
    Ok(match good {
        true => Exit::Ok,
        false => Exit::Damaged,
    })
}

fn identity(place: &Place<'_>, args: &Verify, manifest: &Manifest) -> Result<Identity, Error> {
    match args.quick {
        true => Ok(Identity::None),
        false => secret::identity(place, &args.unlock, sealed(manifest)),
    }
}

/// By what the files of a backup are encrypted.
pub(super) fn sealed(manifest: &Manifest) -> Option<&str> {
    files(manifest).find_map(|file| file.encryption.as_deref())
}

fn failed(reason: String) -> Verdict {
    Verdict {
        at: Timestamp::now(),
        passed: false,
        evidence: vec![reason],
    }
}

/// Proves a backup. What is not as it was written is a verdict; what keeps from reading is an error.
pub(super) async fn prove(
    place: &Place<'_>,
    repository: &Repository,
    manifest: &Manifest,
    level: Level,
    identity: &Identity,
    progress: Arc<dyn Progress>,
    cancel: Cancel,
) -> Result<Verdict, Failure> {
    let bytes = files(manifest).map(|file| match level {
        Level::Quick => file.size,
        Level::Full | Level::Restored => file.raw_size,
    });
    let scratch = match &manifest.embedded {
        Some(_) => place
            .scratch()
            .map_err(|error| Failure::failed("verify", "embedded", error.message))?,
        None => PathBuf::new(),
    };
    progress.report(Event::Phase {
        name: "verify",
        bytes: Some(bytes.sum()),
    });
    let mut verdict = Verdict {
        at: Timestamp::now(),
        passed: true,
        evidence: Vec::new(),
    };
    for file in files(manifest) {
        let from = match repository.read(&manifest.id, &file.name).await {
            Ok(from) => from,
            Err(error) if error.kind == Kind::NotFound => return Ok(failed(error.to_string())),
            Err(error) => return Err(error),
        };
        let (manifest, name, scratch) = (manifest.clone(), file.name.clone(), scratch.clone());
        let (identity, progress, cancel) = (identity.clone(), progress.clone(), cancel.clone());
        let work = move || {
            let proof = Proof {
                identity: &identity,
                threads: threads(),
                progress: progress.as_ref(),
                cancel,
            };
            part(&proof, &manifest, &name, level, from, &scratch)
        };
        let outcome = tokio::task::spawn_blocking(work).await;
        let outcome = outcome
            .unwrap_or_else(|panic| Err(Failure::failed("verify", &file.name, panic.to_string())));
        note(&mut verdict, outcome.map(|line| vec![line]))?;
    }
    verdict.at = Timestamp::now();
    Ok(verdict)
}

/// What differs is a verdict; what kept the check from taking place is an error.
fn note(verdict: &mut Verdict, seen: Result<Vec<String>, Failure>) -> Result<(), Failure> {
    match seen {
        Ok(lines) => verdict.evidence.extend(lines),
        Err(error) if error.kind == Kind::Damaged => {
            verdict.passed = false;
            verdict.evidence.push(error.to_string());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Proves the part whose file it is.
fn part(
    proof: &Proof<'_>,
    manifest: &Manifest,
    name: &str,
    level: Level,
    from: Box<dyn Read + Send>,
    scratch: &std::path::Path,
) -> Result<String, Failure> {
    let file = files(manifest).find(|file| file.name == name);
    let mongodb = manifest.mongodb.as_ref().filter(|p| p.file.name == name);
    let redis = manifest.redis.as_ref().filter(|p| p.file.name == name);
    let embedded = manifest.embedded.as_ref().filter(|p| p.file.name == name);
    match (level, file, mongodb, redis, embedded) {
        (Level::Quick, Some(file), ..) => proof.quick(file, from),
        (_, _, Some(part), ..) => proof.mongodb(part, from),
        (_, _, _, Some(part), _) => proof.redis(part, from),
        (_, _, _, _, Some(part)) => proof.embedded(part, from, |from| {
            crate::backup::embedded::verify(from, scratch)
        }),
        _ => Err(Failure::failed("verify", name, "no part has such a file")),
    }
}

/// Keeps the verdict beside the backup.
pub(super) async fn record(
    repository: &Repository,
    id: &str,
    level: Level,
    verdict: &Verdict,
) -> Result<(), Failure> {
    let verdict = Some(verdict.clone());
    let verified = match level {
        Level::Quick => Verified {
            quick: verdict,
            ..Verified::default()
        },
        Level::Full => Verified {
            full: verdict,
            ..Verified::default()
        },
        Level::Restored => Verified {
            restored: verdict,
            ..Verified::default()
        },
    };
    repository.record(id, &verified).await
}

/// One for each processor.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// What was proven, in words.
fn level_words(level: Level) -> &'static str {
    match level {
        Level::Quick => "sizes and hashes are right",
        Level::Full => "every byte is right",
        Level::Restored => "restored into throwaway servers, and the same there",
    }
}

fn say(app: &App, id: &str, level: Level, verdict: &Verdict) {
    if app.global.json {
        return;
    }
    let head = match verdict.passed {
        true => app.style.good(&format!("verified: {}", level_words(level))),
        false => app.style.bad("FAILED"),
    };
    let mut text = format!("{id}  {head}\n");
    for line in &verdict.evidence {
        text += &format!("  {line}\n");
    }
    app.out(&text);
}

fn object(id: &str, level: Level, verdict: &Verdict) -> Value {
    let level = match level {
        Level::Quick => "quick",
        Level::Full => "full",
        Level::Restored => "restored",
    };
    json!({
        "id": id, "level": level, "passed": verdict.passed, "at": verdict.at, "evidence": verdict.evidence,
    })
}
