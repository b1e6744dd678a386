//! The `atlas` executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    atlas::run()
}
