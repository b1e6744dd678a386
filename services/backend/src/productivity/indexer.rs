//! The thread that keeps the index: a pass, a pause, a pass. It has the lowest priority, and whatever goes wrong in a pass ends the
//! pass, never the service.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::folder::Root;
use super::index::{Index, IndexError, Readers, remove};
use super::scan::Pass;
use super::state::{Skipped, State};
use crate::config::ProductivityConfig;
use crate::log::{Level, Line};

/// Looking at unchanged files may take this part of the time at most, however many there are.
const SHARE: u32 = 20;
/// Before an index that was damaged is made anew, so that a failing disk is not hammered.
const ANEW: Duration = Duration::from_secs(1);

/// What the thread and the routes share.
pub(super) struct Shared {
    pub(super) state: State,
    pub(super) readers: Readers,
    /// Searches in progress.
    pub(super) searches: AtomicUsize,
    stop: AtomicBool,
    /// Somebody found the index damaged.
    suspected: AtomicBool,
    bell: (Mutex<()>, Condvar),
}

impl Shared {
    pub(super) fn new(config: &ProductivityConfig) -> Arc<Self> {
        let shared = Self {
            state: State::default(),
            readers: Readers::new(&config.index),
            searches: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            suspected: AtomicBool::new(false),
            bell: (Mutex::new(()), Condvar::new()),
        };
        let folders = config
            .folders
            .iter()
            .map(|folder| (folder.name.clone(), None));
        shared.state.seen().folders = folders.collect();
        Arc::new(shared)
    }

    /// Tells the thread to end; it does so after the file at hand.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.ring();
    }

    /// Has the index looked at now.
    pub(super) fn suspect(&self) {
        self.suspected.store(true, Ordering::Relaxed);
        self.ring();
    }

    fn ring(&self) {
        let _held = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.bell.1.notify_all();
    }

    /// Waits until there is something to do; no if that is to stop.
    fn pause(&self, time: Duration) -> bool {
        let held = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |_: &mut ()| {
            !self.stop.load(Ordering::Relaxed) && !self.suspected.load(Ordering::Relaxed)
        };
        let _ = self.bell.1.wait_timeout_while(held, time, quiet);
        !self.stop.load(Ordering::Relaxed)
    }
}

/// Keeps the index until told to stop.
pub(super) fn run(config: &ProductivityConfig, shared: &Shared) {
    // Of this thread alone, and of the processes it starts.
    let _ = rustix::process::setpriority_process(None, 19);
    let mut keeper = Keeper {
        config,
        shared,
        index: None,
        verified: false,
    };
    loop {
        let mut pause = config.rescan;
        let outcome = catch_unwind(AssertUnwindSafe(|| keeper.pass()));
        match outcome {
            Ok(Ok(looking)) => {
                shared.state.seen().problem = None;
                pause = pause.max(looking * (SHARE - 1));
            }
            Ok(Err(error)) => {
                keeper.failed(&error);
                if let IndexError::Damaged(_) = error {
                    pause = pause.min(ANEW);
                }
            }
            Err(_) => {
                keeper.index = None;
                shared.state.seen().problem =
                    Some("indexing crashed; it is tried again".to_owned());
            }
        }
        shared.state.seen().indexing = false;
        if !shared.pause(pause) {
            return;
        }
    }
}

struct Keeper<'a> {
    config: &'a ProductivityConfig,
    shared: &'a Shared,
    index: Option<Index>,
    verified: bool,
}

impl Keeper<'_> {
    /// Makes one pass; says how long looking took.
    fn pass(&mut self) -> Result<Duration, IndexError> {
        let shared = self.shared;
        shared.state.seen().indexing = true;
        self.open()?;
        let begun = Instant::now();
        let Some(index) = &mut self.index else {
            return Ok(Duration::ZERO);
        };
        index.begin_pass()?;
        let mut pass = Pass {
            index,
            extractor: &self.config.extractor,
            exclude: &self.config.exclude,
            state: &shared.state,
            stop: &shared.stop,
            searches: &shared.searches,
            skipped: Skipped::default(),
            rested: Instant::now(),
            aside: Duration::ZERO,
            files: 0,
        };
        for folder in &self.config.folders {
            let absence = match Root::open(&folder.path) {
                Ok(root) => {
                    if !pass.folder(folder, &root)? {
                        pass.index.commit()?;
                        return Ok(Duration::ZERO);
                    }
                    None
                }
                // What was in it stays known: a share that is away for a minute must not cost a night of indexing.
                Err(error) => Some(error.to_string()),
            };
            shared
                .state
                .seen()
                .folders
                .insert(folder.name.clone(), absence);
        }
        let names: Vec<&str> = self
            .config
            .folders
            .iter()
            .map(|folder| folder.name.as_str())
            .collect();
        pass.index.forget_folders_but(&names)?;
        let now = Timestamp::now();
        pass.index.complete(now)?;
        let mut seen = shared.state.seen();
        seen.documents = pass.index.documents();
        seen.looked_at = pass.files;
        seen.completed = Some(now);
        seen.skipped = pass.skipped;
        Ok(begun.elapsed().saturating_sub(pass.aside))
    }

    fn open(&mut self) -> Result<(), IndexError> {
        if self.shared.suspected.swap(false, Ordering::Relaxed) {
            self.index = None;
            self.verified = false;
        }
        if self.index.is_none() {
            let settings = format!("largest {}", self.config.extractor.largest);
            let (index, new) = Index::open(&self.config.index, &settings)?;
            if new {
                self.shared.readers.renew();
            }
            let completed = index.completed()?;
            let mut seen = self.shared.state.seen();
            seen.documents = index.documents();
            seen.completed = completed;
            drop(seen);
            self.index = Some(index);
        }
        if let Some(index) = self.index.as_ref().filter(|_| !self.verified) {
            index.verify()?;
            self.verified = true;
        }
        Ok(())
    }

    fn failed(&mut self, error: &IndexError) {
        // What was not committed goes with the connection.
        self.index = None;
        let mut seen = self.shared.state.seen();
        seen.problem = Some(error.to_string());
        if let IndexError::Damaged(_) = error {
            // The next pass begins a new one.
            if remove(&self.config.index).is_ok() {
                seen.problem = Some(format!("{error}; it is made anew"));
                seen.rebuilt += 1;
                seen.documents = 0;
                seen.completed = None;
            }
            drop(seen);
            self.shared.readers.renew();
        } else {
            drop(seen);
        }
        Line::new(Level::Warn, "index_failed")
            .with("reason", error.to_string())
            .write();
    }
}
