//! `atlas backup export` and `import`: between backups and the archives and folders of the stock tools.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atlas_backup::archive::{self, Checked};
use atlas_backup::codec::{self, Compression, Encryption, Input, Output};
use atlas_backup::folder;
use atlas_backup::manifest::{Consistency, File, MongoPart};
use atlas_backup::mongo::Cancel;
use atlas_backup::progress::{Event, Progress};
use atlas_backup::{Error as Failure, Kind};
use serde_json::json;

use super::making::{begun, file, file_name, namespaces, next_id};
use super::place::Place;
use super::progress::watched;
use super::restore::{open, open_file};
use super::verify::{self, Level};
use super::{create, secret};
use crate::app::App;
use crate::cli::backup::{Create, Export, Format, Import};
use crate::error::{Error, cause};
use crate::exit::Exit;
use crate::report::bytes;

/// Bytes that are moved at once.
const PIECE: usize = 256 * 1024;

pub(super) async fn export(app: &App, args: &Export) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let repository = place.open(&args.at).await?;
    let manifest = place.find(&repository, &args.id).await?.manifest;
    let part = manifest.mongodb.ok_or_else(|| {
        Error::failed(format!("backup {} holds no MongoDB to export", manifest.id))
    })?;
    let identity = secret::identity(&place, &args.unlock, part.file.encryption.as_deref())?;
    let compression = match args.format {
        Format::Archive | Format::Directory => Compression::None,
        Format::ArchiveGzip => Compression::GZIP,
        Format::ArchiveZstd => Compression::ZSTD,
    };
    let directory = args.format == Format::Directory;
    if args.gzip && !directory {
        return Err(
            Error::failed("--gzip is for --format directory").hint("take --format archive.gz")
        );
    }
    let stdout = args.file == "-";
    if stdout && directory {
        return Err(Error::failed("a folder cannot be written to stdout"));
    }
    let surroundings = match stdout {
        true => app.quiet_stdout(),
        false => app.clone(),
    };
    let work = watched(&surroundings, async |progress, cancel| {
        let from = repository.read(&manifest.id, &part.file.name).await?;
        let input = open(from, &identity).await?;
        progress.report(Event::Phase {
            name: "export",
            bytes: Some(part.file.raw_size),
        });
        if directory {
            let (into, recorded) = (PathBuf::from(&args.file), part.file.clone());
            let gzip = args.gzip;
            let work = move || unpack(input, &into, gzip, &recorded, progress.as_ref(), &cancel);
            return Ok(blocking("export", work).await?);
        }
        let draft = match stdout {
            true => None,
            false => Some(Draft::begin(Path::new(&args.file))?),
        };
        let to: Box<dyn Write + Send> = match &draft {
            Some(draft) => draft.writer()?,
            None => Box::new(std::io::stdout()),
        };
        let output = Output::new(to, compression, &Encryption::None, verify::threads())?;
        let recorded = part.file.clone();
        let work = move || pour(input, output, &recorded, progress.as_ref(), &cancel);
        let size = blocking("export", work).await?;
        draft.map(Draft::keep).transpose()?;
        Ok(size)
    });
    let size = work.await.map_err(secret::hinted)?;
    if stdout {
        return Ok(Exit::Ok);
    }
    if app.global.json {
        let object = json!({
            "schema": "atlas/v1", "kind": "backup-export", "id": manifest.id, "file": args.file, "size": size,
        });
        app.out(&object.to_string());
    }
    app.say(&format!(
        "backup {} is in {} ({})",
        manifest.id,
        args.file,
        bytes(size)
    ));
    Ok(Exit::Ok)
}

/// Writes the folder of a backup, once all of it was compared with what was recorded; bytes that were read.
fn unpack(
    mut input: Input,
    into: &Path,
    gzip: bool,
    recorded: &File,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<u64, Failure> {
    let draft = folder::unpack(&mut input, into, gzip, progress, cancel)?;
    if input.finish()?.sha256 != recorded.sha256 {
        let cause = "its SHA-256 is not the recorded one";
        return Err(Failure::damaged(&recorded.name, cause));
    }
    draft.keep()?;
    Ok(recorded.raw_size)
}

/// Moves all bytes, and compares them with what was recorded; bytes that were written.
fn pour(
    mut input: Input,
    mut output: Output,
    recorded: &File,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<u64, Failure> {
    let mut piece = vec![0; PIECE];
    loop {
        if *cancel.borrow() {
            return Err(Failure::new(
                Kind::Interrupted,
                "export",
                &recorded.name,
                "interrupted",
            ));
        }
        let length = input
            .read(&mut piece)
            .map_err(|error| codec::error_of(error, "read", &recorded.name))?;
        if length == 0 {
            break;
        }
        output
            .write_all(&piece[..length])
            .map_err(|error| codec::error_of(error, "write", &recorded.name))?;
        progress.report(Event::Advanced {
            bytes: length as u64,
            documents: 0,
        });
    }
    let totals = input.finish()?;
    if totals.sha256 != recorded.sha256 {
        let cause = "its SHA-256 is not the recorded one";
        return Err(Failure::damaged(&recorded.name, cause));
    }
    Ok(output.finish()?.size)
}

/// A file under another name until it is whole; gone when it is not kept.
struct Draft {
    partial: PathBuf,
    path: PathBuf,
}

impl Draft {
    fn begin(path: &Path) -> Result<Self, Error> {
        if path.exists() {
            let message = format!("failed to write `{}`: it exists", path.display());
            return Err(Error::failed(message).hint("remove it, or choose another name"));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".partial-{}", std::process::id()));
        Ok(Self {
            partial: path.with_file_name(name),
            path: path.to_owned(),
        })
    }

    fn writer(&self) -> Result<Box<dyn Write + Send>, Error> {
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600);
        let file = file.open(&self.partial);
        file.map(|file| Box::new(file) as Box<dyn Write + Send>)
            .map_err(|error| self.failed(&error))
    }

    fn keep(self) -> Result<(), Error> {
        std::fs::File::open(&self.partial)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&self.partial, &self.path))
            .map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        let shown = self.path.display();
        Error::failed(format!("failed to write `{shown}`: {}", cause(error)))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it was kept there is nothing of that name.
        let _ = std::fs::remove_file(&self.partial);
    }
}

pub(super) async fn import(app: &App, args: &Import) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let repository = place.open(&args.at).await?;
    let identity = secret::identity(&place, &args.unlock, None)?;
    let from = match args.file.is_dir() {
        true => None,
        false => Some(open_file(&args.file)?),
    };
    let defaults = Create::default();
    let compression = create::compression(&place, &defaults);
    let encryption = secret::encryption(&place, &defaults)?;
    let _lock = repository.lock("backup import").await?;
    create::cleaned(app, &repository).await?;
    let work = watched(app, async |progress, cancel| {
        let input = match from {
            Some(from) => Some(open(Box::new(from), &identity).await?),
            None => None,
        };
        let id = next_id(&repository).await?;
        let mut manifest = begun(&id, &place.project, &args.tags);
        let mut draft = repository.begin(&id).await?;
        let name = file_name("mongodb.archive", compression, &encryption);
        let to = draft.file(&name)?;
        let output = Output::new(to, compression, &encryption, verify::threads())?;
        progress.report(Event::Phase {
            name: "import",
            bytes: None,
        });
        let (path, counts, stop) = (args.file.clone(), progress.clone(), cancel.clone());
        let work = move || match input {
            Some(input) => take_in(input, output, &path.display().to_string(), counts),
            None => pack(&path, output, counts.as_ref(), &stop),
        };
        let (checked, written) = blocking("import", work).await?;
        manifest.mongodb = Some(MongoPart {
            file: file(name, &written, compression, &encryption),
            ..described(&checked)
        });
        manifest.finished = jiff::Timestamp::now();
        draft.publish(&manifest).await?;
        let mut verdict = None;
        if let Some(identity) = secret::read_back(&place, &encryption, &manifest)? {
            let level = Level::Full;
            let proof = verify::prove(
                &place,
                &repository,
                &manifest,
                level,
                &identity,
                progress,
                cancel,
            );
            verdict = Some(proof.await?);
        }
        Ok((manifest, verdict))
    });
    let (manifest, verdict) = work.await.map_err(secret::hinted)?;
    if let Some(verdict) = &verdict {
        verify::record(&repository, &manifest.id, Level::Full, verdict).await?;
    }
    let location = repository.location();
    create::show(
        app,
        location,
        &manifest,
        &encryption,
        verdict.as_ref(),
        true,
    );
    create::conclude(&manifest, verdict.as_ref())
}

/// Makes an archive of a folder.
fn pack(
    path: &Path,
    mut output: Output,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<(Checked, codec::Written), Failure> {
    let checked = folder::pack(path, &mut output, progress, cancel)?;
    Ok((checked, output.finish()?))
}

/// Checks an archive while it is written.
fn take_in(
    mut input: Input,
    mut output: Output,
    subject: &str,
    progress: Arc<dyn Progress>,
) -> Result<(Checked, codec::Written), Failure> {
    let tee = Tee {
        from: &mut input,
        to: &mut output,
    };
    let named = |error: Failure| match error.kind {
        Kind::Damaged => Failure {
            subject: subject.to_owned(),
            ..error
        },
        _ => error,
    };
    let checked = archive::check(tee, progress.as_ref()).map_err(named)?;
    input.finish().map_err(named)?;
    Ok((checked, output.finish()?))
}

struct Tee<'a> {
    from: &'a mut Input,
    to: &'a mut Output,
}

impl Read for Tee<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.from.read(into)?;
        self.to.write_all(&into[..length])?;
        Ok(length)
    }
}

/// What an archive tells of itself; whether all of it is of one moment, it does not.
fn described(checked: &Checked) -> MongoPart {
    let mut all = checked.namespaces.iter();
    MongoPart {
        file: File {
            name: String::new(),
            size: 0,
            sha256: String::new(),
            raw_size: 0,
            compression: String::new(),
            encryption: None,
        },
        engine: "mongodump".to_owned(),
        server_version: checked.header.server_version.clone(),
        feature_version: None,
        topology: "unknown".to_owned(),
        consistency: Consistency::PerDocument,
        databases: Vec::new(),
        users_and_roles: all.any(|(of, _)| of.is_users_and_roles()),
        namespaces: namespaces(checked),
        skipped: std::collections::BTreeMap::new(),
    }
}

/// Work that reads and writes, off this thread.
async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.unwrap_or_else(|panic| Err(Failure::failed(operation, "backup", panic.to_string())))
}
