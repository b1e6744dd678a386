//! Keys and passphrases: what is encrypted opens with what fits, and with nothing else; nothing of them is shown.

use std::os::unix::fs::PermissionsExt;

use super::Shop;

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let Some(shop) = Shop::new("passphrase") else {
        return;
    };
    let project = &shop.project;
    project.write("right", "correct horse\n");
    project.write("wrong", "incorrect horse\n");
    let made = shop.run(&["create", "--passphrase-file", "right"]).exits(0);
    assert!(
        made.stdout.contains("  encrypted    by age (passphrase)\n"),
        "{}",
        made.stdout
    );
    project
        .run(&["backup", "verify", "--passphrase-file", "right"])
        .exits(0);
    let none = project.run(&["backup", "verify"]).exits(22).stderr;
    assert!(
        none.contains("it is encrypted by a passphrase, and none was given\n"),
        "{none}"
    );
    let wrong = ["backup", "verify", "--passphrase-file", "wrong"];
    let wrong = project.run(&wrong).exits(22);
    assert!(
        wrong.stderr.contains("the passphrase is wrong\n"),
        "{}",
        wrong.stderr
    );
    // Sizes and hashes need no key.
    project.run(&["backup", "verify", "--quick"]).exits(0);
    let restore = [
        "restore",
        "latest",
        "--passphrase-file",
        "wrong",
        "--into",
        "copy",
    ];
    shop.run(&restore).exits(22);
    let restore = [
        "restore",
        "latest",
        "--passphrase-file",
        "right",
        "--into",
        "copy",
    ];
    shop.run(&restore).exits(0);
    for said in [made, wrong] {
        assert!(!format!("{}{}", said.stdout, said.stderr).contains("correct horse"));
    }
}

#[test]
fn a_key_makes_and_opens_backups() {
    let Some(shop) = Shop::new("key") else { return };
    let project = &shop.project;
    let made = project.run(&["backup", "key", "new"]).exits(0);
    let recipient = made.stdout.trim().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    let mode = |name: &str| {
        let path = project.path().join(name);
        std::fs::metadata(path).expect(name).permissions().mode() & 0o777
    };
    assert_eq!(mode(".atlas/backup.key"), 0o600);
    let again = project.run(&["backup", "key", "new"]).exits(2).stderr;
    assert!(again.contains(": there is a key already\n"), "{again}");
    let shown = project.run(&["backup", "key", "show"]).exits(0).stdout;
    assert_eq!(shown.trim(), recipient);

    project.write(
        "atlas.yaml",
        format!("backup: {{recipients: [{recipient}]}}\n"),
    );
    shop.run(&["create"]).exits(0);
    let id = shop.ids().remove(0);
    for (name, expected) in [
        ("backups".to_owned(), 0o700),
        (format!("backups/{id}"), 0o700),
        (format!("backups/{id}/manifest.json"), 0o600),
        (format!("backups/{id}/mongodb.archive.gz.age"), 0o600),
    ] {
        assert_eq!(mode(&name), expected, "{name}");
    }
    project.run(&["backup", "verify"]).exits(0);
    std::fs::rename(
        project.path().join(".atlas/backup.key"),
        project.path().join("kept"),
    )
    .expect("it can be moved");
    project.run(&["backup", "verify"]).exits(22);
    project
        .run(&["backup", "verify", "--identity", "kept"])
        .exits(0);

    // Made without the key at hand, it cannot be read back, and that is said.
    let blind = shop.run(&["create"]).exits(0).stdout;
    let line =
        "  verified     never: the key is not here; `atlas backup verify` where it is does it\n";
    assert!(blind.contains(line), "{blind}");
    let secret = shop.project.read("kept");
    let secret = secret
        .lines()
        .find(|line| line.starts_with("AGE-"))
        .expect("a key");
    assert!(
        !shop
            .project
            .read(&format!("backups/{id}/manifest.json"))
            .contains(secret)
    );
}

#[test]
fn encryption_that_is_not_possible_is_a_failure() {
    let Some(shop) = Shop::new("impossible") else {
        return;
    };
    let wrong = shop
        .run(&["create", "--recipient", "age1nobody"])
        .exits(2)
        .stderr;
    assert!(
        wrong.contains("error: `age1nobody` is no public key of age\n"),
        "{wrong}"
    );
    let secret = "AGE-SECRET-KEY-1QQQ";
    let mixed = shop.run(&["create", "--recipient", secret]).exits(2).stderr;
    assert!(!mixed.contains(secret), "{mixed}");
    let missing = shop
        .run(&["create", "--passphrase-file", "nowhere"])
        .exits(5)
        .stderr;
    assert!(
        missing.contains("error: failed to read `nowhere`: it does not exist\n"),
        "{missing}"
    );
    assert!(!shop.project.path().join("backups").exists());
}
