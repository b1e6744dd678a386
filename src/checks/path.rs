//! The way of a search: gateway, orchestrator, services; and what browsers may do.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Path {}

pub(super) const RULES: &[Rule] = &[];
