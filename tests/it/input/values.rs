//! Values of variables, and selections that do not fit together.

use super::{accepts, project, refuses, refuses_arguments};
use crate::offline::ENV;

#[test]
fn placeholders_of_the_guide_are_refused_and_values_never_shown() {
    let project = project(
        "images: {source: registry, registry: ghcr.io/acme}\nservices-to-run: [slack, jira, github]\n",
    );
    let dotenv = ENV.replace("j1ra", "your-api-token");
    project.write(
        ".env",
        format!("{dotenv}SLACK_BOT_TOKEN=xoxb-...\nSLACK_APP_TOKEN=hunter2\nRATE_LIMIT_PER_MINUTE=hunter2\n"),
    );
    refuses(
        &project,
        "error: .env:10:1: JIRA_TOKEN: still holds the example's placeholder
  hint: get it from https://id.atlassian.com/manage-profile/security/api-tokens
error: .env:11:1: SLACK_BOT_TOKEN: still holds the example's placeholder
  hint: get it from https://api.slack.com/apps
error: .env:12:1: SLACK_APP_TOKEN: must begin with `xapp-`
  hint: get it from https://api.slack.com/apps
warning: .env: github: `GITHUB_TOKEN` is not set; it will run, but is not configured
  hint: set it in .env

error: the configuration has 3 problems
",
    );
}

#[test]
fn services_and_a_profile_exclude_each_other() {
    refuses(
        &project("profile: minimal\nservices-to-run: [jira]\n"),
        "error: atlas.yaml:2:18: services-to-run: `profile` and `services-to-run` exclude each other
  hint: keep one of them

error: the configuration has 1 problem
",
    );
}

#[test]
fn the_builtin_image_says_everything_that_it_lacks() {
    let project = project("catalogue: more\nservices-to-run: [wiki, jira, help]\n");
    for (name, port) in [("wiki", 8099), ("help", 8098)] {
        let entry = format!(
            "kind: integration\ndescription: Ours\nport: {port}\nhealth: {{http: /health}}\nimages: {{builtin: {{}}, registry: {{}}}}\n"
        );
        project.write(&format!("more/{name}.yaml"), &entry);
    }
    refuses(
        &project,
        "error: images: the builtin image has no `help` and `wiki`
  hint: use `images: {source: registry, …}` or `{source: build, …}`, or leave them out

error: the configuration has 1 problem
",
    );
}

#[test]
fn a_secret_in_atlas_yaml_is_refused_without_being_shown() {
    refuses(
        &project("services:\n  jira:\n    environment:\n      JIRA_TOKEN: hunter2\n"),
        "error: atlas.yaml:4:7: services.jira.environment.JIRA_TOKEN: a secret does not belong in atlas.yaml
  hint: set `JIRA_TOKEN` in .env

error: the configuration has 1 problem
",
    );
}

#[test]
fn external_data_needs_addresses() {
    refuses_arguments(
        &project(""),
        &["render", "compose", "-", "--data", "external"],
        "error: .env: MONGO_URL: is needed but not set
  hint: set it in .env; see https://www.mongodb.com/docs/manual/reference/connection-string/
error: .env: REDIS_URL: is needed but not set
  hint: set it in .env; see https://redis.io/docs/latest/operate/

error: the configuration has 2 problems
",
    );
}

#[test]
fn what_a_cluster_is_told_has_a_form() {
    refuses(
        &project(
            "kubernetes:\n  image: https://x\n  secrets: external\n  sealed-with: sealing.pem\n  ingres: true\n",
        ),
        "error: atlas.yaml:2:10: kubernetes.image: expected an image reference such as `ghcr.io/acme/atlas:1`, found `https://x`
error: atlas.yaml:3:12: kubernetes.secrets: sealed secrets are a source of their own
  hint: set `secrets` or `sealed-with`, not both
error: atlas.yaml:5:3: kubernetes.ingres: unknown key `ingres`
  hint: did you mean `ingress`?

error: the configuration has 3 problems
",
    );
    for section in [
        "kubernetes:\n",
        "kubernetes: {}\n",
        "kubernetes: {secrets: values, ingress: true}\n",
    ] {
        accepts(&project(section));
    }
}
