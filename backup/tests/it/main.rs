//! The backup crate against real parts: one binary, one module for each thing that is proven.

#![allow(clippy::unwrap_used)]
mod extjson;
mod mongod;
mod oplog;
mod pattern;
mod rdb;

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;
mod restore;
mod target;
mod users;

mod codec;
mod extjson;
mod mongod;
mod pattern;
mod rdb;
mod remote;
mod repository;
mod sample;
