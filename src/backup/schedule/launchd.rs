//! The entry as agents of launchd, in the user's own folder.

use std::path::PathBuf;

use atlas_backup::schedule::{Job, launchd};

use super::{Found, Owner, erase, must, run, write};
use crate::error::Error;

/// Endings of the labels of the two jobs' agents.
const JOBS: [&str; 2] = ["", ".check"];

fn path(owner: &Owner, label: &str) -> Option<PathBuf> {
    let folder = owner.home.as_ref()?.join("Library/LaunchAgents");
    Some(folder.join(format!("{label}.plist")))
}

/// Whether there is a launchd to talk to.
fn runs() -> bool {
    cfg!(target_os = "macos")
}

pub(crate) async fn install(owner: &Owner, jobs: &[Job]) -> Result<(), Error> {
    for job in jobs {
        let label = launchd::label(&owner.name, job);
        let path = path(owner, &label)
            .ok_or_else(|| Error::failed("failed to find the folder of agents: HOME is not set"))?;
        let text = launchd::plist(&label, job, &owner.log).map_err(Error::failed)?;
        write(&path, &text)?;
        if runs() {
            let path = path.to_string_lossy();
            // Whether it was loaded before is no matter.
            let _ = run(&["launchctl", "unload", &path], None).await;
            must(&["launchctl", "load", "-w", &path], None).await?;
        }
    }
    Ok(())
}

pub(crate) async fn remove(owner: &Owner) -> Result<bool, Error> {
    let mut removed = false;
    for ending in JOBS {
        let label = format!("ai.atlas.backup.{}{ending}", owner.name);
        let Some(path) = path(owner, &label).filter(|path| path.exists()) else {
            continue;
        };
        if runs() {
            must(
                &["launchctl", "unload", "-w", &path.to_string_lossy()],
                None,
            )
            .await?;
        }
        removed |= erase(&path)?;
    }
    Ok(removed)
}

pub(super) async fn find(owner: &Owner) -> Result<Option<Found>, Error> {
    let label = format!("ai.atlas.backup.{}", owner.name);
    let Some(path) = path(owner, &label) else {
        return Ok(None);
    };
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(None);
    };
    let loaded = match runs() {
        true => run(&["launchctl", "list", &label], None).await?.0,
        false => false,
    };
    Ok(Some(Found {
        kind: "launchd",
        when: launchd::when(&text),
        lines: vec![path.display().to_string()],
        trouble: (!loaded).then(|| format!("launchd has not loaded {label}")),
    }))
}
