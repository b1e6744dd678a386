//! Entries of systemd, cron and launchd that make backups of a project: written, found and removed for real. The texts of entries
//! belong to `atlas_backup::schedule`.

pub(crate) mod cron;
pub(crate) mod launchd;
pub(crate) mod systemd;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use atlas_backup::schedule::{self as times, Cron};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::error::{Error, cause};

/// After the longest time between two runs, a backup may take so long before it counts as missed.
pub const SLACK_HOURS: i64 = 2;

/// Whose entries, and where they could be.
pub struct Owner {
    /// The project directory.
    pub(crate) directory: String,
    pub(crate) project: String,
    /// The project's name with a digest of its folder: two folders of one name have two entries.
    pub(crate) name: String,
    pub(crate) home: Option<PathBuf>,
    /// Where units of systemd lie.
    pub(crate) units: Option<PathBuf>,
    pub(crate) root: bool,
    /// What the jobs say, where there is no journal.
    pub(crate) log: String,
    /// Whether there is a `crontab` to ask.
    pub(crate) crontab: bool,
}

/// What was found of an entry.
pub struct Found {
    pub(crate) kind: &'static str,
    pub(crate) when: Option<Cron>,
    /// Files or lines.
    pub(crate) lines: Vec<String>,
    /// Why it will not run, though it is written.
    pub(crate) trouble: Option<String>,
}

impl Owner {
    /// The owner of a project's entries.
    ///
    /// # Errors
    /// No entry can carry the path of the project directory.
    pub fn of(
        directory: &Path,
        project: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let directory = directory.to_str().ok_or_else(|| unusable("UTF-8"))?;
        if let Some(what) = times::unquotable(directory) {
            return Err(unusable(what));
        }
        let digest = Sha256::digest(directory.as_bytes());
        let short: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
        let folder = |name: &str| {
            let value = environment.get(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let home = folder("HOME");
        let root = rustix::process::geteuid().is_root();
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let path = environment.get("PATH").map_or("", String::as_str);
        Ok(Self {
            directory: directory.to_owned(),
            project: project.to_owned(),
            name: format!("{project}-{short}"),
            units: match root {
                true => Some(PathBuf::from("/etc/systemd/system")),
                false => config.map(|folder| folder.join("systemd/user")),
            },
            home,
            root,
            log: format!("{directory}/.atlas/backup.log"),
            crontab: path
                .split(':')
                .any(|folder| Path::new(folder).join("crontab").is_file()),
        })
    }
}

/// The project's entry, whatever runs it. Processes are looked for below `root`.
///
/// # Errors
/// What has entries cannot be asked.
pub async fn find(owner: &Owner, root: &Path) -> Result<Option<Found>, Error> {
    if let Some(found) = systemd::find(owner).await? {
        return Ok(Some(found));
    }
    if let Some(found) = launchd::find(owner).await? {
        return Ok(Some(found));
    }
    match owner.crontab {
        true => cron::find(owner, root).await,
        false => Ok(None),
    }
}

/// What no entry can carry.
pub(crate) fn unusable(what: &str) -> Error {
    let message = match what {
        "UTF-8" => "the paths of project and atlas must be UTF-8 for an entry of a schedule".into(),
        what => format!("no entry of a schedule can carry a path with {what}"),
    };
    Error::new(crate::exit::Exit::Usage, message)
}

/// What a program said, and whether it ended well.
pub(crate) async fn run(
    words: &[&str],
    input: Option<&str>,
) -> Result<(bool, String, String), Error> {
    let (program, arguments) = words.split_first().unwrap_or((&"", &[]));
    let failed = |error: std::io::Error| {
        Error::failed(format!("failed to run `{program}`: {}", cause(&error)))
    };
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(input.unwrap_or_default().as_bytes())
            .await
            .map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    ))
}

/// As [`run`], where anything but a good end is a failure.
pub(crate) async fn must(words: &[&str], input: Option<&str>) -> Result<String, Error> {
    let (good, stdout, stderr) = run(words, input).await?;
    match good {
        true => Ok(stdout),
        false => Err(
            Error::failed(format!("failed to run `{}`", words.join(" ")))
                .details(stderr.lines().map(str::to_owned).collect()),
        ),
    }
}

/// Writes a file of an entry; its folder is made.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| {
            Error::failed(format!(
                "failed to write `{}`: {}",
                path.display(),
                cause(&error)
            ))
        })
}

/// Removes a file of an entry; whether it was there.
pub(crate) fn erase(path: &Path) -> Result<bool, Error> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::failed(format!(
            "failed to remove `{}`: {}",
            path.display(),
            cause(&error)
        ))),
    }
}
