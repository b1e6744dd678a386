//! nginx before the gateway, on this machine.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Nginx {}

pub(super) const RULES: &[Rule] = &[];
