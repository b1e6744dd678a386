//! Whether the limits of containers take effect.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

pub(super) const LIMITS: Rule = Rule {
    id: "ATLAS-HOST-007",
    title: "limits of memory, processors and processes take effect",
    why: "an engine without them ignores limits silently: one service can take the machine down",
    manual: "What the engine tells of the kernel's control groups (`docker info` warns \"No memory limit support\"). The kernel of a \
             Raspberry Pi and of some Debian systems wants `cgroup_enable=memory swapaccount=1` on its command line \
             (/boot/cmdline.txt, or GRUB_CMDLINE_LINUX); a rootless engine needs cgroup v2 with systemd and delegated controllers.",
    see: &[
        "https://github.com/RPi-Distro/pi-gen/issues/917",
        "https://docs.docker.com/engine/security/rootless/tips/#limiting-resources",
    ],
    needs: &["ENG-001"],
    cheap: true,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let limits = seen(&seen(&facts.host)?.limits)?;
    let each = [
        ("memory", limits.memory),
        ("processor", limits.cpu),
        ("process", limits.pids),
    ];
    let missing = each.into_iter().filter(|(_, works)| !works);
    let missing: Vec<&str> = missing.map(|(name, _)| name).collect();
    let cgroup = &limits.cgroup;
    if missing.is_empty() {
        let evidence = format!("the engine enforces all three with cgroup v{cgroup}");
        return Ok(Verdict::Good(evidence));
    }
    let text = format!(
        "the engine ignores {} limits (cgroup v{cgroup})",
        missing.join(" and ")
    );
    let fix = Fix::by_hand(
        "add `cgroup_enable=memory swapaccount=1` to the kernel's command line and start the machine anew; a rootless engine needs systemd's delegation",
    );
    Ok(Verdict::Bad(vec![Problem::warning(text, fix)]))
}
