//! `atlas backup check`: whether the newest good backup is young enough.

use atlas_backup::notify::Kind;
use atlas_backup::repository::Listed;
use jiff::Timestamp;
use serde_json::json;

use super::age;
use super::place::Place;
use crate::app::App;
use crate::cli::backup::Check;
use crate::error::Error;
use crate::exit::Exit;

pub(super) async fn check(app: &App, args: &Check) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let limit = age::parse(&args.max_age)?;
    let now = Timestamp::now();
    let newest = async {
        let repository = place.open(&args.at).await?;
        let listed = repository.list().await?;
        let good = listed.into_iter().filter_map(|one| match one {
            Listed::Whole(entry) if entry.is_complete_of(&place.project) && entry.is_proven() => {
                Some(entry)
            }
            _ => None,
        });
        Ok::<_, Error>(good.max_by_key(|entry| entry.manifest.started))
    };
    // A place that cannot be read is a missed backup too, as far as anybody can tell.
    let (good, id, message) = match newest.await {
        Err(error) => (false, None, error.to_string()),
        Ok(None) => (
            false,
            None,
            "there is no backup that is complete and fully verified".to_owned(),
        ),
        Ok(Some(entry)) => {
            let id = entry.manifest.id.clone();
            let age = now.duration_since(entry.manifest.started);
            let good = age <= limit;
            let words = age::ago(entry.manifest.started, now);
            let message = match good {
                true => format!("backup {id} was made {words}, is complete and fully verified"),
                false => format!(
                    "the newest backup that is complete and fully verified, {id}, was made {words}"
                ),
            };
            (good, Some(id), message)
        }
    };
    let exit = match good {
        true => Exit::Ok,
        false => Exit::ChecksFailed,
    };
    if app.global.json {
        let object = json!({
            "schema": "atlas/v1", "kind": "backup-check", "good": good, "id": id, "message": message,
            "max_age_seconds": limit.as_secs(),
        });
        app.out(&object.to_string());
    }
    app.say(&match good {
        true => message.clone(),
        false => format!("{} {message}", app.talk.bad("missed:")),
    });
    if !good && args.notify {
        place
            .notify(Kind::BackupMissed, id.as_deref(), &message, exit)
            .await;
    }
    Ok(exit)
}
