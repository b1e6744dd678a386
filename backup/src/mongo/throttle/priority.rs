//! Whose turn it is on a core: everybody else's first. Owns only this process's own threads.

use rustix::process::{Pid, setpriority_process};

/// The lowest there is.
const NICE: i32 = 19;

/// Lowers every thread of this process but one. On Linux priorities are of threads, and a new thread has that of its parent;
/// elsewhere they are of the whole process. What the system refuses stays as it is: the dump is only less polite.
pub(super) fn lower(except: Option<Pid>) {
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
