//! What the vendors say of each integration's credentials, with `--online`.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Credentials {}

pub(super) const RULES: &[Rule] = &[];
