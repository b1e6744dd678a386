//! What can be said without any server: grammar, places, configuration, an empty place.

use crate::atlas::Project;

#[track_caller]
fn refused(words: &[&str], code: i32, expected: &str) {
    let project = Project::new("refused");
    let run = project.run(words).exits(code);
    assert_eq!(run.stderr, expected, "{words:?}");
}

#[test]
fn an_empty_place_says_so() {
    let project = Project::new("empty");
    let place = project.path().join("backups");
    let place = place.canonicalize().unwrap_or(place);
    let list = project.run(&["backup", "list"]).exits(0);
    assert_eq!(list.stdout, "");
    let expected = format!(
        "there are no backups in {}; `atlas backup` makes one\n",
        place.display()
    );
    assert_eq!(list.stderr, expected);
    let expected = format!(
        "error: failed to find `latest`: there is no complete backup in {}\n",
        place.display()
    );
    let show = project.run(&["backup", "show"]).exits(24);
    assert_eq!(show.stderr, expected);
    project.run(&["backup", "verify"]).exits(24);
    project.run(&["backup", "verify", "--all"]).exits(24);
    project.run(&["backup", "check"]).exits(7);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    refused(
        &["backup", "--tag", "x", "list"],
        2,
        "error: options of `create` were given before another command\n\
         hint: write them after the command they belong to; `atlas backup create -h` lists them\n",
    );
    refused(
        &["backup", "schedule", "set", "--every", "7h"],
        2,
        "error: `7h` is not one of 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h, 1d\n",
    );
    refused(
        &["backup", "schedule", "set", "--at", "24:00"],
        2,
        "error: `24:00` is no time such as `03:15`\n",
    );
    refused(
        &["backup", "check", "--max-age", "soon"],
        2,
        "error: `soon` is no span of time\nhint: write it as `26h`, `7d` or `90m`\n",
    );
    refused(
        &["backup", "list", "--in", "ftp://x/y"],
        2,
        "error: failed to use `ftp://x/y`: stores of this sort are not known\n\
         hint: s3://bucket/prefix, sftp://user@host/path, or a folder\n",
    );
    refused(
        &["backup", "list", "--in", "s3://key:s3cret@bucket/prefix"],
        2,
        "error: failed to use `s3://***`: a location must not hold a password\n\
         hint: S3: keys come from the environment; SFTP: from the keys of `ssh`\n",
    );
}

#[test]
fn mistakes_in_atlas_yaml_are_named_with_their_places() {
    let project = Project::new("yaml");
    project.write(
        "atlas.yaml",
        "backup:\n  too: x\n  compression: lz4\n  recipients: [age1x]\n  keep: {daily: 0, within: soon}\n  notify: [ops@example.com]\n",
    );
    let said = project.run(&["backup", "list"]).exits(3).stderr;
    let expected = "error: atlas.yaml:2:3: backup.too: unknown key `too`\n\
        \x20 hint: did you mean `to`?\n\
        error: atlas.yaml:3:16: backup.compression: unknown value `lz4`\n\
        \x20 hint: known are `gzip`, `none` and `zstd`\n\
        error: atlas.yaml:4:16: backup.recipients[0]: expected a public key of age such as `age1…`, found `age1x`\n\
        error: atlas.yaml:5:17: backup.keep.daily: expected a whole number from 1, found `0`\n\
        error: atlas.yaml:5:28: backup.keep.within: expected a span such as `14d`, `12h` or `3mo`, found `soon`\n\
        error: atlas.yaml:6:12: backup.notify[0]: expected `https://…` or `mailto:NAME@HOST`, found `ops@example.com`\n\
        \n\
        error: the configuration has 6 problems\n";
    assert_eq!(said, expected);
    // The rest of the configuration is no reason to keep anybody from their backups.
    project.write("atlas.yaml", "servces: {}\n");
    project.run(&["backup", "list"]).exits(0);
}
