//! Room on the disks: bytes and files.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::Disk;
use crate::model::bytes;

/// Below this nothing can be started sensibly.
const LEAST: u64 = 200 << 20;
/// Below this an upgrade or a backup may not fit.
const LITTLE: u64 = 2 << 30;
/// Below this part of all files it will not be long.
const FEW_PER_CENT: u64 = 2;

pub(super) const SPACE: Rule = Rule {
    id: "ATLAS-HOST-002",
    title: "there is room on the disk",
    why: "without room MongoDB stops, Redis refuses writes, and images cannot be pulled",
    manual: "The free bytes of the file systems where Docker keeps images and volumes, and of the project's folder. Below 200 MiB \
             nothing is started; below 2 GiB there is a warning. `docker system df` shows what Docker uses, and \
             `docker system prune` frees what nothing uses (it also removes stopped containers). What a remote engine has is not known.",
    see: &[
        "https://github.com/moby/moby/issues/33775",
        "https://github.com/docker/cli/issues/2715",
    ],
    needs: &[],
    cheap: true,
    judge: space,
};

pub(super) const INODES: Rule = Rule {
    id: "ATLAS-HOST-003",
    title: "more files can be made on the disk",
    why: "a file system without free inodes refuses new files as if it were full, while `df` shows room",
    manual: "The free inodes of the same file systems. Many small files, mostly old image layers, use them up: \
             `docker image prune` frees those that nothing uses; `df -i` shows all.",
    see: &["https://github.com/moby/moby/issues/33775"],
    needs: &[],
    cheap: true,
    judge: inodes,
};

fn space(facts: &Facts) -> Result<Verdict, Unknown> {
    let disks = seen(&seen(&facts.host)?.disks)?;
    let problems = disks.iter().filter_map(|disk| {
        let fix = match disk.purpose.contains("Docker") {
            true => Fix::by_hand(
                "`docker system df` shows what uses it, `docker system prune` frees what nothing uses",
            ),
            false => Fix::by_hand("remove what is not needed there, or move the project"),
        };
        let free = bytes(disk.free);
        let place = format!("where {} ({})", disk.purpose, disk.path);
        match disk.free {
            free if free >= LITTLE => None,
            0..LEAST => Some(Problem::failure(format!("only {free} are free {place}"), fix)),
            _ => Some(Problem::warning(
                format!("only {free} are free {place}: little for upgrades and backups"),
                fix,
            )),
        }
    });
    let free = |disk: &Disk| format!("{} are free in {}", bytes(disk.free), disk.path);
    let seen: Vec<String> = disks.iter().map(free).collect();
    Ok(Verdict::of(problems.collect(), seen.join(", ")))
}

fn inodes(facts: &Facts) -> Result<Verdict, Unknown> {
    let disks = seen(&seen(&facts.host)?.disks)?;
    let limited = disks.iter().filter(|disk| disk.files > 0);
    let problems = limited.clone().filter_map(|disk| {
        let text = format!(
            "only {} of {} files can still be made where {} ({})",
            disk.free_files, disk.files, disk.purpose, disk.path
        );
        let fix = Fix::by_hand(format!(
            "remove many small files there; `docker image prune` frees old layers, `df -i {}` shows it",
            disk.path
        ));
        let per_cent = u128::from(disk.free_files) * 100 / u128::from(disk.files);
        match (disk.free_files, per_cent) {
            (0..1000, _) => Some(Problem::failure(text, fix)),
            (_, few) if few < u128::from(FEW_PER_CENT) => Some(Problem::warning(text, fix)),
            _ => None,
        }
    });
    let seen: Vec<String> = limited
        .clone()
        .map(|disk| format!("{} more in {}", disk.free_files, disk.path))
        .collect();
    let evidence = match seen.is_empty() {
        true => "these file systems have no limit".to_owned(),
        false => seen.join(", "),
    };
    Ok(Verdict::of(problems.collect(), evidence))
}
