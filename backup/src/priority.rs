//! Whose turn it is on a core: everybody else's first. Owns only this process's own threads.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, setpriority_process};

/// The lowest there is.
const NICE: i32 = 19;

static YIELDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    static YIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Lowers every thread of this process but one, for as long as it lives. On Linux priorities are of threads, and a new thread has
/// that of its parent; elsewhere they are of the whole process. What the system refuses stays as it is: the work is only less
/// polite.
pub(crate) fn lower(except: Option<Pid>) {
    YIELDING.store(true, Ordering::Relaxed);
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        let _ = setpriority_process(None, NICE);
        return;
    };
    for thread in threads.flatten() {
        let number = thread
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let thread = number.and_then(Pid::from_raw);
        if thread.is_some() && thread != except {
            let _ = setpriority_process(thread, NICE);
        }
    }
}

/// Called by a thread before each piece of work: once the process is lowered, it runs only when nobody else wants the core
/// (`SCHED_IDLE`, sched(7)). The lowest nice value alone still takes turns of some milliseconds, and whoever waits for one
/// of them is late by that much.
pub(crate) fn follow() {
    if YIELDING.load(Ordering::Relaxed) && !YIELDED.replace(true) {
        idle();
    }
}

#[cfg(target_os = "linux")]
fn idle() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
}

#[cfg(not(target_os = "linux"))]
fn idle() {}
