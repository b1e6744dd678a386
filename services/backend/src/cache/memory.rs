//! Entries in this process, bounded in number and bytes. Time is a parameter.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most entries.
const ENTRIES: usize = 1000;
/// Most bytes of all entries; a container has a few hundred MiB for everything.
const BYTES: usize = 8 * 1024 * 1024;

/// Bytes by key.
#[derive(Default)]
pub(super) struct MemoryEntries(Mutex<State>);

#[derive(Default)]
struct State {
    entries: HashMap<String, (Vec<u8>, Instant)>,
    /// In the order of their ends, which is the order in which they came.
    ends: VecDeque<(Instant, String)>,
    bytes: usize,
}

impl MemoryEntries {
    /// The bytes at `key`, unless their time is up.
    pub(super) fn get(&self, key: &str, now: Instant) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, until) = state.entries.get(key)?;
        (*until > now).then(|| bytes.clone())
    }

    /// Keeps bytes `until` then; what ends first makes room.
    pub(super) fn put(&self, key: &str, bytes: Vec<u8>, now: Instant, until: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.bytes += bytes.len();
        let before = state.entries.insert(key.to_owned(), (bytes, until));
        state.bytes -= before.map_or(0, |(bytes, _)| bytes.len());
        state.ends.push_back((until, key.to_owned()));
        while state.is_full() || state.ends.front().is_some_and(|(end, _)| *end <= now) {
            state.drop_first();
        }
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.bytes > BYTES || self.ends.len() > ENTRIES
    }

    fn drop_first(&mut self) {
        let Some((end, key)) = self.ends.pop_front() else {
            return;
        };
        // One that was replaced meanwhile has another end in the queue.
        if self
            .entries
            .get(&key)
            .is_some_and(|(_, until)| *until == end)
            && let Some((bytes, _)) = self.entries.remove(&key)
        {
            self.bytes -= bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(number: usize) -> String {
        number.to_string()
    }

    #[test]
    fn an_entry_ends_at_its_time_and_leaves_nothing_behind() {
        let (memory, start) = (MemoryEntries::default(), Instant::now());
        let second = Duration::from_secs(1);
        memory.put("a", vec![1; 10], start, start + second);
        memory.put("a", vec![2; 20], start, start + 2 * second);
        assert_eq!(memory.get("a", start + second), Some(vec![2; 20]));
        assert_eq!(memory.get("a", start + 2 * second), None);
        memory.put("b", vec![3], start + 2 * second, start + 3 * second);
        let state = memory.0.lock().unwrap();
        assert_eq!(
            (state.bytes, state.entries.len(), state.ends.len()),
            (1, 1, 1)
        );
    }

    #[test]
    fn the_oldest_make_room_by_number_and_by_bytes() {
        let (memory, now) = (MemoryEntries::default(), Instant::now());
        for number in 0..=ENTRIES {
            memory.put(&key(number), vec![0], now, now + Duration::from_secs(60));
        }
        assert_eq!(memory.get(&key(0), now), None);
        assert_eq!(memory.get(&key(1), now), Some(vec![0]));
        memory.put("large", vec![0; BYTES], now, now + Duration::from_secs(60));
        assert_eq!(memory.get(&key(ENTRIES), now), None);
        assert_eq!(
            memory.get("large", now).map(|bytes| bytes.len()),
            Some(BYTES)
        );
        memory.put(
            "larger",
            vec![0; BYTES + 1],
            now,
            now + Duration::from_secs(60),
        );
        let state = memory.0.lock().unwrap();
        assert_eq!((state.bytes, state.entries.len()), (0, 0));
    }
}
