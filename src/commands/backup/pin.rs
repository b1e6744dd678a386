//! `atlas backup pin` and `unpin`.

use super::place::Place;
use crate::app::App;
use crate::cli::backup::One;
use crate::error::Error;
use crate::exit::Exit;

pub(super) async fn pin(app: &App, args: &One, pinned: bool) -> Result<Exit, Error> {
    let place = Place::whole(app).await?;
    let repository = place.open(&args.at).await?;
    let command = if pinned { "backup pin" } else { "backup unpin" };
    let _lock = repository.lock(command).await?;
    let id = place.find(&repository, &args.id).await?.manifest.id;
    repository.pin(&id, pinned).await?;
    app.say(&match pinned {
        true => format!("backup {id} is pinned: `atlas backup prune` never removes it"),
        false => format!("backup {id} is no longer pinned"),
    });
    if app.global.json {
        let object = serde_json::json!({
            "schema": "atlas/v1", "kind": "backup-pin", "id": id, "pinned": pinned,
        });
        app.out(&object.to_string());
    }
    Ok(Exit::Ok)
}
