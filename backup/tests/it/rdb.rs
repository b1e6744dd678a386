//! The check of snapshots that a real Redis wrote: every type it knows, small and large; then each byte cut, each bit turned.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use atlas_backup::{Kind, rdb};

use crate::real;

/// Commands whose values are kept packed, as tables, compressed, as numbers, in streams with consumers, in two databases.
const SMALL: &str = r#"
SET text hello
SET number 12345
SET negative -7
SET wide 3000000000
SET compressed aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
SET fleeting 1 EX 100000
RPUSH list a b 1 -5000 70000 5000000000 20000000
SADD numbers 1 2 300 -70000 5000000000
SADD words x y z
ZADD scores 1 a 2.5 b inf c
HSET hash field value other 7
PFADD distinct a b c
XADD stream 1-1 field value
XADD stream 2-1 field value other 5
XADD stream 3-1 field value
XDEL stream 2-1
XGROUP CREATE stream readers 0
XREADGROUP GROUP readers ann COUNT 1 STREAMS stream >
EVAL "return 1" 0
SELECT 3
SET elsewhere x PX 100000000
"#;

/// Runs a private Redis with nothing but a socket, feeds it the commands, and returns the snapshot it saves.
fn snapshot(commands: &str, more: &[&str]) -> Option<Vec<u8>> {
    let server = real::binary("ATLAS_TEST_REDIS_SERVER", "Redis")?;
    let client = real::binary("ATLAS_TEST_REDIS_CLI", "redis-cli")?;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let mut running = Command::new(server)
        .args(["--port", "0", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(folder.path())
        .arg("--unixsocket")
        .arg(&socket)
        .args(more)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(running.stdout.take().unwrap()).lines();
    let ready = log
        .by_ref()
        .any(|line| line.unwrap().contains("ready to accept"));
    assert!(ready, "redis-server ended");
    let told = feed(Path::new(&client), &socket, commands);
    assert!(!told.contains("ERR"), "{told}");
    running.wait().unwrap();
    Some(std::fs::read(folder.path().join("dump.rdb")).unwrap())
}

fn feed(client: &Path, socket: &Path, commands: &str) -> String {
    let mut client = Command::new(client)
        .arg("-s")
        .arg(socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let text = format!("{commands}\nSAVE\nSHUTDOWN NOSAVE\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = client.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_cut_and_every_turned_bit_is_found() {
    let Some(bytes) = snapshot(SMALL, &[]) else {
        return;
    };
    let found = rdb::check(bytes.as_slice()).unwrap();
    assert_eq!((found.keys, found.expiring, found.checksum), (14, 2, true));
    assert_eq!(found.bytes, bytes.len() as u64);

    for end in 0..bytes.len() {
        let error = rdb::check(&bytes[..end]).expect_err("a cut snapshot passed");
        assert_eq!(error.kind, Kind::Damaged, "cut at {end}: {error}");
    }
    let mut turned = bytes.clone();
    for bit in 0..bytes.len() * 8 {
        turned[bit / 8] ^= 1 << (bit % 8);
        let error = rdb::check(turned.as_slice()).expect_err("a changed snapshot passed");
        assert_eq!(error.kind, Kind::Damaged, "bit {bit}: {error}");
        turned[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn large_values_of_every_type_pass() {
    let mut commands = String::new();
    for number in 0..2_000 {
        let text = format!("value-{number}-{}", "x".repeat(number % 90));
        commands += &format!(
            "RPUSH list {text}\nSADD set {text}\nSADD numbers {number}00000\nZADD scores {number}.25 {text}\nHSET hash {number} {text}\nXADD stream * {number} {text}\nSET key:{number} {text} EX 9000\n"
        );
    }
    commands += &format!("RPUSH plain {}\nRPUSH plain after\n", "y".repeat(9_000));
    for checksum in ["yes", "no"] {
        let Some(bytes) = snapshot(&commands, &["--rdbchecksum", checksum]) else {
            return;
        };
        let found = rdb::check(bytes.as_slice()).unwrap();
        assert_eq!((found.keys, found.expiring), (2_007, 2_000));
        assert_eq!(found.checksum, checksum == "yes");
    }
}
