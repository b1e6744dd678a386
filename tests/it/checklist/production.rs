//! `atlas up --production`: what it refuses before anything is touched, and what it says when all runs.

use super::{evidence, item, list};
use crate::engine::{Stack, free_port, inspect};

#[test]
fn production_starts_only_when_what_is_known_before_passes() {
    let Some(stack) = Stack::new("production") else {
        return;
    };
    let port = free_port();
    stack.write(
        "atlas.yaml",
        format!("services: {{gateway: {{port: {port}}}}}\n"),
    );
    stack
        .run(&[
            "init",
            "--yes",
            "--profile",
            "minimal",
            "--data",
            "embedded",
        ])
        .exits(0);
    let env = stack.read(".env");
    let mut credentials = String::new();
    for vendor in ["CONFLUENCE", "JIRA"] {
        credentials += &format!("{vendor}_URL=https://acme.atlassian.net\n");
        credentials +=
            &format!("{vendor}_USERNAME=me@acme.example\n{vendor}_TOKEN=of-{vendor}-9cK2xQ7\n");
    }
    stack.write(".env", format!("{env}{credentials}"));
    let compose = stack.read("compose.yaml");

    let run = stack.run(&["up", "--production"]).exits(7);
    assert!(
        run.stderr
            .contains("error: nothing was touched: the checklist does not pass: `cors`, "),
        "{}",
        run.stderr
    );
    for line in [
        "  cors: CORS origins are restricted to the extension (failure)\n    .env: CORS_ORIGINS: holds `*`, which is too open for production\n    fix: narrow it down in .env; chrome://extensions shows the extension's id\n",
        "  monitoring: monitoring and alerting are set up (unanswered)\n    nobody has answered yet\n    fix: answer it at a terminal by `atlas checklist`, or by: atlas checklist answer monitoring yes\n",
        "hint: `atlas checklist` shows each item, and asks what only you can know\n",
    ] {
        assert!(run.stderr.contains(line), "{line}\n{}", run.stderr);
    }
    // Backups and health of a first start cannot be known.
    assert!(
        !run.stderr.contains("`health`") && !run.stderr.contains("`backups`"),
        "{}",
        run.stderr
    );
    assert!(stack.ids().is_empty(), "no container was made");
    assert_eq!(stack.read("compose.yaml"), compose);

    for key in ["tls", "monitoring", "logs"] {
        stack.run(&["checklist", "answer", key, "yes"]).exits(0);
    }
    let run = stack.run(&["up", "--production"]).exits(7);
    assert!(
        run.stderr.contains("the checklist does not pass: `cors`\n"),
        "{}",
        run.stderr
    );

    // Not set in .env, its default is a wildcard.
    let env = stack.read(".env");
    let env: Vec<&str> = env
        .lines()
        .filter(|line| !line.starts_with("CORS_ORIGINS="))
        .collect();
    let origin = format!("chrome-extension://{}", "abcdefghijklmnop".repeat(2));
    stack.write(
        ".env",
        format!("{}\nCORS_ORIGINS={origin}\n", env.join("\n")),
    );
    let list = list(stack.run(&["up", "--production", "--json"]));
    let container = inspect(&stack.id("gateway"));
    let variables = container["Config"]["Env"].to_string();
    assert!(variables.contains("ATLAS_ENV=production"), "{variables}");
    assert_eq!(
        item(&list, "rate-limit")["result"],
        "pass",
        "seen when all runs"
    );
    let cors = evidence(item(&list, "cors"));
    assert!(
        cors.contains(&format!("CORS_ORIGINS is `{origin}`")),
        "{cors}"
    );
    stack.run(&["down", "--volumes", "--yes"]).exits(0);
}

#[test]
fn a_configuration_that_is_wrong_at_every_stage_is_no_item_of_a_list() {
    let project = crate::atlas::Project::new("production-wrong");
    project.write("atlas.yaml", "profil: minimal\n");
    let run = crate::offline::run(&project, &["up", "--production"]).exits(3);
    let expected = "error: atlas.yaml:1:1: profil: unknown key `profil`\n";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    let run = crate::offline::run(&project, &["up", "--production", "--no-wait"]).exits(2);
    assert!(
        run.stderr.contains("cannot be used with '--no-wait'"),
        "{}",
        run.stderr
    );
}
