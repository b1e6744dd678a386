//! Source trees of image source `build`.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Sources {}

pub(super) const RULES: &[Rule] = &[];
