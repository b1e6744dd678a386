//! The backup crate against real parts: one binary, one module for each thing that is proven.

mod dump;
mod extjson;
mod mongod;
mod rdb;
mod source;

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;

mod codec;
mod repository;
