//! `atlas doctor --bundle`: what helps is in it, and no secret is, wherever it was planted.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::engine::Stack;

/// Secrets that atlas can know: by the place where they stand.
const KNOWN: [&str; 6] = [
    "in-env-Zq81kXw0",
    "commented-out-Pv55mNc3",
    "in-the-manifest-Lk72jHs9",
    "hook-path-Wd36bTf4",
    "in-a-secret-file-Yr19cGv6",
    "of-a-container-Ux48nEa2",
];
/// Secrets that nobody told it of: by their look.
const UNKNOWN: [&str; 6] = [
    "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB",
    "unheard-of-Mb64pRz7",
    "bearer-Jt27dSq5",
    "in-an-address-Hc93vKo8",
    "MIIEvQIBADANBgkqhkiG9w0BAQEF",
    "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQ",
];

/// A service that says all of it in its log.
fn talker() -> String {
    let [token, password, bearer, address, key, age] = UNKNOWN;
    let known = KNOWN.join(" ");
    // `in-env-Zq81kXw0` and, with a blank before it that base64 does not show, the same in an address.
    let lines = [
        format!("plain words stay: {known}"),
        "encoded aW4tZW52LVpxODFrWHcw".to_owned(),
        format!("token {token}"),
        format!("{{\"password\": \"{password}\", \"user\": \"somebody\"}}"),
        format!("Authorization: Bearer {bearer}"),
        format!("mongodb://atlas:{address}@mongodb:27017/"),
        format!("-----BEGIN PRIVATE KEY-----\\n{key}\\n-----END PRIVATE KEY-----"),
        age.to_owned(),
    ];
    let script: Vec<String> = lines
        .iter()
        .map(|l| format!("printf '%b\\n' '{l}'"))
        .collect();
    let script = format!("{}; touch /tmp/ready; exec sleep 1000", script.join("; "));
    let command = serde_json::to_string(&["sh", "-c", &script]).expect("JSON");
    format!(
        "description: A service of a test\nkind: integration\nport: 8080\nhealth: {{command: [test, -e, /tmp/ready]}}\n\
         healthcheck: [NONE]\nenvironment:\n  A_TOKEN: {{description: A token, secret: true}}\n\
         images: {{any: {{image: \"redis:7-alpine\", command: {command}}}}}\n"
    )
}

#[test]
fn no_secret_gets_into_the_archive_wherever_it_stands() {
    let Some(stack) = Stack::new("doctor-bundle") else {
        return;
    };
    let [env, old, manifest, hook, file, container] = KNOWN;
    stack.write("catalogue/talker.yaml", talker());
    stack.manifest(&format!(
        "services-to-run: [talker]\nbackup: {{notify: [\"https://hooks.example.com/{hook}\"]}}\n\
         services:\n  talker:\n    environment: {{SOME_SETTING: \"{manifest}\"}}\n"
    ));
    stack.write(".env", format!("A_TOKEN={container}\n"));
    stack.up();
    // What the container was given is no longer in .env.
    stack.write(".env", format!("A_TOKEN={env}\n# A_TOKEN={old}\n"));
    stack.write(".atlas/secrets/another", file);

    let run = stack.run(&["doctor", "--bundle", "--offline"]);
    assert!([0, 7].contains(&run.code), "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("atlas-doctor.tar.gz written: "),
        "{}",
        run.stderr
    );
    let path = stack.path().join("atlas-doctor.tar.gz");
    let mode = std::fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let output = Command::new("tar")
        .arg("xOzf")
        .arg(&path)
        .output()
        .expect("tar");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    for secret in KNOWN.iter().chain(&UNKNOWN) {
        assert!(!text.contains(secret), "{secret} is in the archive");
    }
    assert!(!text.contains("aW4tZW52LVpxODFrWHcw"), "base64 of a secret");
    for word in [
        "plain words stay: *** ***",
        "\"user\": \"somebody\"",
        "mongodb://***@mongodb:27017/",
        ".env:1: A_TOKEN is set",
        "ATLAS-ENG-001",
        "services-to-run: [talker]",
    ] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    let names = Command::new("tar")
        .arg("tzf")
        .arg(&path)
        .output()
        .expect("tar");
    let names = String::from_utf8(names.stdout).expect("names");
    for name in [
        "README.txt",
        "doctor.json",
        "versions.json",
        "config/atlas.yaml",
    ] {
        assert!(names.contains(&format!("atlas-doctor/{name}\n")), "{names}");
    }
}
