//! MongoDB and Redis: versions, authentication, persistence.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Data {}

pub(super) const RULES: &[Rule] = &[];
