//! The integration tests, one binary: `atlas` as people run it.
//!
//! Engine tests need a Docker engine and the parts of `tests/parts/provision`; without them they say `SKIPPED` on stderr, and
//! fail where `ATLAS_TEST_REQUIRE_REAL=1` promises them.

mod atlas;
mod backup;
mod checklist;
mod doctor;
mod engine;
mod env;
mod helm;
mod house;
mod init;
mod input;
mod judges;
mod kubernetes;
mod nginx;
mod offline;
mod tidy;
mod wizard;
