//! Certificates that the gateway is reached by.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Tls {}

pub(super) const RULES: &[Rule] = &[];
