//! The project's containers, looked at closely: restarts, exit codes, health, drift.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Containers {}

pub(super) const RULES: &[Rule] = &[];
