//! What encrypts backups and what opens them: files, atlas.yaml, the environment. Nothing of it is ever an argument.

use std::path::Path;

use atlas_backup::codec::{Encryption, Identity, Passphrase};
use atlas_backup::key::Key;
use atlas_backup::manifest::Manifest;

use super::key;
use super::place::Place;
use crate::cli::backup::{Create, Unlock};
use crate::error::{Error, cause};
use crate::exit::Exit;

/// The variable of the passphrase.
const VARIABLE: &str = "ATLAS_BACKUP_PASSPHRASE";

/// What a new backup is encrypted by: what was typed, else the recipients of atlas.yaml, else the passphrase of the
/// environment.
pub(super) fn encryption(place: &Place<'_>, args: &Create) -> Result<Encryption, Error> {
    if !args.recipients.is_empty() {
        if let Some(wrong) = args
            .recipients
            .iter()
            .find(|text| !atlas_backup::key::is_recipient(text))
        {
            // A secret key that was taken for the public one is not repeated.
            let shown = if wrong.starts_with("age1") {
                wrong
            } else {
                "***"
            };
            let message = format!("`{shown}` is no public key of age");
            return Err(Error::new(Exit::Usage, message)
                .hint("`atlas backup key show` prints one: it begins with `age1`"));
        }
        return Ok(Encryption::Recipients(args.recipients.clone()));
    }
    if let Some(path) = &args.passphrase_file {
        return passphrase(path).map(Encryption::Passphrase);
    }
    let recipients = &place.settings().recipients;
    if !recipients.is_empty() {
        let texts = recipients.iter().map(|text| text.value.clone());
        return Ok(Encryption::Recipients(texts.collect()));
    }
    Ok(match place.variable(VARIABLE) {
        Some(text) => Encryption::Passphrase(Passphrase::new(text)),
        None => Encryption::None,
    })
}

/// What opens backups of an encryption; `kind` is that of the manifest, where it is known.
pub(super) fn identity(
    place: &Place<'_>,
    unlock: &Unlock,
    kind: Option<&str>,
) -> Result<Identity, Error> {
    if let Some(path) = &unlock.identity {
        return keys(path);
    }
    if let Some(path) = &unlock.passphrase_file {
        return passphrase(path).map(Identity::Passphrase);
    }
    let key = place.path(Path::new(key::FILE));
    let variable = place.variable(VARIABLE);
    match (kind, variable) {
        (Some("passphrase"), Some(text)) => Ok(Identity::Passphrase(Passphrase::new(text))),
        (Some("passphrase"), None) => Ok(Identity::None),
        (Some(_), _) | (None, None) if key.exists() => keys(&key),
        (None, Some(text)) => Ok(Identity::Passphrase(Passphrase::new(text))),
        _ => Ok(Identity::None),
    }
}

/// What opens a backup that was just made; `None` when its key is elsewhere, as it should be where backups are only made.
pub(super) fn read_back(
    place: &Place<'_>,
    encryption: &Encryption,
    manifest: &Manifest,
) -> Result<Option<Identity>, Error> {
    Ok(match encryption {
        Encryption::None => Some(Identity::None),
        Encryption::Passphrase(passphrase) => Some(Identity::Passphrase(passphrase.clone())),
        Encryption::Recipients(recipients) => {
            let ours = Key::read(&place.path(Path::new(key::FILE))).ok();
            match ours.filter(|key| recipients.contains(&key.recipient())) {
                Some(_) => {
                    let kind = super::verify::sealed(manifest);
                    Some(identity(place, &Unlock::default(), kind)?)
                }
                None => None,
            }
        }
    })
}

/// Says what to do where a key is missing or wrong.
pub(super) fn hinted(error: Error) -> Error {
    match (error.exit, &error.hint) {
        (Exit::WrongKey, None) => error.hint(
            "keys are read from .atlas/backup.key or --identity FILE, passphrases from --passphrase-file FILE or ATLAS_BACKUP_PASSPHRASE",
        ),
        _ => error,
    }
}

fn keys(path: &Path) -> Result<Identity, Error> {
    read(path).map(|text| Identity::Keys(vec![text]))
}

/// The first line of a file.
fn passphrase(path: &Path) -> Result<Passphrase, Error> {
    let text = read(path)?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Passphrase::new(line)),
        None => Err(Error::new(
            Exit::WrongKey,
            format!("failed to read `{}`: it is empty", path.display()),
        )),
    }
}

/// A small file of the person's.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::failed(format!(
            "failed to read `{}`: {}",
            path.display(),
            cause(&error)
        ))
    })
}
