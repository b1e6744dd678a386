//! `atlas init` and `atlas env set` at a terminal, driven as a person would through `script`, which gives it a pseudo-terminal.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::atlas::{Project, executable};
use crate::offline;

const DEADLINE: Duration = Duration::from_secs(120);
pub(crate) const DOWN: &str = "\x1b[B";
pub(crate) const ENTER: &str = "\r";

/// A terminal with `atlas` in it.
pub(crate) struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    /// How much of the screen has been waited for.
    seen: usize,
    /// The device, such as `/dev/pts/3`.
    tty: String,
}

impl Terminal {
    /// With these words for atlas, and no engine.
    pub(crate) fn open(project: &Project, words: &str) -> Option<Self> {
        if Command::new("script").arg("--version").output().is_err() {
            offline::skipped("wizard", "`script` (util-linux) is not installed");
            return None;
        }
        let mut command = offline::command(project, &[]);
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command = Command::new("script");
        let line = format!(
            "tty; stty cols 100 rows 40; exec '{}' {words}",
            executable().display()
        );
        command
            .args(["-qec", &line, "/dev/null"])
            .current_dir(project.path())
            .env_clear()
            .envs(environment)
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("script starts");
        let keys = child.stdin.take().expect("piped");
        let mut output = child.stdout.take().expect("piped");
        let screen = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                shared.lock().expect("whole").push_str(&text);
            }
        });
        let mut terminal = Self {
            child,
            keys,
            screen,
            seen: 0,
            tty: String::new(),
        };
        terminal.shows("\n");
        terminal.tty = terminal.screen.lock().expect("whole")[..terminal.seen]
            .trim()
            .to_owned();
        Some(terminal)
    }

    /// Waits until the text is shown, after what was waited for before.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> &mut Self {
        let screen = Arc::clone(&self.screen);
        let seen = self.seen;
        let find = || screen.lock().expect("whole")[seen..].find(text);
        let at = self.waits(find, &format!("`{text}` is not shown"));
        self.seen += at + text.len();
        self
    }

    /// Waits until what is typed is a line without an echo: whatever was typed before that is thrown away.
    #[track_caller]
    pub(crate) fn hides(&mut self) -> &mut Self {
        let tty = self.tty.clone();
        let hidden = || {
            let modes = Command::new("stty").args(["-aF", &tty]).output();
            let modes = String::from_utf8(modes.expect("stty runs").stdout).expect("text");
            let mut modes = modes.split([' ', ';', '\n']);
            let line = modes.clone().any(|mode| mode == "icanon");
            (line && modes.any(|mode| mode == "-echo")).then_some(())
        };
        self.waits(hidden, "no secret is asked for");
        self
    }

    #[track_caller]
    fn waits<T>(&self, mut condition: impl FnMut() -> Option<T>, else_told: &str) -> T {
        let began = Instant::now();
        loop {
            if let Some(met) = condition() {
                return met;
            }
            let screen = self.screen.lock().expect("whole");
            assert!(began.elapsed() < DEADLINE, "{else_told}:\n{screen}");
            drop(screen);
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).expect("typed");
        self.keys.flush().expect("typed");
        self
    }

    /// How it ends, and everything that was on the screen.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        let screen = self.screen.lock().expect("whole").clone();
        (status.code(), screen)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nobody waiting for an answer. It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_wizard_asks_for_profile_data_and_credentials_and_writes() {
    let project = Project::new("wizard");
    let Some(mut terminal) = Terminal::open(&project, "-p demo init") else {
        return;
    };
    terminal
        .shows("What shall run?")
        .shows("atlassian  confluence, gateway, jira, orchestrator")
        .shows("choose services one by one")
        .types(ENTER)
        .shows("Where shall data be kept?")
        .shows("external    your own MongoDB and Redis; asks for URLs")
        .types(DOWN)
        .types(ENTER)
        .shows("Where shall it run?")
        .shows("compose     The engine of a machine: compose.yaml")
        .types(ENTER)
        .shows("Credentials. Enter alone leaves one for later: it has its line in .env.")
        .shows("Confluence: Searches and reads Confluence pages")
        .shows("where: https://admin.atlassian.com")
        .shows("CONFLUENCE_URL")
        .types("acme\r")
        .shows("it must be an address such as `https://host`, without spaces; try again, or press Enter alone")
        .types("https://acme.atlassian.net\r")
        .shows("CONFLUENCE_USERNAME")
        .types("me@acme.com\r")
        .shows("API token of that account")
        .shows("CONFLUENCE_TOKEN")
        .hides()
        .types("hunter2\r")
        .shows("Jira: Searches and reads Jira issues")
        .shows("JIRA_URL")
        .types(ENTER)
        .shows("JIRA_USERNAME")
        .types(ENTER)
        .shows("JIRA_TOKEN")
        .hides()
        .types(ENTER)
        .shows("left for later: JIRA_TOKEN")
        .shows("atlas.yaml")
        .shows("compose.yaml")
        .shows("next: `atlas up` brings it up");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains("hunter2"), "a secret is never shown");
    assert!(
        project
            .read("atlas.yaml")
            .contains("\nname: demo\nprofile: atlassian\ndata: embedded\n")
    );
    let dotenv = project.read(".env");
    for line in [
        "CONFLUENCE_URL=https://acme.atlassian.net",
        "CONFLUENCE_USERNAME=me@acme.com",
        "CONFLUENCE_TOKEN=hunter2",
        // Enter took what was said for Confluence.
        "JIRA_URL=https://acme.atlassian.net",
        "JIRA_USERNAME=me@acme.com",
        "JIRA_TOKEN=",
    ] {
        assert!(dotenv.lines().any(|l| l == line), "{line}:\n{dotenv}");
    }
}

#[test]
fn ctrl_c_in_the_middle_writes_nothing_and_gives_the_terminal_back() {
    for questions in [1, 2, 3] {
        let project = Project::new("wizard");
        let Some(mut terminal) = Terminal::open(&project, "-p demo init") else {
            return;
        };
        terminal.shows("What shall run?");
        if questions > 1 {
            terminal.types(ENTER).shows("Where shall data be kept?");
        }
        if questions > 2 {
            terminal.types(ENTER).shows("Where shall it run?");
            terminal.types(ENTER).shows("CONFLUENCE_URL").types(ENTER);
            terminal.shows("CONFLUENCE_USERNAME").types(ENTER);
            terminal.shows("CONFLUENCE_TOKEN").hides();
        }
        terminal
            .types("\x03")
            .shows("error: interrupted; nothing was changed");
        let (code, screen) = terminal.ends();
        assert_eq!(code, Some(130), "{screen}");
        let (hidden, shown) = (screen.rfind("\x1b[?25l"), screen.rfind("\x1b[?25h"));
        assert!(hidden < shown, "the cursor is shown again");
        let left = std::fs::read_dir(project.path()).expect("folder").count();
        assert_eq!(left, 0, "nothing is written");
    }
}

#[test]
fn services_are_chosen_one_by_one() {
    let project = Project::new("wizard");
    let Some(mut terminal) = Terminal::open(&project, "-p demo init") else {
        return;
    };
    terminal
        .shows("choose services one by one")
        .types(&DOWN.repeat(3))
        .types(ENTER)
        .shows("Which services? Space marks, Enter goes on")
        .types(ENTER)
        .shows("nothing is marked yet: move with the arrows, mark with Space")
        .shows("slack ")
        // Slack is the last one.
        .types("\x1b[A \x1b[A \r")
        .shows("Where shall data be kept?")
        .types(ENTER)
        .shows("Where shall it run?")
        .types(ENTER)
        .shows("SLACK_BOT_TOKEN")
        .hides()
        .types("xoxb-...\r")
        .shows("it still holds the example's placeholder; try again, or press Enter alone")
        .hides()
        .types(ENTER)
        .shows("next: `atlas up` brings it up");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    let manifest = project.read("atlas.yaml");
    let chosen = "\nname: demo\nservices-to-run: [productivity, slack]\n";
    assert!(manifest.contains(chosen), "{manifest}");
}

#[test]
fn a_target_is_asked_for_what_it_needs() {
    let project = Project::new("wizard");
    let words = "-p demo init devtools --data embedded";
    let Some(mut terminal) = Terminal::open(&project, words) else {
        return;
    };
    terminal
        .shows("Where shall it run?")
        .shows("kubernetes  A cluster: a folder for `kubectl apply -k`")
        .types(DOWN)
        .types(ENTER)
        .shows("The address by which clients reach the gateway")
        .shows("public-url")
        .types("api.example.com\r")
        .shows("it is not an address such as `https://api.example.com`; try again")
        .types("https://api.example.com\r")
        .shows("The built-in image as the cluster pulls it")
        .shows("image")
        .types("ghcr.io/acme/atlas:1\r")
        .shows("next, for kubernetes:")
        .shows("kubectl apply --server-side -k kubernetes/overlays/production");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    let manifest = project.read("atlas.yaml");
    let said =
        "\npublic-url: https://api.example.com\nkubernetes: {image: \"ghcr.io/acme/atlas:1\"}\n";
    assert!(manifest.contains(said), "{manifest}");
    assert!(!project.path().join("compose.yaml").exists());
}

#[test]
fn a_secret_is_asked_for_without_an_echo_and_set() {
    let project = Project::new("wizard-env");
    project.write(".env", "# mine\nJIRA_URL=\n");
    let Some(mut terminal) = Terminal::open(&project, "env set JIRA_URL JIRA_TOKEN") else {
        return;
    };
    terminal
        .shows("JIRA_URL")
        .types("https://acme.example\r")
        .shows("JIRA_TOKEN")
        .hides()
        .types("hunter2\r")
        .shows("JIRA_TOKEN is set in .env");
    let (code, screen) = terminal.ends();
    assert_eq!(code, Some(0), "{screen}");
    assert!(!screen.contains("hunter2"), "a secret is never shown");
    assert_eq!(
        project.read(".env"),
        "# mine\nJIRA_URL=https://acme.example\nJIRA_TOKEN=hunter2\n"
    );
}
