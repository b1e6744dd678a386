//! Looks for the facts of `checks::environment`.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::Scene;
use crate::checks::Known;
use crate::checks::environment::{Environment, Git, Rights, Written};

/// Secrets and the bits they may have at most. Secret files are opened to containers, their folder to nobody.
const PRIVATE: [(&str, u32); 4] = [
    (".env", 0o600),
    (".atlas", 0o755),
    (".atlas/secrets", 0o700),
    (".atlas/backup.key", 0o600),
];
const SECRET_FILE: u32 = 0o444;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Environment> {
    let files: BTreeSet<&str> = scene
        .inputs
        .dotenv
        .iter()
        .map(|(_, setting)| setting.file.as_str())
        .collect();
    let written = files.into_iter().filter_map(|file| {
        let text = std::fs::read_to_string(scene.directory.join(file)).ok()?;
        let file = file.to_owned();
        Some(Written { file, text })
    });
    Ok(Environment {
        written: written.collect(),
        set: scene.environment.keys().cloned().collect(),
        rights: rights(scene.directory),
        git: git(scene.directory).await,
        references: scene.references.clone(),
    })
}

fn rights(directory: &Path) -> Vec<Rights> {
    let mut wanted: Vec<(PathBuf, u32)> = PRIVATE
        .into_iter()
        .map(|(path, most)| (path.into(), most))
        .collect();
    let secrets = std::fs::read_dir(directory.join(".atlas/secrets"));
    for entry in secrets.into_iter().flatten().flatten() {
        wanted.push((
            Path::new(".atlas/secrets").join(entry.file_name()),
            SECRET_FILE,
        ));
    }
    wanted.sort();
    let found = wanted.into_iter().filter_map(|(path, most)| {
        let meta = std::fs::metadata(directory.join(&path)).ok()?;
        let mode = meta.permissions().mode() & 0o777;
        // Its owner may do with a file whatever he likes.
        let most = most | 0o700;
        Some(Rights { path, mode, most })
    });
    found.collect()
}

/// What git says; nothing where there is no repository or no git.
async fn git(directory: &Path) -> Option<Git> {
    let mut folders = directory.ancestors();
    if !folders.any(|folder| folder.join(".git").exists()) || !directory.join(".env").exists() {
        return None;
    }
    let asked = |arguments: &'static [&'static str]| {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .status();
        async move { Some(status.await.ok()?.code()) }
    };
    let (tracked, ignored) = tokio::join!(
        asked(&["ls-files", "--error-unmatch", "--", ".env"]),
        asked(&["check-ignore", "--quiet", "--no-index", "--", ".env"]),
    );
    // 128: git itself refuses, such as for a repository of somebody else.
    let ignored = ignored?.filter(|code| matches!(code, 0 | 1))?;
    Some(Git {
        tracked: tracked? == Some(0),
        ignored: ignored == 0,
    })
}
