//! A machine of files: what doctor reads below ATLAS_DOCTOR_ROOT, as on a healthy machine, for a test to change.

use std::fs;
use std::os::unix::fs::symlink;

use crate::atlas::Project;

/// Files of a healthy machine.
const HEALTHY: [(&str, &str); 12] = [
    (
        "proc/meminfo",
        "MemTotal:       16000000 kB\nMemFree:         9000000 kB\nMemAvailable:   12000000 kB\n",
    ),
    (
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Test CPU @ 2.0GHz\nflags\t\t: fpu sse4_2 avx avx2\n",
    ),
    (
        "proc/4711/limits",
        "Limit  Soft Limit  Hard Limit  Units\nMax open files  1048576  1048576  files\n",
    ),
    ("run/docker.pid", "4711\n"),
    ("proc/sys/vm/overcommit_memory", "1\n"),
    ("proc/sys/vm/max_map_count", "65530\n"),
    ("proc/sys/net/ipv4/ip_unprivileged_port_start", "1024\n"),
    (
        "sys/kernel/mm/transparent_hugepage/enabled",
        "always [madvise] never\n",
    ),
    (
        "proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
         eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
         eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
    ),
    ("sys/class/net/eth0/mtu", "1500\n"),
    (
        "etc/hosts",
        "127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
    ),
    ("etc/group", "root:x:0:\ndocker:x:998:\n"),
];

/// The folder with them.
pub(crate) struct Root<'p> {
    project: &'p Project,
}

impl<'p> Root<'p> {
    /// A healthy machine; the project's runs see it from now on.
    pub(crate) fn new(project: &'p Project) -> Self {
        let root = Self { project };
        for (path, _) in HEALTHY {
            root.mend(path);
        }
        let folder = project.path().join("root");
        fs::create_dir_all(folder.join("var/lib")).expect("a folder");
        // Its disk is the real one.
        symlink(project.path(), folder.join("var/lib/docker")).expect("a link");
        project.set("ATLAS_DOCTOR_ROOT", folder.display().to_string());
        root
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.project.write(&format!("root/{path}"), text);
    }

    /// The healthy machine's file again.
    pub(crate) fn mend(&self, path: &str) {
        let healthy = HEALTHY.iter().find(|(known, _)| *known == path);
        self.write(path, healthy.expect("a file of the healthy machine").1);
    }
}
