//! The machine: memory, disk, processor, clock, limits.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Host {}

pub(super) const RULES: &[Rule] = &[];
