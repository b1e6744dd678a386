//! A real SSH server with a key for this user, and what lies in its folder.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use atlas_backup::Error;
use atlas_backup::repository::{Credentials, Location, Repository};

use crate::real::{Server, binary};

pub(crate) struct Ssh {
    server: Server,
    home: tempfile::TempDir,
}

impl Ssh {
    /// A server; `None` if there is no such part.
    pub(crate) fn start() -> Option<Self> {
        let binary = binary("ATLAS_TEST_SSHD", "SSH server")?;
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str| home.path().join(name).display().to_string();
        key(&file("host"));
        key(&file("key"));
        fs::copy(file("key.pub"), file("authorized")).unwrap();
        let known = format!(
            "atlas-test {}",
            fs::read_to_string(file("host.pub")).unwrap()
        );
        fs::write(file("known"), known).unwrap();
        let ours = format!(
            "HostKeyAlias atlas-test\nUserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\nIdentityFile {}\nIdentitiesOnly yes\n",
            file("known"),
            file("key")
        );
        fs::write(file("ssh_config"), ours).unwrap();
        let server = Server::start(&binary, |port, _| {
            let theirs = format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
                file("host"),
                file("authorized")
            );
            fs::write(file("sshd_config"), theirs).unwrap();
            ["-D", "-e", "-f", &file("sshd_config")]
                .map(str::to_owned)
                .to_vec()
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", server.port)).is_err() {
            assert!(Instant::now() < deadline, "the SSH server does not answer");
            std::thread::yield_now();
        }
        Some(Self { server, home })
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    /// The folder of the repository, as the server has it.
    pub(crate) fn root(&self) -> PathBuf {
        self.home.path().join("remote/backups")
    }

    /// A file of the test's own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn location(&self, port: u16) -> Location {
        let credentials = Credentials {
            ssh_config: Some(self.file("ssh_config")),
            ..Credentials::default()
        };
        let text = format!(
            "sftp://{}@127.0.0.1:{port}{}",
            user(),
            self.root().display()
        );
        Location::parse(&text, &credentials).unwrap()
    }

    pub(crate) async fn open(&self, port: u16) -> Result<Repository, Error> {
        Repository::open(&self.location(port)).await
    }

    /// All files and empty folders below the repository's, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.root(), "", &mut names);
        names.sort();
        names
    }
}

fn collect(folder: &Path, before: &str, names: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.map(Result::unwrap) {
        let name = format!("{before}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            let length = names.len();
            collect(&entry.path(), &format!("{name}/"), names);
            if names.len() == length {
                names.push(format!("{name}/"));
            }
        } else {
            names.push(name);
        }
    }
}

fn key(path: &str) {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", path]);
    assert!(keygen.status().unwrap().success());
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
