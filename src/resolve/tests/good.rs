//! Deployments that come of good input.

use std::collections::BTreeMap;

use super::{GENERATED, full_env, inputs, request, resolved, text};
use crate::model::{Condition, DataMode, EnvValue, Image, ImageSource, Mount, Service};
use crate::resolve::resolve;

fn names(resolution: &crate::resolve::Resolution) -> Vec<&str> {
    resolution
        .deployment
        .services
        .keys()
        .map(|name| name.as_str())
        .collect()
}

fn service<'r>(resolution: &'r crate::resolve::Resolution, name: &str) -> &'r Service {
    &resolution.deployment.services[&name.parse().unwrap()]
}

fn plain<'s>(service: &'s Service, name: &str) -> Option<&'s str> {
    match service.environment.get(name)? {
        EnvValue::Plain(value) => Some(value),
        EnvValue::Secret { .. } | EnvValue::Composed { .. } => Some("***"),
    }
}

#[test]
fn without_atlas_yaml_the_atlassian_profile_runs() {
    let resolution = resolved("");
    assert_eq!(text(&resolution.warnings), "");
    assert_eq!(
        names(&resolution),
        [
            "confluence",
            "gateway",
            "jira",
            "mongodb",
            "orchestrator",
            "redis"
        ]
    );
    let deployment = &resolution.deployment;
    assert_eq!(deployment.project.as_str(), "myproject");
    assert_eq!(deployment.data, DataMode::Containers);
    let order: Vec<&str> = deployment
        .in_dependency_order()
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(
        order,
        [
            "mongodb",
            "redis",
            "confluence",
            "jira",
            "orchestrator",
            "gateway"
        ]
    );
}

#[test]
fn the_gateway_of_the_builtin_image_gets_its_secrets_as_files() {
    let resolution = resolved("");
    let gateway = service(&resolution, "gateway");
    assert_eq!(gateway.publish.unwrap().address.to_string(), "127.0.0.1");
    assert_eq!(gateway.publish.unwrap().port.get(), 8001);
    assert_eq!(gateway.command.as_deref().unwrap(), ["serve", "gateway"]);
    assert_eq!(gateway.user.as_deref(), Some("10001:10001"));
    assert_eq!(
        gateway.healthcheck,
        ["CMD", "/atlas", "probe", "http://127.0.0.1:8001/api/health"]
    );
    assert_eq!(
        plain(gateway, "MONGO_URL_FILE"),
        Some("/run/secrets/mongo_url")
    );
    assert_eq!(
        plain(gateway, "ORCHESTRATOR_URL"),
        Some("http://orchestrator:8002")
    );
    assert_eq!(plain(gateway, "ATLAS_ENV"), Some("development"));
    assert_eq!(plain(gateway, "CONFLUENCE_URL"), None);
    assert!(
        gateway
            .environment
            .values()
            .all(|value| matches!(value, EnvValue::Plain(_)))
    );
    let secrets: Vec<&str> = gateway
        .secrets
        .iter()
        .map(|secret| secret.name.as_str())
        .collect();
    assert_eq!(
        secrets,
        [
            "atlas_api_key",
            "atlas_secret_key",
            "mongo_url",
            "redis_url"
        ]
    );
}

#[test]
fn networks_addresses_and_secret_files_follow_from_the_selection() {
    let resolution = resolved("");
    let deployment = &resolution.deployment;
    let orchestrator = service(&resolution, "orchestrator");
    assert_eq!(
        plain(orchestrator, "CONFLUENCE_SERVICE_URL"),
        Some("http://confluence:8015")
    );
    assert_eq!(plain(orchestrator, "SLACK_SERVICE_URL"), None);
    assert!(orchestrator.publish.is_none());
    assert_eq!(
        orchestrator
            .networks
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
        ["data", "mesh"]
    );
    assert!(deployment.networks["data"].internal);
    assert!(!deployment.networks["mesh"].internal);
    assert_eq!(
        deployment.secrets["redis_conf"].expose(),
        "requirepass r3dis\n"
    );
    assert_eq!(deployment.secrets["mongodb_password"].expose(), "m0ngo");
    assert_eq!(
        deployment.secrets["mongo_url"].expose(),
        "mongodb://atlas:m0ngo@mongodb:27017/?authSource=admin"
    );
    let volumes: Vec<&str> = deployment.volumes.keys().map(String::as_str).collect();
    assert_eq!(volumes, ["mongodb_config", "mongodb_data", "redis_data"]);
}

#[test]
fn an_integration_has_redis_where_it_runs_anyway_and_does_not_bring_it() {
    let with = resolved("");
    let jira = service(&with, "jira");
    assert_eq!(
        jira.depends_on,
        BTreeMap::from([("redis".parse().unwrap(), Condition::Started)])
    );
    let file = plain(jira, "REDIS_URL_FILE");
    assert_eq!(file, Some("/run/secrets/redis_url"));
    assert_eq!(jira.networks.len(), 2);

    for yaml in ["services-to-run: [jira]", "data: embedded"] {
        let without = resolved(yaml);
        let jira = service(&without, "jira");
        assert!(jira.depends_on.is_empty(), "{yaml}");
        assert_eq!(plain(jira, "REDIS_URL_FILE"), None, "{yaml}");
        assert_eq!(plain(jira, "CACHE_TTL_SECONDS"), Some("60"), "{yaml}");
        assert_eq!(jira.networks.len(), 1, "{yaml}");
    }
}

#[test]
fn the_minimal_gateway_does_the_work_itself_and_keeps_its_data() {
    let resolution = resolved("profile: minimal");
    assert_eq!(names(&resolution), ["gateway"]);
    assert_eq!(resolution.deployment.data, DataMode::Embedded);
    let gateway = service(&resolution, "gateway");
    assert_eq!(plain(gateway, "ORCHESTRATOR_URL"), None);
    assert_eq!(plain(gateway, "MONGO_URL_FILE"), None);
    assert_eq!(
        plain(gateway, "CONFLUENCE_URL"),
        Some("https://acme.atlassian.net")
    );
    assert_eq!(
        plain(gateway, "JIRA_TOKEN_FILE"),
        Some("/run/secrets/jira_token")
    );
    assert_eq!(plain(gateway, "ATLAS_DATA_DIR"), Some("/data"));
    let data = Mount::Volume {
        volume: "gateway_data".to_owned(),
        target: "/data".to_owned(),
    };
    assert_eq!(gateway.mounts, [data]);
    assert_eq!(
        resolution.deployment.networks.keys().collect::<Vec<_>>(),
        ["mesh"]
    );
    assert_eq!(text(&resolution.warnings), "");
}

#[test]
fn who_searches_the_web_is_told_to_whoever_asks_the_services() {
    let dotenv = format!(
        "{}WEB_SEARCH_PROVIDER=brave\nBRAVE_API_KEY=k3y\n",
        full_env()
    );
    for (profile, asks, others) in [
        ("minimal", "gateway", &[][..]),
        ("atlassian", "orchestrator", &["gateway", "jira"]),
    ] {
        let inputs = inputs(&format!("profile: {profile}"), &dotenv);
        let resolution = resolve(&inputs, &request()).unwrap();
        let told = service(&resolution, asks);
        assert_eq!(plain(told, "WEB_SEARCH_PROVIDER"), Some("brave"));
        assert_eq!(
            plain(told, "BRAVE_API_KEY_FILE"),
            Some("/run/secrets/brave_api_key")
        );
        for other in others {
            let other = service(&resolution, other);
            assert_eq!(plain(other, "WEB_SEARCH_PROVIDER"), None);
            assert_eq!(plain(other, "BRAVE_API_KEY_FILE"), None);
        }
        assert_eq!(text(&resolution.warnings), "");
    }
}

#[test]
fn the_minimal_gateway_may_have_its_data_in_containers() {
    let resolution = resolved("profile: minimal\ndata: containers");
    assert_eq!(names(&resolution), ["gateway", "mongodb", "redis"]);
}

#[test]
fn missing_credentials_of_integrations_are_a_warning() {
    let resolution = resolve(&inputs("", GENERATED), &request()).unwrap();
    assert_eq!(
        text(&resolution.warnings),
        "warning: .env: confluence: `CONFLUENCE_TOKEN`, `CONFLUENCE_URL` and `CONFLUENCE_USERNAME` are not set; \
it will run, but is not configured\n  hint: set them in .env\n\
warning: .env: jira: `JIRA_TOKEN`, `JIRA_URL` and `JIRA_USERNAME` are not set; \
it will run, but is not configured\n  hint: set them in .env"
    );
}

#[test]
fn upstream_images_read_secrets_from_variables() {
    let yaml = "images: {source: registry, registry: ghcr.io/acme, tag: 1.10}\nprofile: all";
    let resolution = resolved(yaml);
    assert_eq!(resolution.deployment.services.len(), 15);
    assert_eq!(resolution.deployment.source, ImageSource::Registry);
    let jira = service(&resolution, "jira");
    assert_eq!(
        jira.image.reference().as_str(),
        "ghcr.io/acme/atlas-jira:1.10"
    );
    assert!(
        matches!(&jira.environment["JIRA_TOKEN"], EnvValue::Secret { variable, .. } if variable == "JIRA_TOKEN")
    );
    assert!(jira.secrets.is_empty());
    assert_eq!(jira.healthcheck[1], "python");
    let gateway = service(&resolution, "gateway");
    let EnvValue::Composed { expression, value } = &gateway.environment["REDIS_URL"] else {
        panic!()
    };
    assert_eq!(expression, "redis://:${REDIS_PASSWORD}@redis:6379/0");
    assert_eq!(value.expose(), "redis://:r3dis@redis:6379/0");
    assert_eq!(
        service(&resolution, "redis").image.reference().as_str(),
        "redis:7-alpine"
    );
}

#[test]
fn images_can_be_built_from_the_source_tree() {
    let resolution = resolved("images: {source: build, context: ../atlas-ai}");
    let Image::Build(reference, context) = &service(&resolution, "jira").image else {
        panic!()
    };
    assert_eq!(reference.as_str(), "myproject-jira");
    assert_eq!(
        context.context.to_str(),
        Some("../atlas-ai/services/integrations/jira")
    );
}

#[test]
fn external_data_is_named_by_its_addresses() {
    let dotenv = format!(
        "{}MONGO_URL=mongodb+srv://u:p@db.acme.com\nREDIS_URL=rediss://cache.acme.com\n",
        full_env()
    );
    let resolution = resolve(&inputs("data: external", &dotenv), &request()).unwrap();
    assert_eq!(
        names(&resolution),
        ["confluence", "gateway", "jira", "orchestrator"]
    );
    assert_eq!(
        resolution.deployment.secrets["mongo_url"].expose(),
        "mongodb+srv://u:p@db.acme.com"
    );
    assert!(!resolution.deployment.networks.contains_key("data"));
}

#[test]
fn a_profile_of_ones_own_has_the_gateway_and_what_it_needs() {
    let resolution = resolved("profiles: {team: [jira]}\nprofile: team");
    assert_eq!(
        names(&resolution),
        ["gateway", "jira", "mongodb", "orchestrator", "redis"]
    );
}

#[test]
fn services_to_run_are_exactly_those_and_what_they_depend_on() {
    assert_eq!(names(&resolved("services-to-run: [jira]")), ["jira"]);
    assert_eq!(
        names(&resolved("services-to-run: [orchestrator]")),
        ["orchestrator", "redis"]
    );
}

#[test]
fn named_services_replace_the_profile() {
    let mut request = request();
    request.services = vec!["orchestrator".to_owned(), "jira".to_owned()];
    let resolution = resolve(&inputs("profile: all", &full_env()), &request).unwrap();
    assert_eq!(names(&resolution), ["jira", "orchestrator", "redis"]);
}

#[test]
fn settings_of_a_service_override_the_catalogue() {
    let resolution = resolved(
        "services:\n  gateway: {port: 9000, expose: 0.0.0.0, memory: 1g, cpus: 1.5, pids: 99, environment: {DB_NAME: other, EXTRA: yes}}\n  jira: {replicas: 3, image: acme/jira:2}\n  mongodb:\n    publish: true\n",
    );
    let gateway = service(&resolution, "gateway");
    assert_eq!(gateway.publish.unwrap().address.to_string(), "0.0.0.0");
    assert_eq!(gateway.publish.unwrap().port.get(), 9000);
    assert_eq!(gateway.resources.memory, 1 << 30);
    assert_eq!(
        (gateway.resources.cpu_millis, gateway.resources.pids),
        (1500, 99)
    );
    assert_eq!(
        (plain(gateway, "DB_NAME"), plain(gateway, "EXTRA")),
        (Some("other"), Some("yes"))
    );
    let jira = service(&resolution, "jira");
    assert_eq!(
        (jira.replicas, jira.image.reference().as_str()),
        (3, "acme/jira:2")
    );
    assert!(service(&resolution, "mongodb").networks.contains("mesh"));
}

#[test]
fn passwords_are_percent_encoded_in_addresses() {
    let dotenv = full_env().replace("m0ngo", "'a/b@c'");
    let resolution = resolve(&inputs("", &dotenv), &request()).unwrap();
    assert_eq!(
        resolution.deployment.secrets["mongo_url"].expose(),
        "mongodb://atlas:a%2Fb%40c@mongodb:27017/?authSource=admin"
    );
    assert_eq!(
        resolution.deployment.secrets["mongodb_password"].expose(),
        "a/b@c"
    );
}

#[test]
fn the_process_environment_goes_before_the_file() {
    let mut request = request();
    request
        .environment
        .insert("DB_NAME".to_owned(), "mine".to_owned());
    request
        .environment
        .insert("COMPOSE_PROJECT_NAME".to_owned(), "other".to_owned());
    let dotenv = format!("{}DB_NAME=theirs\n", full_env());
    let resolution = resolve(&inputs("name: third", &dotenv), &request).unwrap();
    assert_eq!(
        plain(service(&resolution, "gateway"), "DB_NAME"),
        Some("mine")
    );
    assert_eq!(resolution.deployment.project.as_str(), "other");
}
