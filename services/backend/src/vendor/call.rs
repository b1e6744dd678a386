//! What a call to a vendor is part of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::request_id::RequestId;
use crate::source::SourceError;

/// Whose request this is and by when it must be answered.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Crosses services and shows in logs.
    pub id: &'a RequestId,
    /// The end of the time budget, shared by retries and pages.
    pub deadline: Instant,
    /// Set when something failed, even if the rest makes an answer.
    pub faults: &'a AtomicBool,
}

impl Call<'_> {
    pub(super) fn noted<T>(self, outcome: Result<T, SourceError>) -> Result<T, SourceError> {
        self.faults.fetch_or(outcome.is_err(), Ordering::Relaxed);
        outcome
    }
}
