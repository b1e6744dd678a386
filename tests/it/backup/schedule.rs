//! Schedules: written, shown and removed for real. The crontab is that of a user made for the test; systemd's own tools judge
//! its units.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::atlas::{Project, Run, executable};

/// A user of the system with a crontab, and a folder with a `crontab` that changes that one.
struct Cron {
    user: String,
    folder: tempfile::TempDir,
    program: String,
}

impl Cron {
    fn new(project: &Project) -> Option<Self> {
        let program = super::real::binary("ATLAS_TEST_CRONTAB", "crontab")?;
        let tail = &project.name[project.name.len() - 6..];
        let user = format!("it-{tail}");
        let made = Command::new("useradd").args(["-M", &user]).status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "a user for the test"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let cron = Self {
            user,
            folder,
            program,
        };
        let script = format!("#!/bin/sh\nexec {} -u {} \"$@\"\n", cron.program, cron.user);
        let path = cron.folder.path().join("crontab");
        std::fs::write(&path, script).expect("a script");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("it is ours");
        Some(cron)
    }

    fn path(&self) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        format!("{}:{path}", self.folder.path().display())
    }

    /// The crontab as the system keeps it.
    fn text(&self) -> String {
        let output = Command::new(&self.program)
            .args(["-u", &self.user, "-l"])
            .output()
            .expect("crontab runs");
        Run::of(output).stdout
    }

    fn set(&self, text: &str) {
        let file = self.folder.path().join("before");
        std::fs::write(&file, text).expect("a file");
        let output = Command::new(&self.program)
            .args(["-u", &self.user])
            .arg(file)
            .output();
        Run::of(output.expect("crontab runs")).exits(0);
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        let arguments = ["-u", &self.user, "-r"];
        let _ = Command::new(&self.program).args(arguments).output();
        let _ = Command::new("userdel").arg(&self.user).output();
    }
}

fn run(project: &Project, cron: &Cron, directory: &Path, words: &[&str]) -> Run {
    let mut command = project.command(&["-C", &directory.to_string_lossy(), "backup", "schedule"]);
    command
        .args(words)
        .env("PATH", cron.path())
        .env_remove("DOCKER_HOST");
    Run::of(command.output().expect("atlas starts"))
}

const FOREIGN: &str = "# mine\nMAILTO=\"\"\n*/5 * * * * /usr/bin/true  \n\n";

#[test]
fn a_real_crontab_gets_the_entry_and_keeps_its_other_lines() {
    let project = Project::new("cron");
    let Some(cron) = Cron::new(&project) else {
        return;
    };
    cron.set(FOREIGN);
    let directory = project.path().join("my 100% demo");
    std::fs::create_dir(&directory).expect("a folder");
    let directory = directory.canonicalize().expect("it is there");
    let set = ["set", "--at", "03:15", "--kind", "cron"];
    let said = run(&project, &cron, &directory, &set).exits(0).stdout;
    assert!(
        said.starts_with("backups of my100demo are scheduled by cron\n"),
        "{said}"
    );
    assert!(said.contains("when  15 3 * * *\n"), "{said}");

    let (atlas, folder) = (executable(), directory.display().to_string());
    let quoted = folder.replace('%', "\\%");
    let atlas = atlas.display();
    let log = format!(">>'{quoted}/.atlas/backup.log' 2>&1");
    let expected = format!(
        "{FOREIGN}# atlas backup of {folder}: begin\n\
         15 6 * * * {atlas} -C '{quoted}' backup check --max-age 26h --notify {log}\n\
         15 3 * * * {atlas} -C '{quoted}' backup create --prune --notify --yes {log}\n\
         # atlas backup of {folder}: end\n"
    );
    assert_eq!(cron.text(), expected);

    // The shell that cron starts reads the line as it was meant; cron itself takes the backslash away.
    let line = expected
        .lines()
        .find(|line| line.contains("create"))
        .expect("a line");
    let command = line
        .splitn(6, ' ')
        .nth(5)
        .expect("a command")
        .replace("\\%", "%");
    let words = command.split(" >>").next().expect("a command");
    let echo = words.replacen(&atlas.to_string(), "printf '%s\\n'", 1);
    let output = Command::new("sh")
        .args(["-c", &echo])
        .output()
        .expect("sh runs");
    let read = Run::of(output).stdout;
    assert_eq!(
        read,
        format!("-C\n{folder}\nbackup\ncreate\n--prune\n--notify\n--yes\n")
    );

    run(&project, &cron, &directory, &set).exits(0);
    assert_eq!(cron.text(), expected, "set again, it is the same");
    let every = ["set", "--every", "6h", "--kind", "cron"];
    run(&project, &cron, &directory, &every).exits(0);
    let text = cron.text();
    assert!(
        text.starts_with(FOREIGN) && text.contains("\n0 */6 * * * "),
        "{text}"
    );
    assert!(
        text.contains(" backup check --max-age 8h --notify "),
        "{text}"
    );

    run(&project, &cron, &directory, &["remove"]).exits(0);
    assert_eq!(cron.text(), FOREIGN);
    let none = run(&project, &cron, &directory, &["show"]).exits(0);
    assert!(
        none.stderr.starts_with("no backups are scheduled; "),
        "{}",
        none.stderr
    );
}

/// `systemd-analyze`, a judge of texts that needs no running systemd.
fn judge(words: &[&str]) -> Option<Run> {
    let output = Command::new("systemd-analyze").args(words).output();
    match output {
        Ok(output) => Some(Run::of(output)),
        Err(_) => {
            eprintln!("SKIPPED: no systemd-analyze to judge units");
            None
        }
    }
}

#[test]
fn units_of_systemd_are_what_systemd_reads() {
    use atlas_backup::schedule::{Job, systemd};
    let folder = tempfile::tempdir().expect("a folder");
    let program = PathBuf::from("/bin/true").display().to_string();
    for fields in [
        "15 3 * * *",
        "0 */6 * * *",
        "*/30 * * * *",
        "0 4 1,15 jan-mar sun",
        "5 4 * * 1-5",
    ] {
        let job = Job {
            name: "create",
            command: vec![program.clone(), "-C".into(), "/srv/50% \"x\" $HOME".into()],
            when: fields.parse().expect("fields"),
        };
        let timer = systemd::timer("demo", &job);
        let calendars = timer
            .lines()
            .filter_map(|line| line.strip_prefix("OnCalendar="));
        for calendar in calendars {
            let Some(said) = judge(&["calendar", calendar]) else {
                return;
            };
            assert_eq!(said.code, 0, "{fields}: {calendar}: {}", said.stderr);
        }
        let service = folder.path().join("atlas-backup-demo.service");
        std::fs::write(&service, systemd::service("demo", &job)).expect("a unit");
        std::fs::write(service.with_extension("timer"), timer).expect("a unit");
        let Some(said) = judge(&[
            "verify",
            "--man=no",
            &service.with_extension("timer").to_string_lossy(),
        ]) else {
            return;
        };
        assert!(
            !said.stderr.contains("atlas-backup-demo"),
            "{fields}: {}",
            said.stderr
        );
    }
}
