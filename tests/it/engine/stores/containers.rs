//! What the stores are built on: files through the engine, commands whose output is data, containers for one question.

use std::io::Read;
use std::time::Duration;

use atlas::engines::EngineError;
use atlas::engines::docker::{Command, FileFacts, Throwaway};

use super::super::{docker, eventually, is_there};
use super::{block_on, engine};

/// Names of the throwaway containers and networks of a purpose that belong to this process.
#[track_caller]
pub(super) fn no_throwaway_of_this_process(purpose: &str) {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let label = format!("label=ai.atlas.throwaway={host}/{}", std::process::id());
    for list in [["ps", "-a"], ["network", "ls"]] {
        let mut arguments = list.to_vec();
        arguments.extend(["--filter", &label, "--format", "{{.}}"]);
        let found = docker(&arguments);
        let found: Vec<&str> = found
            .lines()
            .filter(|line| line.contains(purpose))
            .collect();
        assert_eq!(found, [""; 0]);
    }
}

/// A running container with a shell.
fn shell() -> Option<String> {
    is_there().then(|| docker(&["run", "-d", "redis:7-alpine"]))
}

fn text(from: &mut dyn Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.read_to_string(&mut text).map(|_| text)
}

#[test]
fn a_file_goes_in_and_comes_out_with_owner_and_mode() {
    let Some(id) = shell() else { return };
    docker(&["stop", "-t", "0", &id]);
    let facts = FileFacts {
        uid: 999,
        gid: 1000,
        mode: 0o640,
        size: 700_001,
    };
    let content: Vec<u8> = (0..facts.size).map(|at| (at % 251) as u8).collect();
    let (written, expected) = (content.clone(), facts.clone());
    let folder = tempfile::tempdir().unwrap();
    let short = block_on(async {
        let engine = engine(folder.path()).await;
        let put = engine.put(&id, "/data", "file", &facts, std::io::Cursor::new(written));
        put.await.unwrap();
        let fetched = engine.fetch(&id, "/data/file", move |facts, from| {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map(|_| (facts.clone(), bytes))
        });
        assert_eq!(fetched.await.unwrap().unwrap(), (expected, content));
        let put = engine.put(&id, "/data", "short", &facts, &b"only this"[..]);
        let short = put.await.unwrap_err();
        let missing = engine.fetch(&id, "/data/none", |_, from| text(from)).await;
        assert!(
            missing
                .unwrap_err()
                .to_string()
                .contains("failed to fetch `/data/none`")
        );
        let folder = engine.fetch(&id, "/data", |_, from| text(from)).await;
        assert_eq!(
            folder.unwrap_err().to_string(),
            "failed to fetch `/data`: it is not a regular file"
        );
        short
    });
    docker(&["rm", "-fv", &id]);
    assert_eq!(
        short.to_string(),
        "failed to put `/data/short`: 699992 of 700001 bytes are missing"
    );
}

#[test]
fn output_ends_well_only_with_exit_code_0() {
    let Some(id) = shell() else { return };
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let engine = engine(folder.path()).await;
        let run = async |script: &str| {
            let command = Command::new(["sh", "-c", script]);
            let ran = engine.stream(&id, &command, std::future::pending(), |from| text(from));
            ran.await.unwrap()
        };
        let good = run("echo out; echo err >&2").await;
        assert_eq!(
            (good.value.unwrap(), good.code, good.said),
            ("out\n".into(), 0, "err\n".into())
        );
        // A tool that fails half-way looks complete to whoever only reads its output.
        let bad = run("echo out; echo disk full >&2; exit 3").await;
        assert_eq!(bad.code, 3);
        assert_eq!(bad.value.unwrap_err().to_string(), "exit code 3: disk full");
        let asked = engine
            .ask(&id, &Command::new(["sh", "-c", "echo no >&2; exit 4"]))
            .await;
        assert_eq!(
            asked.unwrap_err().to_string(),
            format!("failed to run a command in `{id}`: `sh` exits 4: no")
        );
        let large = run("head -c 3000000 /dev/zero | tr '\\0' x").await;
        assert_eq!(large.value.unwrap().len(), 3_000_000);
    });
    docker(&["rm", "-fv", &id]);
}

#[test]
fn an_interrupted_command_is_killed_in_the_container() {
    let Some(id) = shell() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (seen, stop) = tokio::sync::oneshot::channel();
    let error = block_on(async {
        let engine = engine(folder.path()).await;
        let mut command = Command::new(["sleep", "98765"]);
        command.stoppable = true;
        let running = engine.stream(&id, &command, async { drop(stop.await) }, |from| text(from));
        let watched = tokio::task::spawn_blocking({
            let id = id.clone();
            move || {
                eventually("it runs", || docker(&["top", &id]).contains("sleep 98765"));
                seen.send(()).unwrap();
            }
        });
        let (ran, watched) = tokio::join!(running, watched);
        watched.unwrap();
        ran.map(|ended| ended.code).unwrap_err()
    });
    assert_eq!(error.cause, "interrupted");
    eventually("it is gone", || {
        !docker(&["top", &id]).contains("sleep 98765")
    });
    docker(&["rm", "-fv", &id]);
}

#[test]
fn a_throwaway_is_gone_after_success_and_failure() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let wanted = Throwaway {
        purpose: "test-ends",
        image: "redis:7-alpine".into(),
        command: None,
        network: true,
        ..Throwaway::default()
    };
    block_on(async {
        let engine = engine(folder.path()).await;
        let good = engine.with_throwaway(&wanted, async |container: &str| {
            engine.start(container).await?;
            let volume = "{{range .Mounts}}{{.Name}}{{end}}";
            Ok::<_, EngineError>(docker(&["inspect", "-f", volume, container]))
        });
        let volume = good.await.unwrap();
        assert_eq!(volume.len(), 64, "an anonymous volume: {volume}");
        let volumes = docker(&["volume", "ls", "-q"]);
        assert!(!volumes.contains(&volume), "its volume is left");
        let bad = engine.with_throwaway(&wanted, async |container: &str| {
            engine.start(container).await?;
            engine.ask(container, &Command::new(["false"])).await
        });
        assert!(
            bad.await
                .unwrap_err()
                .to_string()
                .ends_with("`false` exits 1")
        );
        let missing = Throwaway {
            image: "atlas-test/no-such:1".into(),
            ..wanted.clone()
        };
        let missing = engine.with_throwaway(&missing, async |_: &str| Ok::<_, EngineError>(()));
        assert!(
            missing
                .await
                .unwrap_err()
                .to_string()
                .contains("failed to create")
        );
    });
    no_throwaway_of_this_process("test-ends");
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not() {
    if !is_there() {
        return;
    }
    let mut killed = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let label = format!("ai.atlas.throwaway={host}/{}", killed.id());
    let name = format!("atlas-left-{}", killed.id());
    docker(&["network", "create", "--label", &label, &name]);
    docker(&[
        "run",
        "-d",
        "--name",
        &name,
        "--network",
        &name,
        "--label",
        &label,
        "redis:7-alpine",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let sweep = || {
        block_on(async {
            let swept = engine(folder.path()).await.sweep_throwaways().await;
            swept.unwrap().contains(&name)
        })
    };
    assert!(!sweep(), "its process lives");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(sweep());
    let filter = format!("name={name}");
    assert_eq!(docker(&["ps", "-aq", "--filter", &filter]), "");
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &filter]), "");
    assert!(!sweep());
}

#[test]
fn work_that_is_given_up_still_removes_its_throwaway() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let wanted = Throwaway {
        purpose: "test-late",
        image: "redis:7-alpine".into(),
        command: None,
        network: false,
        ..Throwaway::default()
    };
    block_on(async {
        let engine = engine(folder.path()).await;
        let late = engine.with_throwaway(&wanted, async |container: &str| {
            engine.start(container).await?;
            let command = Command::new(["sleep", "600"]);
            let asked = engine.ask(container, &command);
            let late = tokio::time::timeout(Duration::from_millis(200), asked).await;
            late.unwrap_or_else(|_| Ok("given up".into()))
        });
        assert_eq!(late.await.unwrap(), "given up");
    });
    no_throwaway_of_this_process("test-late");
}
