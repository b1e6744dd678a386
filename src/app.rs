//! The composition root: the only place that reads the environment, looks at the terminal, connects engines and prints.

mod context;
mod output;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command, Lean};
use crate::commands;
use crate::error::Error;
use crate::exit::Exit;

pub(crate) use context::App;

/// Parses the command line, runs the command, shows its error, and tells how it ended.
pub fn run() -> ExitCode {
    // Completion scripts ask by an environment variable; nothing else is done then.
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    if let Ok(lean) = Lean::try_parse() {
        return commands::serve::inside(&lean.command);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with 0, mistakes to stderr with 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    if let Command::Inside(command) = &cli.command {
        return commands::serve::inside(command);
    }
    let app = match App::new(cli.global) {
        Ok(app) => app,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(error.exit.code());
        }
    };
    let outcome = app
        .check_directory(&cli.command)
        .and_then(|()| dispatch(&app, cli.command));
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            app.show_error(&error);
            ExitCode::from(error.exit.code())
        }
    }
}

/// Hands each command its arguments. A command's own exit code may be any (`atlas exec`).
fn dispatch(app: &App, command: Command) -> Result<u8, Error> {
    let exit = |exit: Exit| exit.code();
    match command {
        Command::Init(args) => app.block_on(commands::init::init(app, &args)).map(exit),
        Command::Render(args) => app.block_on(commands::render::render(app, &args)).map(exit),
        Command::Schema => commands::schema::schema(app).map(exit),
        Command::Completions(args) => commands::complete::write(app, &args).map(exit),
        Command::Up(args) => app.block_on(commands::up::up(app, &args)).map(exit),
        Command::Plan(args) => app.block_on(commands::plan::plan(app, &args)).map(exit),
        Command::Scale(args) => app.block_on(commands::scale::scale(app, &args)).map(exit),
        Command::Status(args) => app.block_on(commands::status::status(app, &args)).map(exit),
        Command::Logs(args) => app.block_on(commands::logs::logs(app, &args)).map(exit),
        Command::Down(args) => app.block_on(commands::down::down(app, &args)).map(exit),
        Command::Stop(args) => app
            .block_on(commands::lifecycle::stop(app, &args))
            .map(exit),
        Command::Start(args) => app
            .block_on(commands::lifecycle::start(app, &args))
            .map(exit),
        Command::Restart(args) => app
            .block_on(commands::lifecycle::restart(app, &args))
            .map(exit),
        Command::Exec(args) => app.block_on(commands::exec::exec(app, &args)),
        Command::Build(args) => app.block_on(commands::images::build(app, &args)).map(exit),
        Command::Pull(args) => app.block_on(commands::images::pull(app, &args)).map(exit),
        Command::Doctor(args) => app.block_on(commands::doctor::doctor(app, &args)).map(exit),
        Command::Checklist(args) => app
            .block_on(commands::checklist::checklist(app, &args))
            .map(exit),
        Command::Explain(args) => commands::explain::explain(app, &args).map(exit),
        Command::Env(args) => app.block_on(commands::env::env(app, &args)).map(exit),
        Command::Backup(args) => app.block_on(commands::backup::backup(app, &args)).map(exit),
        Command::Inside(_) => Ok(Exit::Ok.code()),
    }
}
