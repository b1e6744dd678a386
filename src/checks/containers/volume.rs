//! Whether containers may write to their volumes.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Seen, User, Volume, look};

pub(super) const WRITABLE: Rule = Rule {
    id: "ATLAS-CON-010",
    title: "containers may write to their volumes",
    why: "a database that may not write to its folder does not start, or loses what it takes from then on",
    manual: "Owner and mode of each volume's folder are read from the container and compared with the user that it runs as. A volume takes them \
             from the image when it is first used, so one that was made by another image or restored by root keeps the wrong ones.",
    see: &[
        "https://github.com/docker/compose/issues/3270",
        "https://github.com/docker/compose/issues/13612",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let mut problems = Vec::new();
    let (mut checked, mut unknown) = (0, None);
    for seen in &containers.all {
        let Some(user) = &seen.user else { continue };
        for volume in &seen.volumes {
            match &volume.owner {
                Ok(owner) if may_write(user, *owner) => checked += 1,
                Ok(owner) => problems.push(problem(seen, user, volume, *owner)),
                Err(reason) => unknown = Some(reason.clone()),
            }
        }
    }
    match unknown {
        Some(reason) if problems.is_empty() => Err(reason),
        _ if checked == 0 && problems.is_empty() => Ok(Verdict::Irrelevant),
        _ => Ok(Verdict::of(
            problems,
            format!("{checked} volumes are writable"),
        )),
    }
}

fn may_write(user: &User, (uid, gid, mode): (u64, u64, u32)) -> bool {
    let bits = if user.uid == uid {
        mode >> 6
    } else if user.groups.contains(&gid) {
        mode >> 3
    } else {
        mode
    };
    bits & 0o3 == 0o3
}

fn problem(
    seen: &Seen,
    user: &User,
    volume: &Volume,
    (uid, gid, mode): (u64, u64, u32),
) -> Problem {
    let group = user.groups.first().copied().unwrap_or_default();
    let text = format!(
        "{} runs as {}:{group} and may not write to {}: it belongs to {uid}:{gid} with mode {mode:o}",
        seen.name, user.uid, volume.target
    );
    let command = format!(
        "docker run --rm --user 0:0 --entrypoint chown -v {}:{} {} -R {}:{group} {}",
        volume.name, volume.target, seen.image, user.uid, volume.target
    );
    let fix = Fix::command(
        "give the volume to that user, then `atlas restart`",
        command,
    );
    Problem::failure(text, fix).about(&seen.service)
}
