//! When to leave a vendor alone: after repeated failures, or because it said so. Time is a parameter.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open the circuit.
const FAILURES: u32 = 5;
/// How long it stays open before one probe may pass.
const OPEN: Duration = Duration::from_secs(15);
/// A vendor's word is kept, but not beyond this.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// A circuit breaker that also keeps rate-limit pauses.
#[derive(Default)]
pub struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    paused_until: Option<Instant>,
}

/// Why a call must not be made now.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// How long the refusal lasts.
    pub wait: Duration,
    /// The vendor asked for it, as opposed to failures in a row.
    pub rate_limited: bool,
}

impl Breaker {
    /// Lets a call pass, or says why not. When the circuit has been open long enough, one probe passes per period.
    ///
    /// # Errors
    /// The refusal and how long it lasts.
    pub fn admit(&self, now: Instant) -> Result<(), Refusal> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Err(Refusal {
                wait: until - now,
                rate_limited: true,
            });
        }
        match state.open_until {
            Some(until) if until > now => Err(Refusal {
                wait: until - now,
                rate_limited: false,
            }),
            Some(_) => {
                state.open_until = Some(now + OPEN);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The vendor answered.
    pub fn worked(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = 0;
        state.open_until = None;
    }

    /// The vendor failed or kept us waiting.
    pub fn failed(&self, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures += 1;
        if state.failures >= FAILURES {
            state.open_until = Some(now + OPEN);
        }
    }

    /// The vendor asked to be left alone until then.
    pub fn pause(&self, until: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.paused_until = Some(until.min(Instant::now() + PAUSE_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_lets_one_probe_pass() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..FAILURES {
            assert!(breaker.admit(start).is_ok());
            breaker.failed(start);
        }
        assert_eq!(
            breaker.admit(start),
            Err(Refusal {
                wait: OPEN,
                rate_limited: false
            })
        );
        let later = start + OPEN;
        assert!(breaker.admit(later).is_ok(), "a probe passes");
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.worked();
        assert!(breaker.admit(later).is_ok(), "closed again");
    }

    #[test]
    fn keeps_a_pause_the_vendor_asked_for() {
        let breaker = Breaker::default();
        let now = Instant::now();
        breaker.pause(now + Duration::from_secs(7));
        assert_eq!(
            breaker.admit(now),
            Err(Refusal {
                wait: Duration::from_secs(7),
                rate_limited: true
            })
        );
        assert!(breaker.admit(now + Duration::from_secs(7)).is_ok());
    }
}
