//! What can be reached from outside of this machine.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Exposure {}

pub(super) const RULES: &[Rule] = &[];
