//! The real services against local servers that speak the vendors' documented shapes, and against real MongoDB and Redis
//! where `ATLAS_TEST_MONGOD` and `ATLAS_TEST_REDIS_SERVER` name their binaries.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod cache;
mod configuration;
mod confluence;
mod devtools;
mod fake;
mod faults;
mod figma;
mod gateway;
mod github;
mod google;
mod guards;
mod jira;
mod last_call;
mod linear;
mod microsoft365;
mod mongodb;
mod notion;
mod openapi;
mod orchestrator;
mod productivity;
mod real;
mod redis;
mod running;
mod slack;
mod traces;
mod vendor_faults;
mod web;
