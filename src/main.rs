//! The `atlas` executable.

use std::process::ExitCode;

/// What large documents needed goes back to the system at once; glibc keeps it, twice over with several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    atlas::run()
}
