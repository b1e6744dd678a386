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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::cache::{Answer, Cache, Shelf};
use crate::metrics::Metrics;
use crate::request_id::RequestId;
use crate::search::{Found, Hit, SearchRequest};
use crate::secret::Secret;
use crate::source::{Fault, Health, LastCall, Source, SourceError};
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
    shelf: Option<Shelf>,
    last_call: Mutex<Option<LastCall>>,
}

impl Near {
    /// Makes the source; with variables missing it is one that says so. Without a cache the vendor is asked every time.
    pub fn new(
        integration: &Integration,
        account: &Account,
        http: reqwest::Client,
        metrics: Arc<Metrics>,
        budget: Duration,
        cache: Option<Arc<Cache>>,
    ) -> Self {
        let name = integration.name;
        let shelf = cache.map(|cache| Shelf::new(cache, name, account, metrics.clone()));
        let vendor = if account.missing.is_empty() {
            Ok((integration.connect)(account, http, metrics))
        } else {
            let names: Vec<String> = account
                .missing
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            Err(format!(
                "{name} is not configured: set {}",
                names.join(", ")
            ))
        };
        Self {
            name,
            vendor,
            budget,
            shelf,
            last_call: Mutex::default(),
        }
    }

    /// Calls the vendor and remembers how that went.
    async fn call<'a, T>(
        &self,
        id: &'a RequestId,
        faults: &'a AtomicBool,
        question: impl FnOnce(Call<'a>) -> BoxFuture<'a, Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let started = Instant::now();
        let outcome = question(Call {
            id,
            deadline: started + self.budget,
            faults,
        })
        .await;
        let last_call = last_call(outcome.as_ref().err(), started.elapsed());
        *self
            .last_call
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(last_call);
        outcome
    }

    async fn ask(
        &self,
        vendor: &dyn Vendor,
        request: &SearchRequest,
        id: &RequestId,
    ) -> Result<Answer, SourceError> {
        let faults = AtomicBool::new(false);
        let mut hits = self
            .call(id, &faults, |call| vendor.search(request, call))
            .await?;
        hits.retain(|hit| opens(&hit.url));
        Ok(Answer {
            hits,
            whole: !faults.load(Ordering::Relaxed),
        })
    }

    fn last_call(&self) -> Option<LastCall> {
        let last_call = self.last_call.lock();
        last_call.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How a call went that ended now.
fn last_call(error: Option<&SourceError>, took: Duration) -> LastCall {
    // Where a vendor refused a query, its words may repeat it.
    let told = error.filter(|error| error.fault != Fault::Rejected);
    LastCall {
        outcome: error.map_or("ok", |error| error.fault.code()).to_owned(),
        at: format!("{:.3}", jiff::Timestamp::now()),
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        message: told.map(|error| error.message.clone()),
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
    ) -> BoxFuture<'a, Result<Found, SourceError>> {
        async move {
            let vendor = self
                .vendor
                .as_ref()
                .map_err(|reason| SourceError::new(Fault::NotConfigured, reason))?;
            let ask = || self.ask(&**vendor, request, id);
            match &self.shelf {
                Some(shelf) => shelf.find(request, ask).await,
                None => Ok(ask().await?.hits.into()),
            }
        }
        .boxed()
    }

    fn health<'a>(&'a self, _id: &'a RequestId) -> BoxFuture<'a, Health> {
        std::future::ready(match &self.vendor {
            Ok(vendor) => Health {
                reason: vendor.limits(),
                last_call: self.last_call(),
                ..Health::good()
            },
            Err(reason) => Health::not_configured(reason),
        })
        .boxed()
    }

    fn check<'a>(&'a self, id: &'a RequestId) -> BoxFuture<'a, Health> {
        async move {
            let vendor = match &self.vendor {
                Ok(vendor) => vendor,
                Err(reason) => return Health::not_configured(reason),
            };
            let faults = AtomicBool::new(false);
            let found = match self.call(id, &faults, |call| vendor.whoami(call)).await {
                Ok(found) => found.and(vendor.limits()),
                Err(error) => Health::bad(error.message),
            };
            Health {
                last_call: self.last_call(),
                ..found
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
