//! Real servers as child processes on free ports, in folders of their own; gone when the test ends.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A child process that is killed when dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    child: Child,
    arguments: Vec<String>,
    binary: String,
    _folder: TempDir,
}

/// The binary a variable names; without it the test is skipped loudly, or fails where real parts are required.
pub(crate) fn binary(variable: &str, what: &str) -> Option<String> {
    if let Ok(path) = std::env::var(variable) {
        return Some(path);
    }
    assert!(
        std::env::var("ATLAS_TEST_REQUIRE_REAL").as_deref() != Ok("1"),
        "{variable} is not set, and real parts are required"
    );
    eprintln!("SKIPPED: no test against a real {what}: set {variable}");
    None
}

impl Server {
    /// Starts `binary` with the arguments made from its port and folder.
    pub(crate) fn start(binary: &str, arguments: impl Fn(u16, &str) -> Vec<String>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = TempDir::new().unwrap();
        let arguments = arguments(port, folder.path().to_str().unwrap());
        let child = spawn(binary, &arguments);
        Self {
            port,
            child,
            arguments,
            binary: binary.to_owned(),
            _folder: folder,
        }
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again on the same port and folder.
    pub(crate) fn revive(&mut self) {
        self.child = spawn(&self.binary, &self.arguments);
    }
}

fn spawn(binary: &str, arguments: &[String]) -> Child {
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
        .spawn()
        .unwrap_or_else(|error| panic!("{binary} does not start: {error}"))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
