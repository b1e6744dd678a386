//! One connection: a child process `ssh` that runs the server's SFTP. It ends with this process, whatever ends that.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use opendal::{Error, ErrorKind, Result};
use openssh_sftp_client::error::SftpErrorKind;
use openssh_sftp_client::{Error as SftpError, Sftp, SftpOptions};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(30);

/// How long the last words of an `ssh` that has ended are waited for.
const WORDS: Duration = Duration::from_secs(5);

/// Where to connect to, and how.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// Absolute, without a last `/`.
    pub(super) path: String,
    pub(super) identity: Option<PathBuf>,
    pub(super) config: Option<PathBuf>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) sftp: Sftp,
    _ssh: Child,
}

impl Session {
    pub(super) async fn open(target: &Target) -> Result<Self> {
        let mut ssh = command(target).spawn().map_err(|error| {
            Error::new(ErrorKind::Unexpected, "`ssh` cannot be run").set_source(error)
        })?;
        let (Some(stdin), Some(stdout), Some(mut stderr)) =
            (ssh.stdin.take(), ssh.stdout.take(), ssh.stderr.take())
        else {
            return Err(Error::new(ErrorKind::Unexpected, "`ssh` cannot be reached"));
        };
        let words = tokio::spawn(async move {
            let mut words = Vec::new();
            // What cannot be read of its words is missing in an error's text, and nowhere else.
            let _ = stderr.read_to_end(&mut words).await;
            String::from_utf8_lossy(&words).into_owned()
        });
        let greeting = Sftp::new(stdin, stdout, SftpOptions::new());
        match tokio::time::timeout(CONNECT, greeting).await {
            Ok(Ok(sftp)) => Ok(Self { sftp, _ssh: ssh }),
            Ok(Err(_)) => {
                // A master connection that `ssh` left behind may keep its stderr open.
                let words = tokio::time::timeout(WORDS, words).await;
                Err(refused(
                    &words.map_or_else(|_| String::new(), Result::unwrap_or_default),
                ))
            }
            Err(_) => {
                Err(Error::new(ErrorKind::Unexpected, "the server does not answer").set_temporary())
            }
        }
    }
}

fn command(target: &Target) -> Command {
    let mut ssh = Command::new("ssh");
    for option in [
        "BatchMode=yes",
        "ClearAllForwardings=yes",
        "ConnectTimeout=15",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=3",
    ] {
        ssh.args(["-o", option]);
    }
    if let Some(config) = &target.config {
        ssh.arg("-F").arg(config);
    }
    if let Some(identity) = &target.identity {
        ssh.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(identity);
    }
    if let Some(port) = target.port {
        ssh.args(["-p", &port.to_string()]);
    }
    // In a group of its own: Ctrl-C is for us, who need it to clean up.
    ssh.args(["-s", "--", &target.host, "sftp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    ssh
}

/// Why `ssh` ended, in its own last words.
fn refused(words: &str) -> Error {
    let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
    let last = last.unwrap_or("the connection was closed").to_owned();
    let lasting = [
        "Permission denied",
        "Host key verification failed",
        "not resolve",
    ];
    let error = Error::new(ErrorKind::Unexpected, last.clone());
    if lasting.iter().any(|words| last.contains(words)) {
        error
    } else {
        error.set_temporary()
    }
}

/// What the server or the connection says.
pub(super) fn explain(error: SftpError) -> Error {
    let (kind, temporary) = match &error {
        SftpError::SftpError(SftpErrorKind::NoSuchFile, _) => (ErrorKind::NotFound, false),
        SftpError::SftpError(SftpErrorKind::PermDenied, _) => (ErrorKind::PermissionDenied, false),
        SftpError::SftpError(..) => (ErrorKind::Unexpected, false),
        _ => (ErrorKind::Unexpected, true),
    };
    let words = match temporary {
        true => "the connection to the server was lost".to_owned(),
        false => format!("the server says: {error}"),
    };
    let error = Error::new(kind, words);
    if temporary {
        error.set_temporary()
    } else {
        error
    }
}

/// Files and folders that nobody else may read.
pub(super) mod private {
    use openssh_sftp_client::Error as SftpError;
    use openssh_sftp_client::file::File;
    use openssh_sftp_client::metadata::Permissions;

    use super::Session;

    fn owner_only(execute: bool) -> Permissions {
        let mut permissions = Permissions::new();
        permissions.set_read_by_owner(true);
        permissions.set_write_by_owner(true);
        permissions.set_execute_by_owner(execute);
        permissions
    }

    /// Makes a folder and those above it, where they are missing.
    pub(in crate::repository::remote) async fn folder(
        session: &Session,
        path: &str,
    ) -> Result<(), SftpError> {
        let mut fs = session.sftp.fs();
        let path = path.trim_end_matches('/');
        if fs.metadata(path).await.is_ok() {
            return Ok(());
        }
        let starts = path.match_indices('/').map(|(at, _)| at).skip(1);
        for end in starts.chain([path.len()]) {
            let part = &path[..end];
            if fs.metadata(part).await.is_err() {
                fs.dir_builder()
                    .permissions(owner_only(true))
                    .create(part)
                    .await?;
            }
        }
        Ok(())
    }

    /// Opens a file for writing, new or not.
    pub(in crate::repository::remote) async fn file(
        session: &Session,
        path: &str,
        fresh: bool,
    ) -> Result<File, SftpError> {
        let mut options = session.sftp.options();
        let mut file = options
            .write(true)
            .create(fresh)
            .truncate(fresh)
            .open(path)
            .await?;
        if fresh {
            file.set_permissions(owner_only(false)).await?;
        }
        Ok(file)
    }
}
