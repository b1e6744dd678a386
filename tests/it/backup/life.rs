//! The life of a backup: made, listed, shown, verified, restored, exported, pruned; and what is refused on the way.

use std::process::{Command, Stdio};

use super::{Shop, archive, json, steady};
use crate::engine::eventually;

#[test]
fn a_backup_is_made_proven_and_restored() {
    let Some(shop) = Shop::new("life") else {
        return;
    };
    let project = &shop.project;
    let made = shop
        .run(&["create", "--tag", "first", "--no-users"])
        .exits(0);
    let said = steady(&made.stdout, project);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "backup <id>");
    assert_eq!(lines[1], "  place        <folder>/backups");
    assert!(lines[2].starts_with("  size         "), "{said}");
    assert_eq!(
        &lines[3..],
        [
            "  holds        253 documents in 2 collections",
            "  consistency  each document is whole; documents are of different moments",
            "  verified     every byte was read back and decoded",
            "  restore      atlas backup restore <id>",
            "  or           mongorestore --gzip --archive=<folder>/backups/<id>/mongodb.archive.gz",
        ]
    );

    let id = &shop.ids()[0];
    let list = project.run(&["backup", "list"]).exits(0).stdout;
    let list = steady(&list, project);
    let rows: Vec<Vec<&str>> = list
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        [
            "ID",
            "MADE",
            "SIZE",
            "DOCUMENTS",
            "CONSISTENCY",
            "VERIFIED",
            "TAGS"
        ]
    );
    assert_eq!(rows[1][0..2], ["<id>", "now"]);
    assert_eq!(
        rows[1][4..],
        ["253", "per", "document", "full,", "now", "first"]
    );

    let shown = project.run(&["backup", "show", &id[..14]]).exits(0).stdout;
    for line in [
        "server       6.0.5 (standalone), feature compatibility 6.0",
        "             shop.orders          250 documents     3.4 KiB   1 indexes",
        "users        users and roles are not in it",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let verified = project.run(&["backup", "verify", id]).exits(0).stdout;
    let expected = format!(
        "{id}  verified: every byte is right\n  mongodb.archive.gz: 253 documents in 2 namespaces decoded, every \
         CRC and count is the recorded one\n"
    );
    assert_eq!(verified, expected);

    let into = shop.run(&["restore", id, "--into", "copy"]).exits(0);
    assert!(
        into.stdout.starts_with(
            "restored 253 documents in 2 collections; verified before, counted after ("
        ),
        "{}",
        into.stdout
    );
    let again = shop.run(&["create", "--databases", "copy"]).exits(0);
    assert!(
        again
            .stdout
            .contains("  holds        253 documents in 2 collections"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_restore_shows_what_it_would_overwrite_and_saves_it_first() {
    let Some(shop) = Shop::new("overwrite") else {
        return;
    };
    shop.run(&["create"]).exits(0);
    let dry = shop
        .run(&["restore", "latest", "--dry-run"])
        .exits(0)
        .stdout;
    let expected = format!(
        "would be restored into {}:\n\
         \x20 shop.orders          250 documents replace 250 that are there now\n\
         \x20 shop.people            3 documents replace 3 that are there now\n",
        shop.address()
    );
    assert_eq!(dry, expected);
    let refused = shop.run(&["restore", "latest"]).exits(5).stderr;
    let expected = "error: nothing was restored: 2 of the collections hold documents\n\
         \x20 shop.orders holds 250 documents\n\
         \x20 shop.people holds 3 documents\n\
         hint: --drop replaces them, --into DB or --rename FROM=TO goes beside them\n";
    assert!(refused.ends_with(expected), "{refused}");

    // Nobody is there to be asked.
    let words = ["backup", "restore", "latest", "--drop", "--uri-file", "uri"];
    let unasked = shop.project.run(&words).exits(5).stderr;
    assert!(
        unasked.contains("error: nothing was restored: it was not confirmed\n"),
        "{unasked}"
    );

    let restored = shop.run(&["restore", "latest", "--drop"]).exits(0);
    assert!(
        restored
            .stderr
            .contains("what was there is safe in backup "),
        "{}",
        restored.stderr
    );
    let list = json(&shop.project, &["backup", "list", "--json"]);
    assert_eq!(list["backups"][1]["tags"][0], "before-restore");
    assert_eq!(list["backups"][1]["documents"], 253);
}

#[test]
fn a_damaged_backup_is_found_and_not_restored() {
    let Some(shop) = Shop::new("damaged") else {
        return;
    };
    shop.run(&["create", "--compression", "none"]).exits(0);
    let id = shop.ids().remove(0);
    let name = format!("backups/{id}/mongodb.archive");
    let mut bytes = std::fs::read(shop.project.path().join(&name)).expect("the archive");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    shop.project.write(&name, bytes);
    let verified = shop.project.run(&["backup", "verify"]).exits(23).stdout;
    assert!(
        verified.starts_with(&format!("{id}  FAILED\n  failed to ")),
        "{verified}"
    );
    let restored = shop
        .run(&["restore", &id, "--into", "copy"])
        .exits(23)
        .stderr;
    let expected = format!("error: backup {id} is not what was written; nothing was restored\n");
    assert!(restored.contains(&expected), "{restored}");
    let list = shop.project.run(&["backup", "list"]).exits(0).stdout;
    assert!(list.contains("FAILED, now"), "{list}");
    shop.project.run(&["backup", "check"]).exits(7);
}

#[test]
fn the_archive_alone_goes_to_stdout_and_restores() {
    let Some(shop) = Shop::new("stdout") else {
        return;
    };
    let words = ["backup", "--output", "-", "--uri-file", "uri", "--json"];
    let output = shop.project.command(&words).output().expect("atlas starts");
    assert!(output.status.success());
    assert!(
        output.stdout.starts_with(&[0x1f, 0x8b]),
        "gzip and nothing else"
    );
    assert!(!shop.project.path().join("backups").exists());
    shop.project.write("piped.gz", output.stdout);
    let words = [
        "restore",
        "--file",
        "piped.gz",
        "--into",
        "copy",
        "--no-safety-backup",
    ];
    let restored = shop.run(&words).exits(0).stdout;
    assert!(
        restored.starts_with("restored 253 documents in 2 collections;"),
        "{restored}"
    );
}

#[test]
fn archives_of_others_come_in_and_go_out() {
    let Some(shop) = Shop::empty("exchange") else {
        return;
    };
    let project = &shop.project;
    project.write("theirs.archive", archive(&[("orders", 7)]));
    let imported = project
        .run(&["backup", "import", "theirs.archive", "--tag", "theirs"])
        .exits(0);
    assert!(
        imported
            .stdout
            .contains("  holds        7 documents in 1 collection\n"),
        "{}",
        imported.stdout
    );
    project
        .run(&["backup", "export", "latest", "ours.gz"])
        .exits(0);
    let gone = project
        .run(&["backup", "export", "latest", "ours.gz"])
        .exits(5)
        .stderr;
    assert!(
        gone.contains("failed to write `ours.gz`: it exists"),
        "{gone}"
    );
    project
        .run(&["backup", "export", "latest", "ours", "--format", "archive"])
        .exits(0);
    assert_eq!(
        std::fs::read(project.path().join("ours")).expect("a file"),
        std::fs::read(project.path().join("theirs.archive")).expect("a file")
    );
    let restored = shop.run(&["restore", "--file", "ours.gz"]).exits(0).stdout;
    assert!(
        restored.starts_with("restored 7 documents in 1 collection;"),
        "{restored}"
    );

    let mut cut = archive(&[("orders", 7)]);
    cut.truncate(cut.len() - 4);
    project.write("cut.archive", cut);
    let refused = project
        .run(&["backup", "import", "cut.archive"])
        .exits(23)
        .stderr;
    assert!(
        refused.contains("failed to read `cut.archive`: "),
        "{refused}"
    );
    assert_eq!(shop.ids().len(), 1);
}

#[test]
fn rules_remove_and_pins_keep() {
    let Some(shop) = Shop::new("prune") else {
        return;
    };
    let project = &shop.project;
    for _ in 0..3 {
        shop.run(&["create"]).exits(0);
    }
    let ids = shop.ids();
    project.run(&["backup", "pin", &ids[0]]).exits(0);
    let none = project
        .run(&["backup", "prune", "--dry-run"])
        .exits(2)
        .stderr;
    assert!(
        none.contains("error: there are no rules, so nothing is removed\n"),
        "{none}"
    );
    project.write("atlas.yaml", "backup: {keep: {last: 1}}\n");
    let dry = project.run(&["backup", "prune", "--dry-run"]).exits(0);
    let fates: Vec<(&str, bool)> = dry
        .stdout
        .lines()
        .map(|line| (&line[..16], line.ends_with("remove")))
        .collect();
    assert_eq!(
        fates,
        [(&*ids[2], false), (&*ids[1], true), (&*ids[0], false)]
    );
    assert!(dry.stdout.contains("keep    last 1"), "{}", dry.stdout);
    assert!(dry.stdout.contains("keep    pinned"), "{}", dry.stdout);
    assert_eq!(shop.ids().len(), 3);
    project.run(&["backup", "prune"]).exits(5);
    assert_eq!(shop.ids().len(), 3);
    project.run(&["backup", "prune", "--yes"]).exits(0);
    assert_eq!(shop.ids(), [ids[0].clone(), ids[2].clone()]);
}

#[test]
fn a_copy_is_the_same_backup_elsewhere() {
    let Some(shop) = Shop::new("copy") else {
        return;
    };
    shop.run(&["create"]).exits(0);
    let words = ["backup", "copy", "latest", "--to", "elsewhere"];
    shop.project.run(&words).exits(0);
    let words = ["backup", "verify", "latest", "--quick", "--in", "elsewhere"];
    shop.project.run(&words).exits(0);
}

#[test]
fn a_server_that_is_gone_is_a_failure_that_leaves_nothing() {
    let Some(mut shop) = Shop::new("gone") else {
        return;
    };
    shop.kill();
    let failed = shop.run(&["create"]).exits(5).stderr;
    assert!(failed.contains(&shop.address()), "{failed}");
    assert!(!shop.project.path().join("backups").exists());
}

/// Names in the folder of backups.
fn left(shop: &Shop) -> Vec<String> {
    let folder = std::fs::read_dir(shop.project.path().join("backups"));
    let names = folder.into_iter().flatten().flatten();
    let mut names: Vec<String> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn one_at_a_time_and_an_interruption_leaves_nothing() {
    let Some(shop) = Shop::new("interrupted") else {
        return;
    };
    // One byte a second: it is under way for as long as the test wants.
    let words = ["backup", "create", "--uri-file", "uri", "--throttle", "1"];
    let mut first = shop.project.command(&words);
    let mut first = first
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("atlas starts");
    eventually("a draft is there", || left(&shop).len() > 1);
    let second = shop.run(&["create"]).exits(21).stderr;
    assert!(second.contains("backup create"), "{second}");
    assert!(second.contains(&first.id().to_string()), "{second}");
    let killed = Command::new("kill")
        .args(["-INT", &first.id().to_string()])
        .status();
    assert!(killed.expect("kill runs").success());
    let code = first.wait().expect("it ends").code();
    assert_eq!(code, Some(130));
    assert_eq!(left(&shop), [".lock"]);

    // A kill leaves its draft; the next run removes it and says so.
    let mut third = shop.project.command(&words);
    let mut third = third
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("atlas starts");
    eventually("a draft is there", || left(&shop).len() > 1);
    third.kill().expect("it runs");
    third.wait().expect("it ends");
    let made = shop.run(&["create"]).exits(0).stderr;
    assert!(
        made.contains("warning: removed what an earlier run left behind: "),
        "{made}"
    );
    assert_eq!(left(&shop).len(), 2, "the lock and one backup");
}
