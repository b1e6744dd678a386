//! `atlas env`: the variables of .env, checked, set, replaced, brought up to date. Owns reading and writing the file; its text belongs
//! to `dotenv`.

mod rotate;
mod set;
mod store;
mod sync;

use crate::app::App;
use crate::checks;
use crate::cli::{Env, EnvCommand};
use crate::commands::doctor::{self, Reach};
use crate::commands::init;
use crate::error::Error;
use crate::exit::Exit;
use crate::files;

const FILE: &str = ".env";

pub(crate) async fn env(app: &App, args: &Env) -> Result<Exit, Error> {
    match &args.command {
        EnvCommand::Check { online, all } => check(app, *online, *all).await,
        EnvCommand::Set { keys } => set::set(app, keys),
        EnvCommand::Rotate { target } => rotate::rotate(app, target).await,
        EnvCommand::Sync { check } => sync::sync(app, *check).await,
    }
}

async fn check(app: &App, online: bool, all: bool) -> Result<Exit, Error> {
    let mut areas = vec!["CFG".to_owned(), "ENV".to_owned()];
    if online {
        areas.push("CRED".to_owned());
    }
    let wanted = doctor::wanted(&areas, &[])?;
    let reach = Reach {
        offline: !online,
        online,
        counting: false,
    };
    let (findings, took) = doctor::examine(app, reach, &wanted).await;
    doctor::show(app, "env-check", all, &findings, took);
    Ok(checks::exit(&findings))
}

/// The file's text; nothing where there is none.
fn text(app: &App) -> Result<String, Error> {
    Ok(init::read(&app.directory, FILE)?.unwrap_or_default())
}

fn write(app: &App, text: String) -> Result<(), Error> {
    let artifact = init::artifact(app, FILE, 0o600, text)?;
    files::write(&app.directory, &[artifact], true)?;
    Ok(())
}
