//! Faults of the machine. What cannot be done to this one is planted in a machine of files.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::altered::Altered;
use super::root::Root;
use super::{Mend, fault, findings};
use crate::atlas::Project;
use crate::engine::is_there;

/// The backend on a machine of files, configured and not started.
fn configured(test: &str) -> Option<Project> {
    is_there().then(|| {
        let project = Project::new(test);
        project
            .run(&["init", "--yes", "--profile", "atlassian"])
            .exits(0);
        project
    })
}

/// Id, the file of the healthy machine, and what a sick one has there.
const SICK: [(&str, &str, &str, &str); 8] = [
    (
        "less memory than the services may use",
        "HOST-001",
        "proc/meminfo",
        "MemTotal:        2000000 kB\nMemAvailable:    1900000 kB\n",
    ),
    (
        "no memory left",
        "HOST-001",
        "proc/meminfo",
        "MemTotal:       16000000 kB\nMemAvailable:      90000 kB\n",
    ),
    (
        "a processor without AVX",
        "HOST-004",
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Common KVM processor\nflags\t\t: fpu sse4_2\n",
    ),
    (
        "few open files",
        "HOST-006",
        "proc/4711/limits",
        "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\n",
    ),
    (
        "a kernel that promises no memory twice",
        "HOST-008",
        "proc/sys/vm/overcommit_memory",
        "2\n",
    ),
    (
        "few mappings",
        "HOST-009",
        "proc/sys/vm/max_map_count",
        "4096\n",
    ),
    (
        "huge pages for everybody",
        "HOST-010",
        "sys/kernel/mm/transparent_hugepage/enabled",
        "[always] madvise never\n",
    ),
    (
        "localhost is IPv6 only",
        "NET-007",
        "etc/hosts",
        "127.0.0.1 vm\n::1 localhost\n",
    ),
];

#[test]
fn what_is_wrong_with_a_machine_is_found_and_nothing_else() {
    let Some(project) = configured("doctor-host") else {
        return;
    };
    let root = Root::new(&project);
    for (name, id, path, sick) in SICK {
        fault(
            &project,
            &[],
            name,
            &format!("ATLAS-{id}"),
            || root.write(path, sick),
            Mend::by(|| root.mend(path)),
        );
    }
}

#[test]
fn what_a_machine_does_not_tell_is_not_checked() {
    let Some(project) = configured("doctor-untold") else {
        return;
    };
    Root::new(&project);
    std::fs::remove_file(project.path().join("root/proc/cpuinfo")).expect("it is there");
    let all = findings(&project, &["--only", "host-004"]);
    assert_eq!(all[0]["result"], "not checked");
    let reason = all[0]["evidence"][0].as_str().expect("a reason");
    assert!(
        reason.ends_with("root/proc/cpuinfo: No such file or directory (os error 2)"),
        "{reason}"
    );
}

#[test]
fn files_from_the_future_tell_of_a_clock_that_went_back() {
    let Some(project) = configured("doctor-clock") else {
        return;
    };
    let file = || {
        File::options()
            .append(true)
            .open(project.path().join(".env"))
    };
    let date = |time: SystemTime| {
        let dated = file().and_then(|file| file.set_modified(time));
        dated.expect("it is ours");
    };
    let now = SystemTime::now();
    fault(
        &project,
        &[],
        "a file from the future",
        "ATLAS-HOST-005",
        || date(now + Duration::from_secs(86_400)),
        Mend::by(|| date(now)),
    );
}

#[test]
fn what_the_engine_tells_of_its_machine_is_judged() {
    let Some(project) = configured("doctor-told") else {
        return;
    };
    let engine = Altered::new(project.path());
    project.set("DOCKER_HOST", engine.host());
    fault(
        &project,
        &[],
        "a kernel without memory limits",
        "ATLAS-HOST-007",
        || engine.set("/info", "/MemoryLimit", json!(false)),
        Mend::by(|| engine.clear()),
    );
    fault(
        &project,
        &[],
        "an engine whose clock is wrong",
        "ATLAS-HOST-005",
        || engine.set("/info", "/SystemTime", json!("2026-01-01T00:00:00.5Z")),
        Mend::by(|| engine.clear()),
    );
}

/// A small file system where the machine of files has Docker's data; gone when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(project: &Project, options: &str) -> Option<Self> {
        let folder = project.path().join("root/var/lib/docker");
        std::fs::remove_file(&folder).ok();
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "atlas-test"]);
        let mounted = mount.arg(&folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "a small file system cannot be mounted, and real parts are required"
        );
        eprintln!("SKIPPED: no test on a full disk: mounting is not allowed");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[test]
fn full_disks_are_found() {
    let Some(project) = configured("doctor-disk") else {
        return;
    };
    Root::new(&project);
    let Some(_small) = Small::mount(&project, "size=300g,nr_inodes=5000") else {
        return;
    };
    let filler = project.path().join("root/var/lib/docker/many");
    let fill = || {
        std::fs::create_dir(&filler).expect("a folder");
        for number in 0..4500 {
            File::create(filler.join(number.to_string())).expect("a file");
        }
    };
    fault(
        &project,
        &[],
        "no inodes",
        "ATLAS-HOST-003",
        fill,
        Mend::by(|| std::fs::remove_dir_all(&filler).expect("it is ours")),
    );
    let resize = |size: &str| {
        let option = format!("remount,size={size}");
        let mut mount = Command::new("mount");
        mount
            .args(["-o", &option])
            .arg(project.path().join("root/var/lib/docker"));
        assert!(mount.status().expect("mount starts").success());
    };
    fault(
        &project,
        &[],
        "a full disk",
        "ATLAS-HOST-002",
        || resize("100m"),
        Mend::by(|| resize("300g")),
    );
    // `up` refuses for the same reason, in the same words.
    resize("100m");
    let up = project.run(&["up"]).exits(5);
    let docker = project.path().join("root/var/lib/docker");
    let expected = format!(
        "error: only 100.0 MiB are free where Docker keeps its data ({})\n  \
         hint: `docker system df` shows what uses it, `docker system prune` frees what nothing uses\n\n\
         error: nothing was touched: the host is not ready\n",
        docker.display()
    );
    assert!(up.stderr.ends_with(&expected), "{}", up.stderr);
}
