//! `atlas exec`: a command in a service's container, with this terminal.

use std::collections::BTreeSet;
use std::io::IsTerminal;

use super::lifecycle::check_names;
use crate::app::App;
use crate::cli;
use crate::engines::Engine;
use crate::error::Error;

/// The command's own exit code.
pub(crate) async fn exec(app: &App, args: &cli::Exec) -> Result<u8, Error> {
    let project = app.project_name(&app.inputs())?;
    let engine = app.engine(None).await?;
    let observed = engine.observe(&project, None).await?;
    check_names(&BTreeSet::from([args.service.clone()]), &observed, &project)?;
    let mut containers = observed.containers.iter();
    let container = containers.find(|c| c.service == args.service && c.number == args.index);
    let container = container.ok_or_else(|| {
        Error::failed(format!(
            "failed to find container {} of `{}`",
            args.index, args.service
        ))
        .hint("`atlas status` shows which there are")
    })?;
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let size = match terminal && !args.no_tty {
        true => rustix::termios::tcgetwinsize(std::io::stdout())
            .ok()
            .map(|size| (size.ws_col, size.ws_row)),
        false => None,
    };
    let raw = size.is_some().then(Raw::enter).flatten();
    let code = engine
        .session(
            &container.id,
            args.command.clone(),
            args.user.clone(),
            size,
            Some(tokio::io::stdin()),
            (tokio::io::stdout(), tokio::io::stderr()),
        )
        .await;
    drop(raw);
    Ok(u8::try_from(code?).unwrap_or(u8::MAX))
}

/// The terminal in raw mode; what it was comes back when this goes.
struct Raw(rustix::termios::Termios);

impl Raw {
    fn enter() -> Option<Self> {
        let before = rustix::termios::tcgetattr(std::io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        let now = rustix::termios::OptionalActions::Now;
        rustix::termios::tcsetattr(std::io::stdin(), now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let now = rustix::termios::OptionalActions::Now;
        // A terminal that is gone needs no mode.
        let _ = rustix::termios::tcsetattr(std::io::stdin(), now, &self.0);
    }
}
