//! The backup crate against real parts: one binary, one module for each thing that is proven.

mod mongod;
#[path = "../../../services/backend/tests/services/real.rs"]
mod real;
mod repository;
