//! The parser of the Productivity service as a program of its own, for this crate's tests: in an image, `atlas extract` is it.

use std::process::ExitCode;

fn main() -> ExitCode {
    let kind = std::env::args().nth(1).unwrap_or_default();
    atlas_backend::productivity::extract::child::run(&kind)
}
