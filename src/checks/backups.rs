//! Backups: their age, their proof, their schedule.

use super::rule::Rule;

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Backups {}

pub(super) const RULES: &[Rule] = &[];
