//! `kill -9` at moments of every kind: what is listed is whole, and what is left is cleaned.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use atlas_backup::manifest::Verified;
use atlas_backup::repository::{Listed, Repository};
use sha2::{Digest, Sha256};

use crate::specimen::{self, at, open};

const ROOT: &str = "ATLAS_TEST_CRASH_ROOT";
const KILLS: u64 = 100;

/// The child: makes, verifies and removes backups until it is killed, and says each step.
#[tokio::test]
#[ignore = "it is the child of the test below, and never ends"]
async fn works_until_it_is_killed() {
    let root = std::env::var(ROOT).unwrap();
    let repository = open(Path::new(&root)).await;
    let _lock = repository.lock("a child").await.unwrap();
    repository.clean().await.unwrap();
    let step = || writeln!(std::io::stderr(), "step").unwrap();
    let newest = repository.list().await.unwrap().pop();
    let newest = newest.and_then(|one| Some(one.whole()?.manifest.started.as_second()));
    let first = newest.unwrap_or_else(|| at(0).as_second()) - at(0).as_second() + 1;
    for second in first.. {
        step();
        let content = vec![second.to_le_bytes()[0]; 300_000];
        let manifest = specimen::manifest(at(second), &content);
        let mut draft = repository.begin(&manifest.id).await.unwrap();
        let mut writer = draft.file("mongodb.archive").unwrap();
        for piece in content.chunks(100_000) {
            writer.write_all(piece).unwrap();
            step();
        }
        draft.publish(&manifest).await.unwrap();
        step();
        let verified = Verified::default();
        repository.record(&manifest.id, &verified).await.unwrap();
        step();
        let listed = repository.list().await.unwrap();
        if listed.len() > 3 {
            repository.remove(listed[0].id()).await.unwrap();
        }
    }
}

fn child(root: &Path) -> Child {
    let name = "repository::crash::works_until_it_is_killed";
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(ROOT, root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// That each backup that is listed has the bytes that its manifest says.
async fn check(repository: &Repository) -> usize {
    let listed = repository.list().await.unwrap();
    for one in &listed {
        let Listed::Whole(entry) = one else {
            panic!("listed, and not whole: {one:?}")
        };
        for file in entry.files() {
            let mut bytes = Vec::new();
            let mut reader = repository.read(one.id(), &file.name).await.unwrap();
            reader.read_to_end(&mut bytes).unwrap();
            let hash = Sha256::digest(&bytes);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, file.sha256, "{}", one.id());
        }
    }
    listed.len()
}

#[tokio::test]
async fn no_kill_leaves_a_backup_that_is_not_whole() {
    let home = tempfile::tempdir().unwrap();
    let repository = open(home.path()).await;
    let (mut found, mut cleaned) = (0, 0);
    for kill in 0..KILLS {
        let mut child = child(home.path());
        let steps = BufReader::new(child.stderr.take().unwrap()).lines();
        let steps = steps.map_while(Result::ok).filter(|line| line == "step");
        let wanted = 1 + usize::try_from(kill * 7 % 23).unwrap();
        assert_eq!(
            steps.take(wanted).count(),
            wanted,
            "the child ended by itself"
        );
        // Somewhere in what comes after the step, not at its beginning each time.
        let moment = Instant::now() + Duration::from_micros(kill * 271 % 3_000);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();

        found += check(&repository).await;
        let lock = repository.lock("the next run").await.unwrap();
        cleaned += repository.clean().await.unwrap().len();
        drop(lock);
        let listed = check(&repository).await;
        let names = specimen::names(home.path());
        assert_eq!(
            names.len(),
            listed + 1,
            "more than backups and .lock: {names:?}"
        );
    }
    eprintln!("{KILLS} kills: {found} backups listed, all whole; {cleaned} remains cleaned");
    assert!(
        found > 0 && cleaned > 0,
        "no kill came while something was made"
    );
}
