//! `atlas doctor --fix`: the repairs that lose nothing, each shown before it is done. What can be repaired is decided by the rules.

use std::collections::BTreeSet;

use crate::app::App;
use crate::checks::{Finding, Repair};
use crate::cli::{Render, RenderTarget, Selection, Up};
use crate::commands::{init, render, up};
use crate::error::Error;
use crate::files;

/// Does them; whether there were any.
pub(super) async fn repair(app: &App, findings: &[Finding]) -> Result<bool, Error> {
    // Talk goes to stderr even with `--json`: what is done to the files must be seen.
    let quiet = app.quiet_stdout();
    let problems = findings.iter().filter_map(Finding::problem);
    let repairs: BTreeSet<&Repair> = problems.filter_map(|p| p.fix.repair.as_ref()).collect();
    for repair in &repairs {
        quiet.say(&format!("{} {}", quiet.talk.strong("fix:"), words(repair)));
        match repair {
            Repair::Mode { path, mode } => files::set_mode(&app.directory.join(path), *mode)?,
            Repair::Ignore => init::ignore_secrets(app)?,
            Repair::Render => {
                let target = RenderTarget::Compose {
                    selection: Selection::default(),
                    check: false,
                    force: false,
                };
                render::render(&quiet, &Render { target }).await?;
            }
            Repair::Up => drop(up::up(&quiet, &Up::whole()).await?),
        }
    }
    if repairs.is_empty() {
        quiet.say("there is nothing that can be repaired without losing anything");
    }
    Ok(!repairs.is_empty())
}

fn words(repair: &Repair) -> String {
    match repair {
        Repair::Mode { path, mode } => format!("chmod {mode:o} {}", path.display()),
        Repair::Ignore => "add what holds secrets to .gitignore".to_owned(),
        Repair::Render => "atlas render compose".to_owned(),
        Repair::Up => "atlas up".to_owned(),
    }
}
