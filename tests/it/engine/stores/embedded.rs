//! The embedded store of a gateway that serves: copied while settings are written, lost, restored.

use std::sync::atomic::{AtomicU64, Ordering};

use atlas::backup::embedded;
use atlas::backup::source::Embedded;
use atlas_backup::Kind;

use super::super::backend::{brought_up, http, value};
use super::super::{docker, inspect, is_there};
use super::{block_on, engine, held, input_of, never, output, silent, sources};

#[test]
fn a_copy_made_while_settings_are_written_comes_back() {
    let Some((stack, port, _)) = brought_up("embedded-copy", &["--profile", "minimal"]) else {
        return;
    };
    let key = value(&stack, "ATLAS_API_KEY");
    let put = |user: &str, value: u64| {
        let body = format!("{{\"value\":{value}}}");
        http(
            port,
            "PUT",
            &format!("/api/settings/{user}"),
            Some(&key),
            &body,
        )
        .0
    };
    let get = |user: &str| {
        http(
            port,
            "GET",
            &format!("/api/settings/{user}"),
            Some(&key),
            "",
        )
        .1
    };
    assert_eq!(put("ann", 7), 200);

    let file = stack.path().join("embedded.redb.gz");
    let (begun, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let (tables, before) = std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1.. {
                if done.load(Ordering::SeqCst) == 1 {
                    break;
                }
                // A rate limit may refuse some; the copy has what was there.
                if put("counter", number) == 200 {
                    begun.store(number, Ordering::SeqCst);
                }
            }
        });
        super::super::eventually("the writer writes", || begun.load(Ordering::SeqCst) > 3);
        let before = begun.load(Ordering::SeqCst);
        let taken = block_on(async {
            let engine = engine(stack.path()).await;
            let source = sources(&stack, &engine).await.embedded.expect("a store");
            embedded::snapshot(
                &engine,
                &source,
                stack.path(),
                output(&file),
                silent(),
                never(),
            )
            .await
        });
        done.store(1, Ordering::SeqCst);
        (taken.expect("a copy").0, before)
    });
    assert_eq!(tables["settings"], 2);
    let checked = embedded::verify(input_of(&file).unwrap(), stack.path()).unwrap();
    assert_eq!(checked, tables);

    put("ann", 8);
    put("bob", 1);
    let id = stack.id("gateway");
    let restored = block_on(async {
        let engine = engine(stack.path()).await;
        let source = sources(&stack, &engine).await.embedded.expect("a store");
        let from = input_of(&file).unwrap();
        embedded::restore(&engine, &source, stack.path(), from, &never()).await
    });
    assert_eq!(restored.unwrap(), tables);
    assert_eq!(stack.id("gateway"), id);
    assert!(get("ann").contains("\"value\":7"), "{}", get("ann"));
    assert!(!get("bob").contains("value"), "{}", get("bob"));
    let text = get("counter");
    let counted: u64 = text
        .split("\"value\":")
        .nth(1)
        .and_then(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("no counter: {text}"));
    assert!(counted >= before, "{counted} was written before {before}");
    let left: Vec<_> = std::fs::read_dir(stack.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("scratch"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_damaged_copy_touches_nothing_and_one_that_is_none_is_told() {
    let Some((stack, _, _)) = brought_up("embedded-damaged", &["--profile", "minimal"]) else {
        return;
    };
    let file = stack.path().join("not-a-store");
    std::fs::write(&file, "something else").unwrap();
    let started = inspect(&stack.id("gateway"))["State"]["StartedAt"].take();
    let error = block_on(async {
        let engine = engine(stack.path()).await;
        let source = sources(&stack, &engine).await.embedded.expect("a store");
        let from = input_of(&file).unwrap();
        embedded::restore(&engine, &source, stack.path(), from, &never()).await
    })
    .unwrap_err();
    assert_eq!(error.kind, Kind::Damaged);
    assert_eq!(
        error.to_string(),
        "failed to read `embedded.redb`: it is not an embedded store"
    );
    assert_eq!(
        inspect(&stack.id("gateway"))["State"]["StartedAt"].take(),
        started
    );
}

#[test]
fn a_gateway_that_cannot_copy_its_store_is_told_with_what_to_do() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = docker(&["run", "-d", "redis:7-alpine"]);
    let taken = block_on(async {
        let engine = engine(folder.path()).await;
        let source = Embedded {
            held: held(&id, true),
            folder: "/data".into(),
        };
        let output = output(&folder.path().join("copy"));
        embedded::snapshot(&engine, &source, folder.path(), output, silent(), never()).await
    });
    docker(&["rm", "-fv", &id]);
    let error = taken.map(|_| ()).unwrap_err();
    assert_eq!(
        error.hint.as_deref(),
        Some(
            "the gateway runs an atlas that cannot copy its store yet; bring it up to date with `atlas up store`"
        )
    );
}
