//! `atlas env sync`: what the catalogue reads and .env has no line for, and what no service reads any more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::app::App;
use crate::commands::doctor::{self, Reach};
use crate::commands::{dotenv, init};
use crate::error::Error;
use crate::exit::Exit;

/// The check that knows what no service reads.
const UNREAD: &str = "ENV-008";
/// What it prints for a variable that nothing known resembles.
const FIX: &str = "atlas env sync";

pub(super) async fn sync(app: &App, check: bool) -> Result<Exit, Error> {
    let builtin = app.builtin();
    let inputs = app.inputs();
    let wanted = doctor::wanted(&[UNREAD.to_owned()], &[])?;
    let reach = Reach {
        offline: true,
        online: false,
        counting: false,
    };
    let (findings, _) = doctor::examine(app, reach, &wanted).await;
    let unread = findings.iter().filter_map(|finding| {
        let command = finding.problem()?.fix.command.as_deref();
        (command == Some(FIX)).then(|| finding.subject().map(str::to_owned))?
    });
    let unread: BTreeSet<String> = unread.collect();
    let before = super::text(app)?;
    let generated = dotenv::generated(&inputs)?;
    let nothing = BTreeMap::new();
    let deployment = init::preview(app, &inputs, &nothing, &builtin, &generated)?;
    let kept = dotenv::without(&before, &unread);
    let after = dotenv::merge(Some(&kept), &inputs, &deployment, &generated, &nothing);
    let known = dotenv::names(&before);
    let added: Vec<String> = dotenv::names(&after).difference(&known).cloned().collect();
    if app.global.json {
        let object = json!({
            "schema": "atlas/v1", "kind": "env-sync", "file": super::FILE, "written": !check && after != before,
            "added": added, "commented_out": unread,
        });
        app.out(&object.to_string());
    } else {
        for name in &added {
            app.out(&format!("+ {name}"));
        }
        for name in &unread {
            app.out(&format!("- {name}"));
        }
    }
    if after == before {
        app.say("nothing to do: .env has a line for all that the services read");
        return Ok(Exit::Ok);
    }
    if check {
        return Ok(Exit::Differences);
    }
    super::write(app, after)?;
    app.say(".env is up to date; `atlas env check` says what still needs a value");
    Ok(Exit::Ok)
}
