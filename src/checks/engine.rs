//! The container engine: reachable, its version, its settings.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Engine {}

pub(super) const RULES: &[Rule] = &[];
