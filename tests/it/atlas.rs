//! Running `atlas` in a folder of its own and reading what it said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// A project directory that goes when the test ends, with its containers.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    /// Environment of every run.
    variables: Mutex<BTreeMap<String, String>>,
    pub(crate) name: String,
}

/// What a run said.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The executable under test. `ATLAS_TEST_EXECUTABLE` names another build of it, such as a released one.
pub(crate) fn executable() -> PathBuf {
    std::env::var_os("ATLAS_TEST_EXECUTABLE")
        .map_or_else(|| env!("CARGO_BIN_EXE_atlas").into(), PathBuf::from)
}

impl Project {
    /// An empty folder; the project's name is unique, so that two runs at once never collide.
    pub(crate) fn new(test: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("atlas-it-{test}-"))
            .tempdir()
            .expect("a temporary folder");
        let name = folder
            .path()
            .file_name()
            .expect("it has a name")
            .to_string_lossy();
        let name = name
            .to_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        Self {
            folder,
            variables: Mutex::default(),
            name,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("folder");
        std::fs::write(path, contents).expect("file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect(name)
    }

    /// Sets a variable of the environment for all runs from now on.
    #[allow(dead_code)]
    pub(crate) fn set(&self, name: &str, value: impl Into<String>) {
        let mut variables = self.variables.lock().expect("no thread panics");
        variables.insert(name.to_owned(), value.into());
    }

    /// `atlas` in the folder, with nothing of the caller's environment that could change what it does.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("COMPOSE_PROJECT_NAME")
            .env("NO_COLOR", "1")
            .envs(&*self.variables.lock().expect("no thread panics"))
            .stdin(Stdio::null());
        command
    }

    #[allow(dead_code)]
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().expect("atlas starts"))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if self.path().join(".atlas").is_dir() {
            // A test that failed half-way must not leave containers behind.
            let _ = self
                .command(&["-p", &self.name, "down", "--volumes", "--yes"])
                .output();
        }
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts the exit code, showing everything that was said when it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}
