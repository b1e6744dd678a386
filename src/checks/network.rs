//! Networks of the engine, names and ways between services.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Network {}

pub(super) const RULES: &[Rule] = &[];
