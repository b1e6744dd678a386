//! The `atlas` executable.
fn main() {}
