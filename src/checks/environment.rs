//! .env and its values, and the files around it: rights, git.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Environment {}

pub(super) const RULES: &[Rule] = &[];
