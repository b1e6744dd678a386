//! Plays a role as a process of its own, as `atlas serve` does: for tests of what a process writes.

fn main() {
    let role = std::env::args().nth(1).unwrap_or_default();
    if let Err(error) = atlas_backend::serve(&role) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
