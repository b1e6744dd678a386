//! Bytes as the answers of each vendor: through the client, the readers and the scoring that real answers go through.
//!
//! An input is a letter for the vendor (`a` is the first row of [`CASES`]), a digit for the status, and the bodies of the answers,
//! apart by the record separator 0x1E; requests beyond them are answered with 500.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use atlas_backend::integrations::{self, Account, Integration, Near, web};
use atlas_backend::metrics::Metrics;
use atlas_backend::request_id::RequestId;
use atlas_backend::search::SearchRequest;
use atlas_backend::secret::Secret;
use atlas_backend::source::Source;
use atlas_backend::vendor::{Client, fuzzing, http_client};
use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime::{Builder, Runtime};

/// Integration or provider, variables that are left out, and the site that is asked where there are several.
const CASES: [(&str, &[&str], Option<&str>); 16] = [
    ("slack", &[], None),
    ("slack", &["SLACK_USER_TOKEN"], None),
    ("github", &[], None),
    ("google", &[], None),
    ("notion", &[], None),
    ("confluence", &[], None),
    ("jira", &[], None),
    ("linear", &[], None),
    ("figma", &[], None),
    ("microsoft365", &[], None),
    ("devtools", &[], Some("stackoverflow")),
    ("devtools", &[], Some("npm")),
    ("devtools", &[], Some("pypi")),
    ("searxng", &[], None),
    ("brave", &[], None),
    ("duckduckgo", &[], None),
];
const STATUSES: [u16; 8] = [200, 202, 400, 403, 404, 422, 429, 302];
const LIMIT: usize = 3;
/// What Google and Microsoft are asked for first.
const TOKEN: &[u8] = br#"{"access_token": "t", "expires_in": 3600}"#;

static HTTP: LazyLock<Client> = LazyLock::new(|| {
    let names = integrations::ALL.iter().map(|integration| integration.name);
    for name in names.chain(web::PROVIDERS.iter().map(|(name, _)| *name)) {
        let is_there = CASES.iter().any(|(case, ..)| *case == name);
        assert!(is_there, "`{name}` has no row in CASES");
    }
    http_client(None).expect("a client without files of certificates")
});

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without threads");
}

fn integration(name: &str) -> &'static Integration {
    let provider = web::PROVIDERS
        .iter()
        .find(|(provider, _)| *provider == name);
    let mut services = integrations::ALL.iter();
    let service = services.find(|integration| integration.name == name);
    provider
        .map(|(_, integration)| integration)
        .or(service)
        .expect("every case is an integration")
}

fn account(integration: &Integration, without: &[&str]) -> Account {
    let mut account = Account::default();
    let names = integration.variables.iter().chain(integration.optional);
    for name in names.filter(|name| !without.contains(name)) {
        let value = match *name {
            "MS_MAILBOXES" => "ann@acme.example",
            name if name.ends_with("_URL") => "http://vendor.example",
            _ => "value",
        };
        account.values.insert(name, Secret::new(value));
    }
    account
}

fn run(data: &[u8]) -> Option<()> {
    let (which, rest) = data.split_first()?;
    let (status, bodies) = rest.split_first()?;
    let (name, without, site) = CASES.get(usize::from(which.wrapping_sub(b'a')))?;
    let status = *STATUSES.get(usize::from(status.wrapping_sub(b'0')))?;
    let integration = integration(name);
    // No time: whatever would wait is over at once.
    let near = Near::new(
        integration,
        &account(integration, without),
        HTTP.clone(),
        Arc::new(Metrics::new("fuzz")),
        Duration::ZERO,
        None,
    );
    let answers = || {
        let token = matches!(*name, "google" | "microsoft365").then(|| (200, TOKEN.to_vec()));
        let bodies = bodies.split(|byte| *byte == 0x1E);
        let answers = bodies.map(|body| (status, body.to_vec()));
        fuzzing::answer_with(token.into_iter().chain(answers));
    };
    let request = serde_json::json!({"query": "flask", "limit": LIMIT, "filters": {"site": site}});
    let request: SearchRequest = serde_json::from_value(request).expect("a request");
    let id = RequestId::generate();
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            answers();
            if let Ok(found) = near.search(&request, &id).await {
                let hits = found.hits;
                assert!(hits.len() <= LIMIT, "{} hits", hits.len());
                for hit in hits.each() {
                    assert!((0.0..=1.0).contains(&hit.score), "{}", hit.score);
                    let url = hit.url.to_ascii_lowercase();
                    let opens = url.starts_with("http://") || url.starts_with("https://");
                    assert!(opens, "{url}");
                    assert_eq!(hit.source, integration.name);
                }
            }
            answers();
            near.check(&id).await;
        });
    });
    Some(())
}

fuzz_target!(|data: &[u8]| -> Corpus {
    match run(data) {
        Some(()) => Corpus::Keep,
        None => Corpus::Reject,
    }
});
