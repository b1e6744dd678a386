//! The backup crate against real parts: one binary, one module for each thing that is proven.

#![allow(clippy::unwrap_used)]

#[allow(
    dead_code,
    reason = "shared with the services, which also revive theirs"
)]
#[path = "../../../services/backend/tests/services/real.rs"]
mod real;

mod archive;
mod codec;
mod counters;
mod damage;
mod document;
mod dump;
mod encryption;
mod extjson;
mod faults;
mod mongod;
mod oplog;
mod packed;
mod pattern;
mod rdb;
mod remote;
mod repository;
mod restore;
mod retention;
mod roundtrip;
mod sample;
mod source;
mod specimen;
mod stock;
mod target;
mod users;
mod zoo;
