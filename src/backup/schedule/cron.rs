//! The entry in the user's crontab, changed through `crontab` alone.

use std::path::Path;

use atlas_backup::schedule::{Job, crontab};

use super::{Found, Owner, must, run};
use crate::error::Error;

/// The whole crontab; empty when the user has none.
async fn read() -> Result<String, Error> {
    let (good, text, said) = run(&["crontab", "-l"], None).await?;
    match good {
        true => Ok(text),
        false if said.contains("no crontab") => Ok(String::new()),
        false => Err(Error::failed("failed to read the crontab")
            .details(said.lines().map(str::to_owned).collect())),
    }
}

/// Writes it and reads it back: some crons refuse lines silently.
async fn write(text: &str) -> Result<(), Error> {
    must(&["crontab", "-"], Some(text)).await?;
    match read().await? == text {
        true => Ok(()),
        false => Err(Error::failed(
            "failed to write the crontab: what it holds now is not what was written",
        )),
    }
}

pub(crate) async fn install(owner: &Owner, jobs: &[Job]) -> Result<(), Error> {
    let before = read().await?;
    let after = crontab::with(&before, &owner.directory, jobs, &owner.log);
    match after == before {
        true => Ok(()),
        false => write(&after).await,
    }
}

pub(crate) async fn remove(owner: &Owner) -> Result<bool, Error> {
    let before = read().await?;
    let after = crontab::without(&before, &owner.directory);
    if after == before {
        return Ok(false);
    }
    if after.is_empty() {
        must(&["crontab", "-r"], None).await?;
        return Ok(true);
    }
    write(&after).await.map(|()| true)
}

pub(super) async fn find(owner: &Owner, root: &Path) -> Result<Option<Found>, Error> {
    let text = read().await?;
    let lines = crontab::ours(&text, &owner.directory);
    if lines.is_empty() {
        return Ok(None);
    }
    let create = lines.iter().find(|line| line.contains(" backup create "));
    let fields = create.map(|line| line.split(' ').take(5).collect::<Vec<_>>().join(" "));
    Ok(Some(Found {
        kind: "cron",
        when: fields.and_then(|fields| fields.parse().ok()),
        lines: lines.into_iter().map(str::to_owned).collect(),
        trouble: (!runs(root)).then(|| "no cron daemon runs on this machine: start it".to_owned()),
    }))
}

/// Whether a cron daemon runs; where that cannot be told, it does.
fn runs(root: &Path) -> bool {
    let Ok(processes) = std::fs::read_dir(root.join("proc")) else {
        return true;
    };
    let mut names = processes
        .flatten()
        .filter_map(|process| std::fs::read_to_string(process.path().join("comm")).ok());
    names.any(|name| {
        matches!(
            name.trim(),
            "cron" | "crond" | "anacron" | "fcron" | "dcron"
        )
    })
}
