//! Refusals, with their exact text: one for each mistake a person can make.

use super::{GENERATED, full_env, inputs, refused, refused_with, request, text};
use crate::model::{DataMode, ImageSource};
use crate::resolve::resolve;

#[test]
fn every_problem_is_reported_at_once() {
    assert_eq!(
        refused("stag: production\nprofile: atlasian\nservices:\n  gatewy: {}\n  jira: {port: 70000, memory: lots}\n"),
        "error: atlas.yaml:1:1: stag: unknown key `stag`
  hint: did you mean `stage`?
error: atlas.yaml:2:10: profile: unknown profile `atlasian`
  hint: did you mean `atlassian`?
error: atlas.yaml:4:3: services.gatewy: unknown service `gatewy`
  hint: did you mean `gateway`?
error: atlas.yaml:5:16: services.jira.port: expected a port from 1 to 65535, found `70000`
error: atlas.yaml:5:31: services.jira.memory: expected a size such as `512MiB` or `1g`, found `lots`"
    );
}

#[test]
fn a_key_is_written_once() {
    assert_eq!(
        refused("name: a\nname: b\n"),
        "error: atlas.yaml:2:1: name: `name` is already set in line 1"
    );
}

#[test]
fn tabs_do_not_indent() {
    assert_eq!(
        refused("services:\n\tgateway: {}\n"),
        "error: atlas.yaml:2:2: invalid YAML: a tab cannot indent\n  hint: indent with spaces"
    );
}

#[test]
fn a_syntax_error_stops_its_own_file_only() {
    let dotenv = format!("{}SLACK BOT=1\n", full_env());
    assert_eq!(
        refused_with("name: a: b\n", &dotenv, &request()),
        "error: .env:11:1: SLACK: a variable's name cannot contain a space
error: atlas.yaml:1:8: invalid YAML: mapping values are not allowed in this context
  hint: put a value that holds `: ` in quotes"
    );
}

#[test]
fn types_are_checked() {
    assert_eq!(
        refused("name: [a]\nprofiles: x\nservices: [gateway]\nimages:\n  - a\n"),
        "error: atlas.yaml:1:7: name: expected text, found a list
error: atlas.yaml:2:11: profiles: expected a mapping, found a single value
error: atlas.yaml:3:11: services: expected a mapping, found a list
error: atlas.yaml:5:3: images: expected text, found a list"
    );
}

#[test]
fn words_are_checked() {
    assert_eq!(
        refused("stage: prod\ndata: 3\nservices:\n  gateway: {publish: maybe, replicas: 0, expose: here}\n"),
        "error: atlas.yaml:1:8: stage: unknown value `prod`
  hint: did you mean `production`?
error: atlas.yaml:2:7: data: unknown value `3`
  hint: known are `containers`, `embedded` and `external`
error: atlas.yaml:4:22: services.gateway.publish: expected `true` or `false`
error: atlas.yaml:4:39: services.gateway.replicas: expected a whole number from 1 to 1000, found `0`
error: atlas.yaml:4:50: services.gateway.expose: expected an address of this machine such as `127.0.0.1` or `0.0.0.0`, found `here`"
    );
}

#[test]
fn a_port_is_published_once() {
    assert_eq!(
        refused(
            "services:\n  confluence: {publish: true}\n  jira: {port: 8015, expose: 0.0.0.0}\n"
        ),
        "error: atlas.yaml:3:16: services.jira.port: port 8015 is already published by `confluence`
  hint: choose another `services.jira.port`"
    );
    let two_addresses =
        "services: {confluence: {publish: true}, jira: {port: 8015, expose: 127.0.0.2}}";
    assert_eq!(refused(two_addresses), "accepted");
}

#[test]
fn replicas_need_a_service_that_can_be_many() {
    assert_eq!(
        refused("services:\n  gateway: {replicas: 2}\n  redis: {replicas: 2}\n"),
        "error: atlas.yaml:2:23: services.gateway.replicas: 2 containers cannot share one host port
  hint: set `services.gateway.publish: false` and put a proxy before them
error: atlas.yaml:3:21: services.redis.replicas: `redis` cannot run more than once
  hint: remove `replicas`"
    );
    assert_eq!(
        refused("profile: minimal\nservices: {gateway: {replicas: 2, publish: false}}"),
        "error: atlas.yaml:2:32: services.gateway.replicas: `gateway` keeps its data itself and cannot run more than once
  hint: use `data: containers`"
    );
}

#[test]
fn the_builtin_image_says_everything_it_lacks() {
    assert_eq!(
        refused("images: builtin\nservices-to-run: [gateway, slack, github]\n"),
        "error: atlas.yaml:1:9: images: the builtin image has no `github` and `slack`
  hint: use `images: {source: registry, …}` or `{source: build, …}`, or leave them out"
    );
}

#[test]
fn other_images_need_a_place() {
    assert_eq!(
        refused("images: {source: registry}"),
        "error: atlas.yaml:1:18: images.registry: a registry is needed
  hint: add `registry: ghcr.io/acme` below `images`"
    );
    assert_eq!(
        refused("images: {source: registry, registry: 'https://x', tag: a b}"),
        "error: atlas.yaml:1:38: images.registry: expected a registry and path such as `ghcr.io/acme`, found `https://x`
error: atlas.yaml:1:56: images.tag: expected a tag of letters, digits, `.`, `_` and `-`, found `a b`"
    );
    let mut request = request();
    request.images = Some(ImageSource::Build);
    assert_eq!(
        refused_with("", &full_env(), &request),
        "error: images.context: the folder to build from is needed
  hint: add `context: ../atlas-ai` below `images`: the folder that holds `services/gateway`"
    );
}

#[test]
fn embedded_data_is_a_matter_of_the_builtin_gateway() {
    assert_eq!(
        refused("data: embedded\nimages: {source: build, context: .}"),
        "error: atlas.yaml:1:7: data: embedded data needs the builtin images
  hint: use `data: containers`, or `images: builtin`"
    );
}

#[test]
fn profiles_name_services_that_exist() {
    assert_eq!(
        refused("profiles:\n  team: [slak]\n  all: [jira]\n  a b: [jira]\n  none: []\n"),
        "error: atlas.yaml:2:10: profiles.team: unknown service `slak`
  hint: did you mean `slack`?
error: atlas.yaml:3:3: profiles.all: the profile `all` is part of the catalogue
  hint: give yours another name
error: atlas.yaml:4:3: profiles.a b: invalid profile name `a b`
  hint: use letters, digits, `.`, `_` and `-`, beginning with a letter or digit
error: atlas.yaml:5:9: profiles.none: names no service"
    );
}

#[test]
fn a_profile_and_a_list_of_services_exclude_each_other() {
    assert_eq!(
        refused("profile: all\nservices-to-run: [jira]\n"),
        "error: atlas.yaml:2:18: services-to-run: `profile` and `services-to-run` exclude each other
  hint: keep one of them"
    );
}

#[test]
fn names_on_the_command_line_are_checked() {
    let mut request = request();
    request.services = vec!["conflunce".to_owned()];
    request.project = Some("No Good".to_owned());
    assert_eq!(
        refused_with("", &full_env(), &request),
        "error: unknown service `conflunce`
  hint: did you mean `confluence`?
error: --project-name: invalid project name `No Good`: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
    );
}

#[test]
fn stores_run_in_containers_only() {
    let mut request = request();
    request.services = vec!["redis".to_owned()];
    request.data = Some(DataMode::Embedded);
    assert_eq!(
        refused_with("", &full_env(), &request),
        "error: `redis` does not run when data is not kept in containers
  hint: use `data: containers`, or leave it out"
    );
}

#[test]
fn generated_secrets_are_needed() {
    assert_eq!(
        refused_with("", "REDIS_PASSWORD=\n", &request())
            .split("\nwarning")
            .next()
            .unwrap(),
        "error: .env: ATLAS_API_KEY: is needed but not set
  hint: run `atlas init`
error: .env: ATLAS_SECRET_KEY: is needed but not set
  hint: run `atlas init`
error: .env: MONGO_INITDB_ROOT_PASSWORD: is needed but not set
  hint: run `atlas init`
error: .env:1:1: REDIS_PASSWORD: is needed but not set
  hint: run `atlas init`"
    );
}

#[test]
fn external_data_needs_addresses() {
    assert_eq!(
        refused_with("data: external", &full_env(), &request()),
        "error: .env: MONGO_URL: is needed but not set
  hint: set it in .env; see https://www.mongodb.com/docs/manual/reference/connection-string/
error: .env: REDIS_URL: is needed but not set
  hint: set it in .env; see https://redis.io/docs/latest/operate/"
    );
}

#[test]
fn values_are_checked_and_never_shown() {
    let yaml = "images: {source: registry, registry: ghcr.io/acme}\nservices-to-run: [slack, jira, microsoft365, gateway]\n";
    let dotenv = format!(
        "{GENERATED}SLACK_BOT_TOKEN=xoxb-...\nSLACK_APP_TOKEN=hunter2\nJIRA_URL=acme.hunter2.net\nJIRA_USERNAME=a@b.c\n\
JIRA_TOKEN=your-api-token\nMS_CLIENT_ID=hunter2\nMS_CLIENT_SECRET='hunter 2'\nMS_TENANT_ID=t\nRATE_LIMIT_PER_MINUTE=-1\nCACHE_TTL_SECONDS=1h\n"
    );
    let shown = refused_with(yaml, &dotenv, &request());
    assert!(!shown.contains("hunter"));
    assert_eq!(
        shown,
        "error: .env:5:1: SLACK_BOT_TOKEN: still holds the example's placeholder
  hint: get it from https://api.slack.com/apps
error: .env:6:1: SLACK_APP_TOKEN: must begin with `xapp-`
  hint: get it from https://api.slack.com/apps
error: .env:7:1: JIRA_URL: must be an address such as `https://host`, without spaces
  hint: get it from https://admin.atlassian.com
error: .env:9:1: JIRA_TOKEN: still holds the example's placeholder
  hint: get it from https://id.atlassian.com/manage-profile/security/api-tokens
error: .env:10:1: MS_CLIENT_ID: must be an id such as `00000000-0000-0000-0000-000000000000`
  hint: get it from https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade
error: .env:11:1: MS_CLIENT_SECRET: must be printable ASCII without spaces, quotes and backslashes
  hint: get it from https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade
error: .env:13:1: RATE_LIMIT_PER_MINUTE: must be a whole number from 1
error: .env:14:1: CACHE_TTL_SECONDS: must be a whole number of seconds, a day at most"
    );
}

#[test]
fn values_of_the_process_environment_are_checked_too() {
    let mut request = request();
    request
        .environment
        .insert("JIRA_TOKEN".to_owned(), "your-api-token".to_owned());
    assert_eq!(
        refused_with("", &full_env(), &request),
        "error: environment: JIRA_TOKEN: still holds the example's placeholder
  hint: get it from https://id.atlassian.com/manage-profile/security/api-tokens"
    );
}

#[test]
fn secrets_do_not_belong_in_atlas_yaml() {
    assert_eq!(
        refused("services:\n  jira: {environment: {JIRA_TOKEN: abc, 1A: b, JIRA_URL: nope}}\n"),
        "error: atlas.yaml:2:24: services.jira.environment.JIRA_TOKEN: a secret does not belong in atlas.yaml
  hint: set `JIRA_TOKEN` in .env
error: atlas.yaml:2:41: services.jira.environment.1A: invalid variable name `1A`
  hint: use letters, digits and `_`, not beginning with a digit
error: atlas.yaml:2:48: services.jira.environment.JIRA_URL: must be an address such as `https://host`, without spaces"
    );
}

#[test]
fn upstream_images_read_their_password_from_a_written_url() {
    let dotenv = full_env().replace("r3dis", "a/b");
    assert_eq!(
        refused_with("images: {source: registry, registry: acme}", &dotenv, &request()),
        "error: .env:2:1: REDIS_PASSWORD: may hold letters, digits, `-`, `.`, `_` and `~` only, because it becomes part of a URL
  hint: `atlas init` makes such a value when there is none"
    );
}

#[test]
fn production_refuses_open_doors() {
    assert_eq!(
        refused_with("stage: production", &full_env(), &request()),
        "error: .env: CORS_ORIGINS: holds `*`, which is too open for production
  hint: narrow it down in .env; chrome://extensions shows the extension's id"
    );
}

#[test]
fn an_address_that_nothing_uses_is_pointed_out() {
    let dotenv = format!("{}MONGO_URL=mongodb://localhost:27017\n", full_env());
    let resolution = resolve(&inputs("", &dotenv), &request()).unwrap();
    assert_eq!(
        text(&resolution.warnings),
        "warning: .env:11:1: MONGO_URL: is not used: `mongodb` runs in a container
  hint: set `data: external` in atlas.yaml to use it"
    );
}

#[test]
fn a_directory_must_make_a_project_name() {
    let mut request = request();
    request.directory = "___".to_owned();
    assert_eq!(
        refused_with("", &full_env(), &request),
        "error: the directory's name `___` makes no project name\n  hint: set `name` in atlas.yaml"
    );
}

#[test]
fn a_variable_without_a_value_is_taken_from_the_file() {
    let yaml = "profile: minimal\nservices:\n  gateway:\n    environment: {JIRA_TOKEN: , PROXY: , ATLAS_API_KEY: }\n";
    let dotenv = format!("{}PROXY=http://u:p@proxy\nATLAS_API_KEY=\n", full_env());
    assert_eq!(
        refused_with(yaml, &dotenv, &request()),
        "error: .env:12:1: ATLAS_API_KEY: is needed but not set\n  hint: run `atlas init`"
    );
    let resolution = resolve(
        &inputs(yaml, &format!("{}PROXY=http://u:p@proxy\n", full_env())),
        &request(),
    )
    .unwrap();
    assert_eq!(
        resolution.deployment.secrets["proxy"].expose(),
        "http://u:p@proxy"
    );
    assert_eq!(resolution.deployment.secrets["jira_token"].expose(), "j1ra");
}

#[test]
fn secrets_of_those_it_answers_for_are_secrets_too() {
    assert_eq!(
        refused("profile: minimal\nservices: {gateway: {image: a/b, environment: {JIRA_TOKEN: x}}}"),
        "error: atlas.yaml:2:29: services.gateway.image: embedded data needs the builtin image
  hint: use `data: containers`, or leave `image` out
error: atlas.yaml:2:48: services.gateway.environment.JIRA_TOKEN: a secret does not belong in atlas.yaml
  hint: set `JIRA_TOKEN` in .env"
    );
}
