//! The backup crate against real parts: one binary, one module for each thing that is proven.

#[path = "../../../services/backend/tests/services/real.rs"]
mod real;

mod archive;
mod codec;
mod damage;
mod encryption;
mod packed;
mod repository;
mod sample;
