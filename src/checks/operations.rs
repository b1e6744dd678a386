//! What an operator relies on while it runs: rate limits, metrics, logs. Whether a person looks at them is asked by the checklist.

mod logs;
mod metrics;
mod rate;

use super::facts::Known;
use super::rule::Rule;

pub use logs::{Logs, Source};
pub use metrics::{Metrics, Scraper, Target};
pub use rate::{Limited, Rate};

/// What was seen.
#[derive(Debug, Clone)]
pub struct Operations {
    /// What came of counting requests; `None` without a gateway.
    pub rate: Known<Option<Rate>>,
    /// The gateway's metrics and who reads them; `None` without a gateway.
    pub metrics: Known<Option<Metrics>>,
    /// Where logs go.
    pub logs: Known<Logs>,
}

pub(super) const RULES: &[Rule] = &[rate::RULE, metrics::RULE, logs::RULE];

#[cfg(test)]
mod tests;
