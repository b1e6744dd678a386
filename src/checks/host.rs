//! The machine: memory, disks, processor, clock, the kernel's settings, what of it containers may use.

mod clock;
mod disk;
mod kernel;
mod limits;
mod memory;
mod processor;
#[cfg(test)]
mod tests;

use super::facts::Known;
use super::rule::Rule;
use crate::model::{Deployment, Kind, Service};

/// What was seen of the machine that containers run on.
#[derive(Debug, Clone)]
pub struct Host {
    /// Memory.
    pub memory: Known<Memory>,
    /// The disks that fill up.
    pub disks: Known<Vec<Disk>>,
    /// The processor.
    pub processor: Known<Processor>,
    /// Clocks.
    pub clock: Known<Clock>,
    /// How many files a container's process may have open.
    pub open_files: Known<u64>,
    /// Which limits take effect.
    pub limits: Known<Limits>,
    /// `vm.overcommit_memory`.
    pub overcommit: Known<u64>,
    /// `vm.max_map_count`.
    pub map_count: Known<u64>,
    /// When memory is given in huge pages: `always`, `madvise`, `never`.
    pub huge_pages: Known<String>,
}

/// Memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What can be had without swapping; `None` of another machine.
    pub available: Option<u64>,
}

/// One file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What is kept there: "Docker keeps its data".
    pub purpose: &'static str,
    /// The folder.
    pub path: String,
    /// Bytes that can be written by Docker.
    pub free: u64,
    /// Bytes.
    pub total: u64,
    /// Files that can be made.
    pub free_files: u64,
    /// Files; 0 where the file system has no limit.
    pub files: u64,
}

/// The processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// `x86_64`, `aarch64`.
    pub architecture: String,
    /// What it calls itself.
    pub model: String,
    /// `avx`, `sse4_2` …
    pub features: Vec<String>,
}

/// Clocks, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// How far the engine's clock is ahead of this machine's.
    pub engine_ahead: Option<i64>,
    /// Whether both are one clock.
    pub same: bool,
    /// The project's file that is dated furthest in the future, and how far.
    pub future: Option<(String, i64)>,
}

/// Which limits of a container take effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory.
    pub memory: bool,
    /// Processor time.
    pub cpu: bool,
    /// Processes.
    pub pids: bool,
    /// `1` or `2`.
    pub cgroup: String,
}

pub(super) const RULES: &[Rule] = &[
    memory::MEMORY,
    disk::SPACE,
    disk::INODES,
    processor::AVX,
    clock::CLOCK,
    kernel::OPEN_FILES,
    limits::LIMITS,
    kernel::OVERCOMMIT,
    kernel::MAP_COUNT,
    kernel::HUGE_PAGES,
];

/// The store of the deployment whose image has that name, and its major version as the tag tells it.
fn store<'a>(deployment: &'a Deployment, image: &str) -> Option<(&'a Service, Option<u32>)> {
    let stores = deployment.services.values();
    stores
        .filter(|service| service.kind == Kind::Store)
        .find_map(|service| {
            let reference = service.image.reference().as_str();
            let last = reference.rsplit('/').next().unwrap_or(reference);
            let (name, tag) = last.split_once(':').unwrap_or((last, ""));
            let digits = tag.split(|c: char| !c.is_ascii_digit()).next();
            let major = digits.and_then(|digits| digits.parse().ok());
            name.starts_with(image).then_some((service, major))
        })
}
