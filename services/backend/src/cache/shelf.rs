//! The part of the cache that belongs to one account of one source. Equal searches at the same time share one question.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::Cache;
use super::entry::Entry;
use crate::integrations::Account;
use crate::metrics::Metrics;
use crate::seal::Sealer;
use crate::search::{Found, Hit, Hits, SearchRequest};
use crate::source::SourceError;

/// Filters that a vendor's file reads are one word or several; both ways of writing one word are the same search.
type Filters<'a> = BTreeMap<&'a str, Vec<&'a str>>;
/// The answer all who ask the same wait for.
type Flight = Arc<OnceCell<Result<Found, SourceError>>>;

/// Results of one source, as its account sees them.
pub struct Shelf {
    cache: Arc<Cache>,
    source: &'static str,
    account: [u8; 32],
    sealer: Sealer,
    metrics: Arc<Metrics>,
    flights: Mutex<HashMap<String, Flight>>,
}

/// What a vendor answered.
pub struct Answer {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Whether everything was asked that should have been; what is not whole is not kept.
    pub whole: bool,
}

impl Shelf {
    /// The results of `source` for `account`. Whoever has other credentials finds nothing here and cannot read it.
    pub fn new(
        cache: Arc<Cache>,
        source: &'static str,
        account: &Account,
        metrics: Arc<Metrics>,
    ) -> Self {
        let mut digest = Sha256::new();
        for (name, value) in &account.values {
            for part in [*name, value.expose()] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
        }
        let account: [u8; 32] = digest.finalize().into();
        Self {
            cache,
            source,
            account,
            sealer: Sealer::of(b"atlas results v1", &account),
            metrics,
            flights: Mutex::default(),
        }
    }

    /// What is kept for `request`, else what `ask` finds, which is kept then.
    ///
    /// # Errors
    /// Those of `ask`; they are not kept.
    pub async fn find<F: Future<Output = Result<Answer, SourceError>>>(
        &self,
        request: &SearchRequest,
        ask: impl FnOnce() -> F,
    ) -> Result<Found, SourceError> {
        let key = self.key(request);
        if let Some(found) = self.kept(&key).await {
            self.metrics.lookup(self.source, "hit");
            return Ok(found);
        }
        let boarded = self.board(&key);
        let mut outcome = "shared";
        let asked = async {
            outcome = "miss";
            let answer = ask().await?;
            if answer.whole {
                self.keep(&key, &answer.hits).await;
            }
            Ok(answer.hits.into())
        };
        let found = boarded.flight.get_or_init(|| asked).await.clone();
        self.metrics.lookup(self.source, outcome);
        found
    }

    /// A digest: it tells neither the query nor the account.
    fn key(&self, request: &SearchRequest) -> String {
        let words: Vec<&str> = request.query.split_whitespace().collect();
        let filters: Filters<'_> = request
            .filters
            .keys()
            .map(|name| (name.as_str(), request.filter(name)))
            .collect();
        let asked = json!([self.source, words, request.limit, filters]).to_string();
        let digest = Sha256::new_with_prefix(self.account)
            .chain_update(asked)
            .finalize();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("atlas:results:{}:{digest}", self.source)
    }

    async fn kept(&self, key: &str) -> Option<Found> {
        let bytes = self.cache.get(key).await?;
        let entry = Entry::decode(bytes, key, &self.sealer)?;
        let age = jiff::Timestamp::now().as_millisecond() - entry.at_ms;
        // Clocks of several machines differ a little.
        let age = u64::try_from(age).unwrap_or_default() / 1000;
        (age <= self.cache.life.as_secs()).then_some(Found {
            hits: Hits::Made(entry.hits),
            age: Some(age),
        })
    }

    async fn keep(&self, key: &str, hits: &[Hit]) {
        let entry = Entry {
            at_ms: jiff::Timestamp::now().as_millisecond(),
            hits: hits.to_vec(),
        };
        if let Some(bytes) = entry.encode(key, &self.sealer) {
            self.cache.put(key, bytes).await;
        }
    }

    fn board(&self, key: &str) -> Boarded<'_> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        Boarded {
            shelf: self,
            key: key.to_owned(),
            flight: flights.entry(key.to_owned()).or_default().clone(),
        }
    }
}

/// A seat in a flight. Who leaves an answered one, or is the last to leave, takes it off the board.
struct Boarded<'a> {
    shelf: &'a Shelf,
    key: String,
    flight: Flight,
}

impl Drop for Boarded<'_> {
    fn drop(&mut self) {
        let flights = &self.shelf.flights;
        let mut flights = flights.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = self.flight.initialized() || Arc::strong_count(&self.flight) == 2;
        if is_over
            && flights
                .get(&self.key)
                .is_some_and(|flight| Arc::ptr_eq(flight, &self.flight))
        {
            flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;
    use crate::secret::Secret;
    use crate::source::Fault;

    fn shelf(token: &str) -> Shelf {
        let mut account = Account::default();
        account.values.insert("JIRA_TOKEN", Secret::new(token));
        let cache = Cache::new(Duration::from_secs(60), None).unwrap();
        Shelf::new(cache, "jira", &account, Arc::new(Metrics::new("jira")))
    }

    fn request(text: &str) -> SearchRequest {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn equal_searches_have_one_key_which_tells_nothing() {
        let shelf_key = |token, text| shelf(token).key(&request(text));
        let plain = shelf_key(
            "t0ken",
            r#"{"query": "a b", "filters": {"x": "1", "y": ["2"]}}"#,
        );
        assert_eq!((plain.len(), &plain[..19]), (83, "atlas:results:jira:"));
        for same in [
            r#"{"query": "a  b", "limit": 10, "filters": {"y": "2", "x": ["1"]}}"#,
            r#"{"query": "a b", "filters": {"x": "1", "y": "2"}, "user_id": "ann", "services": ["jira"]}"#,
        ] {
            assert_eq!(shelf_key("t0ken", same), plain, "{same}");
        }
        for other in [
            r#"{"query": "A b", "filters": {"x": "1", "y": "2"}}"#,
            r#"{"query": "a b", "limit": 9, "filters": {"x": "1", "y": "2"}}"#,
            r#"{"query": "a b", "filters": {"x": ["1", "2"]}}"#,
        ] {
            assert_ne!(shelf_key("t0ken", other), plain, "{other}");
        }
        let text = r#"{"query": "a b", "filters": {"x": "1", "y": ["2"]}}"#;
        assert_ne!(shelf_key("another", text), plain, "another account");
    }

    #[tokio::test]
    async fn who_asks_the_same_shares_one_answer_and_failures_are_not_kept() {
        let (shelf, calls) = (shelf("t0ken"), AtomicUsize::new(0));
        let request = request(r#"{"query": "x"}"#);
        let count = &calls;
        let ask = |outcome: Result<(), Fault>| {
            shelf.find(&request, move || async move {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                outcome.map_err(|fault| SourceError::new(fault, "no"))?;
                Ok(Answer {
                    hits: Vec::new(),
                    whole: true,
                })
            })
        };
        let failed = join_all((0..9).map(|_| ask(Err(Fault::Timeout)))).await;
        assert!(failed.iter().all(Result::is_err));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        drop(ask(Ok(())));
        assert_eq!(ask(Ok(())).await.unwrap().age, None, "asked anew");
        assert_eq!(ask(Ok(())).await.unwrap().age, Some(0), "kept");
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        assert!(shelf.flights.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn when_the_first_gives_up_another_asks_in_its_place() {
        let (shelf, request) = (shelf("t0ken"), request(r#"{"query": "x"}"#));
        let answer = || Answer {
            hits: Vec::new(),
            whole: true,
        };
        let mut first = Box::pin(shelf.find(&request, std::future::pending));
        let mut second = Box::pin(shelf.find(&request, || async { Ok(answer()) }));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none(), "it waits");
        assert_eq!(shelf.flights.lock().unwrap().len(), 1);
        drop(first);
        assert_eq!(second.await.unwrap().age, None);
        assert!(shelf.flights.lock().unwrap().is_empty());
    }

    #[test]
    fn another_account_cannot_read_an_entry() {
        let (ours, theirs) = (shelf("t0ken"), shelf("another"));
        let entry = Entry {
            at_ms: 0,
            hits: Vec::new(),
        };
        let bytes = entry.encode("key", &ours.sealer).unwrap();
        assert!(Entry::decode(bytes.clone(), "key", &ours.sealer).is_some());
        assert!(Entry::decode(bytes.clone(), "key", &theirs.sealer).is_none());
        assert!(Entry::decode(bytes.clone(), "other", &ours.sealer).is_none());
        for damaged in [&bytes[..5], &[], &[0; 64]] {
            assert!(Entry::decode(damaged.to_vec(), "key", &ours.sealer).is_none());
        }
    }
}
