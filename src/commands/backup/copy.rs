//! `atlas backup copy`: a backup, whole, to another place.

use super::place::Place;
use super::progress::watched;
use crate::app::App;
use crate::cli::backup::Copy;
use crate::error::Error;
use crate::exit::Exit;

pub(super) async fn copy(app: &App, args: &Copy) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let from = place.open(&args.at).await?;
    let location = place.location(Some(&args.to))?;
    let to = atlas_backup::repository::Repository::open(&location).await?;
    let lock = to.lock("backup copy").await?;
    super::create::cleaned(app, &to).await?;
    let id = place.find(&from, &args.id).await?.manifest.id;
    let work = watched(app, async |progress, _| {
        let manifest = atlas_backup::repository::copy(&from, &id, &to, progress).await;
        Ok(manifest?)
    });
    let manifest = work.await?;
    drop(lock);
    app.say(&format!("backup {} is also in {location}", manifest.id));
    app.say(&format!(
        "`atlas backup verify {} --in {location}` reads it back there",
        manifest.id
    ));
    if app.global.json {
        let object = serde_json::json!({
            "schema": "atlas/v1", "kind": "backup-copy", "id": manifest.id, "location": location.to_string(),
        });
        app.out(&object.to_string());
    }
    Ok(Exit::Ok)
}
