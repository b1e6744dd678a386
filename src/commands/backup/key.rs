//! `atlas backup key`: the key that opens encrypted backups.

use atlas_backup::key::Key;
use serde_json::json;

use crate::app::App;
use crate::cli::backup;
use crate::error::Error;
use crate::exit::Exit;

/// The key's file in the project directory.
pub(super) const FILE: &str = ".atlas/backup.key";

pub(super) fn key(app: &App, args: &backup::Key) -> Result<Exit, Error> {
    let path = app.directory.join(FILE);
    let key = match args {
        backup::Key::New => {
            let key = Key::generate();
            key.write(&path, jiff::Timestamp::now())?;
            key
        }
        backup::Key::Show { .. } => Key::read(&path)?,
    };
    let recipient = key.recipient();
    if let backup::Key::Show { secret: true } = args {
        // Asked for in so many words: to be kept elsewhere.
        app.out(&key.secret());
        return Ok(Exit::Ok);
    }
    match app.global.json {
        true => app.out(
            &json!({"schema": "atlas/v1", "kind": "backup-key", "recipient": recipient, "file": FILE})
                .to_string(),
        ),
        false => app.out(&recipient),
    }
    if let backup::Key::New = args {
        app.say(&format!(
            "the key is in {FILE}; keep a copy of it elsewhere, without it no encrypted backup can be opened\n\
             to encrypt from now on, write into atlas.yaml:\n  backup:\n    recipients: [{recipient}]"
        ));
    }
    Ok(Exit::Ok)
}
