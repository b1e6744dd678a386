//! `atlas` on a real Docker engine. Owns what the tests share: a project of trivial services, the engine's and Compose's own
//! clients as witnesses, and waiting for a condition.

pub(crate) mod backend;
mod changes;
mod endpoints;
mod failures;
mod interop;
mod interrupted;
mod operate;
mod rotate;
mod session;
mod stores;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::atlas::{Project, Run};

/// Long enough for anything on a busy machine; nothing waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A project whose services are all `atlas-test/trivial:1`, on the engine at hand.
pub(crate) struct Stack {
    project: Project,
}

impl Deref for Stack {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.project
    }
}

impl Stack {
    /// `None`, said loudly, where there is no engine with the test images.
    pub(crate) fn new(test: &str) -> Option<Self> {
        is_there().then(|| Self {
            project: Project::new(test),
        })
    }

    /// A stack of the services `one`, `two` (after `one`) and `three` (after `two`).
    pub(crate) fn of_three(test: &str) -> Option<Self> {
        let stack = Self::new(test)?;
        stack.service("one", "scalable: true");
        stack.service("two", "scalable: true\ndepends_on: {one: healthy}");
        stack.service("three", "depends_on: {two: healthy}");
        stack.manifest("services-to-run: [three]");
        Some(stack)
    }

    /// Adds a service to the project's catalogue; `more` are further lines of its file.
    pub(crate) fn service(&self, name: &str, more: &str) {
        let file = format!("catalogue/{name}.yaml");
        self.write(&file, format!("{TRIVIAL}{more}\n"));
    }

    /// Writes atlas.yaml. The oldest engine there is has to read compose.yaml too.
    pub(crate) fn manifest(&self, text: &str) {
        let head = "catalogue: ./catalogue\noldest-engine: \"20.10\"\n";
        self.write("atlas.yaml", format!("{head}{text}\n"));
    }

    #[track_caller]
    pub(crate) fn up(&self) -> Run {
        self.run(&["up"]).exits(0)
    }

    /// Ids of the project's containers by their names, as the engine tells them, stopped ones too.
    pub(crate) fn ids(&self) -> BTreeMap<String, String> {
        let label = format!("label=com.docker.compose.project={}", self.name);
        let format = "{{.Names}} {{.ID}}";
        let list = docker(&[
            "ps",
            "-a",
            "--no-trunc",
            "--filter",
            &label,
            "--format",
            format,
        ]);
        let pair = |line: &str| {
            line.split_once(' ')
                .map(|(n, i)| (n.to_owned(), i.to_owned()))
        };
        list.lines().filter_map(pair).collect()
    }

    /// The id of the only container of a service.
    #[track_caller]
    pub(crate) fn id(&self, service: &str) -> String {
        let name = format!("{}-{service}-1", self.name);
        self.ids()
            .remove(&name)
            .unwrap_or_else(|| panic!("there is no container {name}"))
    }

    /// `atlas … --json`, its last object.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let run = self.run(&all);
        let last = run.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {}{}", run.stdout, run.stderr))
    }

    /// Asserts that everything is as wanted: nothing to do, all healthy, no container under a temporary name.
    #[track_caller]
    pub(crate) fn is_converged(&self) {
        let plan = self.run(&["plan", "--exit-code"]).exits(0);
        assert_eq!(plan.stdout, "nothing to do: everything is as wanted\n");
        self.run(&["status"]).exits(0);
        for name in self.ids().keys() {
            assert!(
                name.starts_with(&format!("{}-", self.name)),
                "left over: {name}"
            );
        }
    }

    /// The real `docker compose`, in the project's folder.
    pub(crate) fn compose(&self, arguments: &[&str]) -> Run {
        let program = std::env::var_os("ATLAS_TEST_COMPOSE").unwrap_or("docker-compose".into());
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.path())
            .env_remove("COMPOSE_PROJECT_NAME")
            .output()
            .expect("docker compose starts");
        Run::of(output)
    }
}

/// The smallest file of a catalogue.
const TRIVIAL: &str = r#"description: A service of a test
kind: integration
port: 8080
health: {http: /}
healthcheck: [CMD, /trivial, probe, "8080"]
user: "10001:10001"
images: {any: {image: "atlas-test/trivial:1"}}
"#;

/// Whether there is an engine with the test images.
pub(crate) fn is_there() -> bool {
    let found = Command::new("docker")
        .args(["image", "inspect", "atlas-test/trivial:1"])
        .output()
        .is_ok_and(|output| output.status.success());
    let required = std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_some();
    assert!(
        found || !required,
        "no Docker engine with the images of `tests/parts/provision`"
    );
    if !found {
        eprintln!("SKIPPED: no Docker engine with the images of `tests/parts/provision`");
    }
    found
}

/// What `docker …` prints. It is the witness of what the engine really has.
#[track_caller]
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker")
        .args(arguments)
        .output()
        .expect("docker starts");
    let run = Run::of(output).exits(0);
    run.stdout.trim_end().to_owned()
}

/// `docker inspect` of a container.
#[track_caller]
pub(crate) fn inspect(container: &str) -> Value {
    let text = docker(&["container", "inspect", container]);
    let mut all: Value = serde_json::from_str(&text).expect("docker inspect prints JSON");
    all[0].take()
}

/// A port that nothing uses and that no other test is given, of this run or another: a locked file per port says so until the
/// process ends. Below the ports that outgoing connections get (`net.ipv4.ip_local_port_range`).
pub(crate) fn free_port() -> u16 {
    static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let folder = std::env::temp_dir().join("atlas-test-ports");
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let mut taken = TAKEN.lock().expect("no test died holding it");
    for port in 20_000..32_000 {
        let file = File::create(folder.join(port.to_string())).expect("it is ours");
        if file.try_lock().is_ok() && TcpListener::bind(("0.0.0.0", port)).is_ok() {
            taken.push(file);
            return port;
        }
    }
    panic!("no port is free");
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Reads what a child says on stderr until a line contains `text`; returns what was said.
pub(crate) fn until(child: &mut Child, text: &str) -> String {
    let mut said = String::new();
    let stderr = child.stderr.as_mut().expect("it is piped");
    let mut stderr = BufReader::with_capacity(1, stderr);
    while !said.contains(text) {
        let read = stderr.read_line(&mut said).expect("it can be read");
        assert!(read > 0, "it ended without `{text}`: {said}");
    }
    said
}

/// A file of this repository.
pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
