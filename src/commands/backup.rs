//! `atlas backup`: hands each of its commands what was typed. What a backup is, how it is made and proven belongs to the crate
//! `atlas-backup`; which data a project has, to the room `backup`.

mod age;
mod check;
mod copy;
mod create;
mod exchange;
mod key;
mod list;
mod making;
mod pin;
mod place;
mod progress;
mod prune;
mod restore;
mod schedule;
mod secret;
mod show;
mod sources;
mod space;
mod summary;
mod verify;

use crate::app::App;
use crate::cli::backup::{BackupCommand, Create};
use crate::cli::{self};
use crate::error::Error;
use crate::exit::Exit;

/// Hands over to the command that was typed; none is `create`.
pub(crate) async fn backup(app: &App, args: &cli::Backup) -> Result<Exit, Error> {
    let Some(command) = &args.command else {
        return create::create(app, &args.create).await;
    };
    if args.create != Create::default() {
        let message = "options of `create` were given before another command";
        return Err(Error::new(Exit::Usage, message).hint(
            "write them after the command they belong to; `atlas backup create -h` lists them",
        ));
    }
    match command {
        BackupCommand::Create(args) => create::create(app, args).await,
        BackupCommand::List(at) => list::list(app, at).await,
        BackupCommand::Show(one) => show::show(app, one).await,
        BackupCommand::Verify(args) => verify::verify(app, args).await,
        BackupCommand::Pin(one) => pin::pin(app, one, true).await,
        BackupCommand::Unpin(one) => pin::pin(app, one, false).await,
        BackupCommand::Copy(args) => copy::copy(app, args).await,
        BackupCommand::Schedule(args) => schedule::schedule(app, args).await,
        BackupCommand::Check(args) => check::check(app, args).await,
        BackupCommand::Key(args) => key::key(app, args),
        BackupCommand::Restore(args) => restore::restore(app, args).await,
        BackupCommand::Prune(args) => prune::prune(app, args).await,
        BackupCommand::Export(args) => exchange::export(app, args).await,
        BackupCommand::Import(args) => exchange::import(app, args).await,
    }
}
