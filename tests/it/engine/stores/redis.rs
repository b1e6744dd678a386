//! Redis with its append-only file, as the catalogue runs it: taken, lost, restored, started again.

use std::path::PathBuf;

use atlas::backup::redis::{self, Restored, Taken};
use atlas::backup::{drill, source::Held};
use atlas::engines::docker::DockerEngine;
use atlas_backup::{Error, Kind, rdb};

use super::super::{Stack, docker, eventually, inspect};
use super::{block_on, engine, held, input_of, never, output, silent, sources};

/// Every key with the hash of its value and whether it expires, in order.
const DIGEST: &str = "local all = redis.call('KEYS', '*') table.sort(all) local text = ''
for _, key in ipairs(all) do text = text .. key .. redis.sha1hex(redis.call('DUMP', key)) .. tostring(redis.call('TTL', key) > 0) end
return #all .. ' ' .. redis.sha1hex(text)";

/// 1,003 keys, 100 of which expire.
const FILL: &str = "for i = 1, 1000 do redis.call('SET', 'key:' .. i, string.rep('v', i)) end
for i = 1, 100 do redis.call('EXPIRE', 'key:' .. i, 100000) end
redis.call('RPUSH', 'list', 'a', 'b', 'c') redis.call('HSET', 'hash', 'field', 'value') redis.call('ZADD', 'scores', 1.5, 'a', 2, 'b')";

/// A running Redis of a project, and a folder for its backups.
struct Store {
    stack: Stack,
    id: String,
}

impl Store {
    fn new(test: &str) -> Option<Self> {
        let stack = Stack::new(test)?;
        stack.write("atlas.yaml", "services-to-run: [redis]\n");
        stack.run(&["init", "--yes"]).exits(0);
        stack.up();
        let id = stack.id("redis");
        Some(Self { stack, id })
    }

    /// What Redis answers; the password stays in the container.
    fn ask(&self, words: &[&str]) -> String {
        ask(&self.id, words)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.stack.path().join(name)
    }

    async fn held(&self, engine: &DockerEngine) -> Held {
        sources(&self.stack, engine).await.redis.expect("a Redis")
    }

    fn take(&self, name: &str) -> Result<Taken, Error> {
        block_on(async {
            let engine = engine(self.stack.path()).await;
            let held = self.held(&engine).await;
            redis::snapshot(&engine, &held, output(&self.file(name)), silent(), never()).await
        })
    }

    fn restore(&self, name: &str) -> Result<Restored, Error> {
        block_on(async {
            let engine = engine(self.stack.path()).await;
            let held = self.held(&engine).await;
            redis::restore(&engine, &held, &|| input_of(&self.file(name)), never()).await
        })
    }
}

fn ask(id: &str, words: &[&str]) -> String {
    let script = "file=/run/secrets/redis_conf; [ -r $file ] && export REDISCLI_AUTH=$(sed -n 's/^requirepass //p' $file); exec redis-cli \"$@\"";
    let mut arguments = vec!["exec", id, "sh", "-c", script, "sh"];
    arguments.extend(words);
    docker(&arguments)
}

fn digest(id: &str) -> String {
    ask(id, &["EVAL", DIGEST, "0"])
}

fn wait_until_up(id: &str) {
    eventually("Redis answers", || {
        let inspected = inspect(id);
        inspected["State"]["Running"] == true && {
            let output = std::process::Command::new("docker")
                .args(["exec", id, "redis-cli", "PING"])
                .output()
                .expect("docker starts");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            said.starts_with("PONG") || said.starts_with("NOAUTH")
        }
    });
}

#[test]
fn all_keys_come_back_and_stay_through_restarts_and_kills() {
    let Some(store) = Store::new("redis-round") else {
        return;
    };
    store.ask(&["EVAL", FILL, "0"]);
    let before = digest(&store.id);
    let configuration = inspect(&store.id)["Config"].take();

    let taken = store.take("redis.rdb.gz").unwrap();
    assert_eq!(
        (taken.rdb.keys, taken.rdb.expiring, taken.rdb.checksum),
        (1_003, 100, true)
    );
    assert!(
        taken.server_version.starts_with("7."),
        "{}",
        taken.server_version
    );
    assert_eq!(taken.written.raw_size, taken.rdb.bytes);
    let read = rdb::check(input_of(&store.file("redis.rdb.gz")).unwrap()).unwrap();
    assert_eq!(read, taken.rdb);

    store.ask(&["FLUSHALL"]);
    store.ask(&["SET", "later", "x"]);
    let restored = store.restore("redis.rdb.gz").unwrap();
    assert_eq!((restored.rdb, restored.keys), (taken.rdb, 1_003));
    assert_eq!(digest(&store.id), before);

    // The same container with the same configuration; its append-only files are its own.
    assert_eq!(inspect(&store.id)["Config"].take(), configuration);
    assert!(store.ask(&["CONFIG", "GET", "appendonly"]).ends_with("yes"));
    eventually("Redis removes the files that were before", || {
        let files = docker(&["exec", &store.id, "ls", "/data/appendonlydir"]);
        files.lines().count() == 3
    });

    store.ask(&["SET", "after", "x"]);
    let before = digest(&store.id);
    docker(&["restart", &store.id]);
    wait_until_up(&store.id);
    assert_eq!(digest(&store.id), before);
    docker(&["kill", "-s", "KILL", &store.id]);
    docker(&["start", &store.id]);
    wait_until_up(&store.id);
    assert_eq!(digest(&store.id), before);
}

#[test]
fn a_damaged_snapshot_touches_nothing() {
    let Some(store) = Store::new("redis-damaged") else {
        return;
    };
    store.ask(&["SET", "precious", "x"]);
    store.take("redis.rdb.gz").unwrap();
    let mut plain = Vec::new();
    std::io::Read::read_to_end(
        &mut input_of(&store.file("redis.rdb.gz")).unwrap(),
        &mut plain,
    )
    .unwrap();
    let middle = plain.len() / 2;
    plain[middle] ^= 1;
    std::fs::write(store.file("damaged"), plain).unwrap();
    let started = inspect(&store.id)["State"]["StartedAt"].take();

    let error = store.restore("damaged").unwrap_err();
    assert_eq!(error.kind, Kind::Damaged);
    assert_eq!(inspect(&store.id)["State"]["StartedAt"].take(), started);
    assert_eq!(store.ask(&["GET", "precious"]), "x");
}

/// Redis 7 does not read what a later version wrote; the check here does.
#[test]
fn what_redis_does_not_load_leaves_it_with_what_it_had() {
    let Some(store) = Store::new("redis-newer") else {
        return;
    };
    store.take("redis.rdb.gz").unwrap();
    let mut newer = Vec::new();
    std::io::Read::read_to_end(
        &mut input_of(&store.file("redis.rdb.gz")).unwrap(),
        &mut newer,
    )
    .unwrap();
    newer[5..9].copy_from_slice(b"0012");
    // Without a checksum.
    let end = newer.len() - 8;
    newer[end..].fill(0);
    std::fs::write(store.file("newer"), newer).unwrap();
    store.ask(&["EVAL", FILL, "0"]);
    let before = digest(&store.id);

    let error = store.restore("newer").unwrap_err();
    assert!(
        error.cause.starts_with("Redis does not start with it: "),
        "{error}"
    );
    assert!(
        error.cause.contains("Can't handle RDB format version 12"),
        "{error}"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("what Redis had before is in place again")
    );
    wait_until_up(&store.id);
    assert_eq!(digest(&store.id), before);
}

/// Redis that cannot start at all is what a restore is for.
#[test]
fn a_redis_whose_files_are_damaged_is_restored() {
    let Some(store) = Store::new("redis-broken") else {
        return;
    };
    store.ask(&["EVAL", FILL, "0"]);
    let before = digest(&store.id);
    store.take("redis.rdb.gz").unwrap();
    let damage = "cd /data/appendonlydir && for file in *.aof; do echo damage > $file; done";
    docker(&["exec", &store.id, "sh", "-c", damage]);
    docker(&["stop", &store.id]);
    assert_eq!(store.restore("redis.rdb.gz").unwrap().keys, 1_003);
    assert_eq!(digest(&store.id), before);
}

#[test]
fn a_redis_killed_at_any_moment_ends_in_an_error_or_a_good_snapshot() {
    let Some(store) = Store::new("redis-killed") else {
        return;
    };
    store.ask(&["EVAL", FILL, "0"]);
    let before = digest(&store.id);
    let mut outcomes = Vec::new();
    for number in 0..4 {
        let name = format!("killed-{number}");
        let taken = std::thread::scope(|scope| {
            let taking = scope.spawn(|| store.take(&name));
            // Later each time, by what the engine itself takes to answer.
            for _ in 0..number {
                inspect(&store.id);
            }
            docker(&["kill", "-s", "KILL", &store.id]);
            taking.join().unwrap()
        });
        if taken.is_ok() {
            rdb::check(input_of(&store.file(&name)).unwrap()).unwrap();
        }
        outcomes.push(taken.is_ok());
        docker(&["start", &store.id]);
        wait_until_up(&store.id);
        assert_eq!(digest(&store.id), before);
    }
    assert!(outcomes.contains(&false), "the kills all came too late");
    assert_eq!(store.take("after").unwrap().rdb.keys, 1_003);
}

#[test]
fn without_an_append_only_file_the_snapshot_is_what_redis_starts_from() {
    if !super::super::is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = docker(&[
        "run",
        "-d",
        "redis:7-alpine",
        "redis-server",
        "--save",
        "60 1",
    ]);
    wait_until_up(&id);
    ask(&id, &["EVAL", FILL, "0"]);
    let before = digest(&id);
    let file = folder.path().join("redis.rdb.gz");
    let restored = block_on(async {
        let engine = engine(folder.path()).await;
        let held = held(&id, true);
        redis::snapshot(&engine, &held, output(&file), silent(), never()).await?;
        // Redis writes these over its file when it is stopped.
        ask(&id, &["FLUSHALL"]);
        ask(&id, &["SET", "later", "x"]);
        redis::restore(&engine, &held, &|| input_of(&file), never()).await
    });
    let after = restored.map(|restored| (restored.keys, digest(&id)));
    docker(&["rm", "-fv", &id]);
    assert_eq!(after.unwrap(), (1_003, before));
}

#[test]
fn a_drill_loads_the_snapshot_and_leaves_nothing() {
    let Some(store) = Store::new("redis-drill") else {
        return;
    };
    store.ask(&["EVAL", FILL, "0"]);
    let taken = store.take("redis.rdb.gz").unwrap();
    let evidence = block_on(async {
        let engine = engine(store.stack.path()).await;
        let snapshot = input_of(&store.file("redis.rdb.gz")).unwrap();
        drill::redis(&engine, "redis:7-alpine", &taken.rdb, snapshot, &never()).await
    });
    assert_eq!(
        evidence.unwrap(),
        ["redis:7-alpine loaded 1003 of 1003 keys"]
    );
    let wrong = rdb::Rdb {
        keys: 2_000,
        ..taken.rdb
    };
    let error = block_on(async {
        let engine = engine(store.stack.path()).await;
        let snapshot = input_of(&store.file("redis.rdb.gz")).unwrap();
        drill::redis(&engine, "redis:7-alpine", &wrong, snapshot, &never()).await
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "failed to compare `redis.rdb`: Redis has 1003 keys, the snapshot 2000"
    );
    super::containers::no_throwaway_of_this_process("drill-redis");
}
