//! The backup crate against real parts: one binary, one module for each thing that is proven.

mod extjson;
mod rdb;

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;

mod codec;
#![allow(clippy::unwrap_used)]

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;
mod remote;
mod repository;
mod sample;
