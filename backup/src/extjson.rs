//! Canonical Extended JSON, with the order of keys kept.
