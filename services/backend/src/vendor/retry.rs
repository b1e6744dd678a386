//! How often a request is tried, and how long the pause between two tries is.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

/// Tries of one request, the first included.
pub(super) const TRIES: u32 = 3;
/// Longest wait before the second try; it doubles with each further one.
const BACK_OFF: Duration = Duration::from_millis(200);

/// Full jitter, so that many clients do not come back at once.
pub(super) fn back_off(attempt: u32) -> Duration {
    let mut bytes = [0_u8; 4];
    let _ = SystemRandom::new().fill(&mut bytes);
    let share = f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX);
    (BACK_OFF * 2_u32.pow(attempt - 1)).mul_f64(0.25 + 0.75 * share)
}
