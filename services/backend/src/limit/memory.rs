//! Token buckets in this process. Time is a parameter.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Beyond this many clients, those whose buckets have filled up again are forgotten.
const CLIENTS: usize = 10_000;

/// Buckets by client: tokens, and when they were counted.
#[derive(Default)]
pub(super) struct MemoryBuckets(Mutex<HashMap<String, (f64, Instant)>>);

impl MemoryBuckets {
    /// Takes a token; what is left, or minus what is missing for one.
    pub(super) fn take(&self, client: &str, per_minute: u32, now: Instant) -> f64 {
        let capacity = f64::from(per_minute);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CLIENTS {
            buckets
                .retain(|_, (_, at)| now.saturating_duration_since(*at) < Duration::from_secs(60));
            // Nobody idle: better to forgive everybody than to grow without end.
            if buckets.len() >= CLIENTS {
                buckets.clear();
            }
        }
        let (tokens, at) = buckets.entry(client.to_owned()).or_insert((capacity, now));
        let gained = now.saturating_duration_since(*at).as_secs_f64() * capacity / 60.0;
        *tokens = (*tokens + gained).min(capacity);
        *at = now;
        if *tokens < 1.0 {
            return *tokens - 1.0;
        }
        *tokens -= 1.0;
        *tokens
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict;
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (buckets, start) = (MemoryBuckets::default(), Instant::now());
        assert_eq!(verdict(buckets.take("a", 2, start), 2).remaining, 1);
        assert_eq!(verdict(buckets.take("a", 2, start), 2).remaining, 0);
        let refused = verdict(buckets.take("a", 2, start), 2);
        assert_eq!(
            (refused.allowed, refused.retry_after, refused.reset),
            (false, 30, 60)
        );
        assert!(
            verdict(buckets.take("b", 2, start), 2).allowed,
            "another client has its own bucket"
        );
        assert!(verdict(buckets.take("a", 2, start + Duration::from_secs(30)), 2).allowed);
    }
}
