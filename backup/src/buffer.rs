//! Buffers for long documents, asked for so that their memory goes back to the system with them. Owns no bytes.

/// Bytes from which on a buffer is long.
const LONG: usize = 1 << 19;

/// What glibc always maps by itself and unmaps when it is freed. Below its greatest threshold, 32 MiB (`M_MMAP_THRESHOLD` in
/// mallopt(3)), freed memory stays in the arena of its thread, and each thread has one. Room that is not touched takes no memory.
const MAPPED: usize = 33 << 20;

/// An empty buffer with room for so many bytes.
pub(crate) fn with_room(bytes: usize) -> Vec<u8> {
    let room = if bytes < LONG {
        bytes
    } else {
        bytes.max(MAPPED)
    };
    Vec::with_capacity(room)
}
