//! The backup crate against real parts: one binary, one module for each thing that is proven.

mod codec;
mod extjson;
mod mongod;
mod oplog;
mod pattern;
mod rdb;
mod dump;
mod extjson;
mod mongod;
mod rdb;
mod source;

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;
mod repository;
mod restore;
mod roundtrip;
mod target;
mod users;
mod zoo;
