//! The images that the deployment names.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Images {}

pub(super) const RULES: &[Rule] = &[];
