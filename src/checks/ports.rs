//! The ports that shall be published, and who uses them.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Ports {}

pub(super) const RULES: &[Rule] = &[];
