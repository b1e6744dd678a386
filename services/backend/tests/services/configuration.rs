//! What a role says when its variables are wrong.

use atlas_backend::environment::Variables;
use atlas_backend::roles::configure;

fn problems(role: &str, variables: &[(&str, &str)]) -> String {
    let variables: Variables = variables.iter().copied().collect();
    configure(role, &variables)
        .err()
        .expect("the configuration is refused")
        .to_string()
}

#[test]
fn all_problems_are_named_at_once_and_values_never() {
    let said = problems(
        "gateway",
        &[
            ("PORT", "80801"),
            ("MONGO_URL", "mongo://root:s3cret@host"),
            ("REDIS_URL", "http://:s3cret@host"),
            ("ORCHESTRATOR_URL", "orchestrator:8002"),
            ("CORS_ORIGINS", "*"),
            ("ATLAS_ENV", "production"),
            ("ATLAS_API_KEY_FILE", "/does/not/exist"),
            ("ATLAS_SECRET_KEY", "short"),
        ],
    );
    assert_eq!(
        said,
        "failed to serve `gateway`: `MONGO_URL` is not a MongoDB address (`mongodb://host:27017`); \
         `ORCHESTRATOR_URL` must be an address such as `http://host:8002`; \
         `REDIS_URL` is not a Redis address (`redis://host:6379`); \
         `CORS_ORIGINS`: `*` lets anybody in, which production refuses; name the extension's id; \
         `ATLAS_API_KEY_FILE` cannot be read: entity not found; \
         `ATLAS_SECRET_KEY` must be at least 16 characters long; \
         `PORT` must be a number between 0 and 65535"
    );
}

#[test]
fn a_secret_may_come_from_a_file_but_not_from_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "t0ken\n").unwrap();
    let file = file.to_str().unwrap();
    let variables = [
        ("JIRA_URL", "https://acme.atlassian.net"),
        ("JIRA_USERNAME", "ann"),
        ("JIRA_TOKEN_FILE", file),
    ];
    assert!(configure("jira", &variables.iter().copied().collect()).is_ok());
    let both = [("JIRA_TOKEN", "t0ken"), ("JIRA_TOKEN_FILE", file)];
    assert_eq!(
        problems("jira", &both),
        "failed to serve `jira`: `JIRA_TOKEN` and `JIRA_TOKEN_FILE` are both set; keep one"
    );
}

#[test]
fn who_searches_the_web_is_one_of_three_and_the_only_source_of_that_name() {
    for role in ["gateway", "orchestrator"] {
        assert_eq!(
            problems(
                role,
                &[
                    ("WEB_SEARCH_PROVIDER", "google"),
                    ("BRAVE_API_KEY", "s3cret")
                ]
            ),
            format!(
                "failed to serve `{role}`: `WEB_SEARCH_PROVIDER` must be one of searxng, brave, duckduckgo"
            )
        );
    }
    let both = [
        ("WEB_SEARCH_PROVIDER", "duckduckgo"),
        ("WEB_SERVICE_URL", "http://web:8099"),
    ];
    assert_eq!(
        problems("orchestrator", &both),
        "failed to serve `orchestrator`: `WEB_SEARCH_PROVIDER` and `WEB_SERVICE_URL` both name a source `web`; keep one"
    );
}

#[test]
fn an_unknown_role_names_those_there_are() {
    assert_eq!(
        problems("gatway", &[]),
        "failed to serve `gatway`: there is no such role (there are gateway, orchestrator, productivity, confluence, devtools, figma, github, google, jira, linear, microsoft365, notion, slack)"
    );
}

#[test]
fn every_integration_is_a_role() {
    for integration in atlas_backend::integrations::ALL {
        assert!(atlas_backend::roles().contains(&integration.name));
    }
}
