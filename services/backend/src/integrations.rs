//! The integrations: one file per vendor, one row here. A vendor's file says which variables it needs, how to search and
//! how to ask "who am I"; being configured, deadlines, health and scoring are the same for all and live here.

pub mod confluence;
pub mod devtools;
pub mod figma;
pub mod github;
pub mod google;
pub mod jira;
pub mod linear;
pub mod microsoft365;
pub mod notion;
pub mod slack;
pub mod web;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::metrics::Metrics;
use crate::request_id::RequestId;
use crate::search::{Hit, SearchRequest};
use crate::secret::Secret;
use crate::source::{Fault, Health, Source, SourceError};
use crate::vendor::Call;

/// Every integration this build holds as a service; [`web`] is a part of whoever asks them.
pub const ALL: &[Integration] = &[
    confluence::INTEGRATION,
    devtools::INTEGRATION,
    figma::INTEGRATION,
    github::INTEGRATION,
    google::INTEGRATION,
    jira::INTEGRATION,
    linear::INTEGRATION,
    microsoft365::INTEGRATION,
    notion::INTEGRATION,
    slack::INTEGRATION,
];

/// Makes a vendor of the variables it needs.
pub type Connect = fn(&Account, reqwest::Client, Arc<Metrics>) -> Arc<dyn Vendor>;

/// What a vendor's file declares.
pub struct Integration {
    /// The role and source name.
    pub name: &'static str,
    /// The port it serves on unless `PORT` says otherwise.
    pub port: u16,
    /// The variables it needs, all of them; those ending in `_URL` are checked to be addresses.
    pub variables: &'static [&'static str],
    /// The variables it works without, checked in the same way.
    pub optional: &'static [&'static str],
    /// Makes the vendor once all variables are there.
    pub connect: Connect,
}

/// What a vendor's file implements.
pub trait Vendor: Send + Sync {
    /// At most `request.limit` results, best first.
    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>>;

    /// What the cheapest authenticated call finds, usually [`signed_in_as`] somebody.
    fn whoami<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Health, SourceError>>;

    /// What is not searched although nothing is wrong, in a person's words.
    fn limits(&self) -> Option<String> {
        None
    }
}

/// The variables of one integration that are set, and the names of those that are not.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// By variable name.
    pub values: BTreeMap<&'static str, Secret>,
    /// Unset, or still a placeholder.
    pub missing: Vec<&'static str>,
}

impl Account {
    /// The value of a declared variable.
    pub fn get(&self, name: &str) -> Secret {
        self.values
            .get(name)
            .cloned()
            .expect("vendors are made only when all their declared variables are set")
    }

    /// The value of an optional variable.
    pub fn find(&self, name: &str) -> Option<Secret> {
        self.values.get(name).cloned()
    }

    /// The value of an optional variable that is no secret, or what stands in for it.
    pub fn or<'a>(&'a self, name: &str, otherwise: &'a str) -> &'a str {
        self.values.get(name).map_or(otherwise, Secret::expose)
    }
}

/// An integration in this process, as a source.
pub struct Near {
    name: &'static str,
    vendor: Result<Arc<dyn Vendor>, String>,
    budget: Duration,
}

impl Near {
    /// Makes the source; with variables missing it is one that says so.
    pub fn new(
        integration: &Integration,
        account: &Account,
        http: reqwest::Client,
        metrics: Arc<Metrics>,
        budget: Duration,
    ) -> Self {
        let vendor = if account.missing.is_empty() {
            Ok((integration.connect)(account, http, metrics))
        } else {
            let names: Vec<String> = account
                .missing
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            Err(format!(
                "{} is not configured: set {}",
                integration.name,
                names.join(", ")
            ))
        };
        Self {
            name: integration.name,
            vendor,
            budget,
        }
    }

    fn call<'a>(&self, id: &'a RequestId) -> Call<'a> {
        Call {
            id,
            deadline: Instant::now() + self.budget,
        }
    }
}

impl Source for Near {
    fn name(&self) -> &str {
        self.name
    }

    fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        id: &'a RequestId,
    ) -> BoxFuture<'a, Result<Vec<Hit>, SourceError>> {
        match &self.vendor {
            Ok(vendor) => async move {
                let mut hits = vendor.search(request, self.call(id)).await?;
                hits.retain(|hit| opens(&hit.url));
                Ok(hits)
            }
            .boxed(),
            Err(reason) => {
                std::future::ready(Err(SourceError::new(Fault::NotConfigured, reason))).boxed()
            }
        }
    }

    fn health<'a>(&'a self, _id: &'a RequestId) -> BoxFuture<'a, Health> {
        std::future::ready(match &self.vendor {
            Ok(vendor) => Health {
                reason: vendor.limits(),
                ..Health::good()
            },
            Err(reason) => Health::not_configured(reason),
        })
        .boxed()
    }

    fn check<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health> {
        async move {
            match &self.vendor {
                Ok(vendor) => match vendor.whoami(self.call(id)).await {
                    Ok(found) => found.and(vendor.limits()),
                    Err(error) => Health::bad(error.message),
                },
                Err(reason) => Health::not_configured(reason),
            }
        }
        .boxed()
    }
}

/// Whether a browser goes there: an address in a vendor's answer may be a script, or none.
fn opens(url: &str) -> bool {
    let begins = |scheme: &str| {
        let begin = url.get(..scheme.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    begins("https://") || begins("http://")
}

/// What [`Vendor::whoami`] says of an account whose name stands at `pointer` of the vendor's answer.
pub fn signed_in_as(answer: &Value, pointer: &str) -> Health {
    let name = answer.pointer(pointer).and_then(Value::as_str);
    Health::good_because(format!("signed in as {}", name.unwrap_or("an account")))
}

/// Plain words as a quoted literal of CQL and JQL, where `~` hands the text to Lucene: operators lose their meaning first
/// (one backslash), then the string literal is quoted (which doubles it).
/// <https://developer.atlassian.com/cloud/confluence/performing-text-searches-using-cql/>
/// <https://support.atlassian.com/jira-software-cloud/docs/search-for-issues-using-the-text-field/>
pub fn text_literal(words: &str) -> String {
    let mut lucene = String::with_capacity(words.len() + 8);
    for word in words.split_whitespace() {
        if !lucene.is_empty() {
            lucene.push(' ');
        }
        if matches!(word, "AND" | "OR" | "NOT") {
            lucene.push_str(&word.to_lowercase());
            continue;
        }
        for character in word.chars().filter(|character| !character.is_control()) {
            if r#"+-&|!(){}[]^"~*?:\/"#.contains(character) {
                lucene.push('\\');
            }
            lucene.push(character);
        }
    }
    literal(&lucene)
}

/// A quoted literal of CQL and JQL for exact values (space keys, projects, labels).
pub fn literal(value: &str) -> String {
    let clean: String = value
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    format!("\"{}\"", clean.replace('\\', r"\\").replace('"', r#"\""#))
}

/// `field in ("a", "b")` for filter `name`, or nothing if it was not given.
pub fn restriction(field: &str, request: &SearchRequest, name: &str) -> Option<String> {
    let values: Vec<String> = request.filter(name).into_iter().map(literal).collect();
    (!values.is_empty()).then(|| format!("{field} in ({})", values.join(", ")))
}
