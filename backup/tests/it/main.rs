//! The backup crate against real parts: one binary, one module for each thing that is proven.

mod mongod;
mod extjson;
mod oplog;
mod pattern;
mod rdb;

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;
mod restore;
mod target;
mod users;

mod archive;
mod codec;
mod damage;
mod repository;
mod sample;
