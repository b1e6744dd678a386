//! The real services against local servers that speak the vendors' documented shapes, and against real MongoDB and Redis
//! where `ATLAS_TEST_MONGOD` and `ATLAS_TEST_REDIS_SERVER` name their binaries.

#![allow(clippy::unwrap_used)]

mod configuration;
mod confluence;
mod fake;
mod gateway;
mod guards;
mod jira;
mod mongodb;
mod orchestrator;
mod productivity;
mod real;
mod redis;
mod running;
mod vendor_faults;
