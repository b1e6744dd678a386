//! Secret files: whether the services that are given them may read them.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Repair, Rule, Verdict};
use super::{SecretFile, not_up};

pub(super) const READABLE: Rule = Rule {
    id: "ATLAS-DATA-008",
    title: "services may read their secret files",
    why: "a service that cannot read its password does not start the next time, although nothing else was changed",
    manual: "Secret files lie in .atlas/secrets with mode 0440 and a group that the services have. Owner, group and mode of each file are compared \
             with the user and the groups that its service runs as. `atlas render compose` writes them again.",
    see: &[
        "https://github.com/docker-library/mongo/issues/475",
        "https://docs.docker.com/compose/how-tos/use-secrets/",
    ],
    needs: &[],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let data = seen(&facts.data)?;
    if data.secrets.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    if !data.runs {
        return Err(not_up());
    }
    let problems = data.secrets.iter().filter_map(problem).collect();
    Ok(Verdict::of(
        problems,
        format!("{} files can be read", data.secrets.len()),
    ))
}

fn problem(file: &SecretFile) -> Option<Problem> {
    let text = match file.owner {
        None => format!(
            "{} is not there; {} needs it at its next start",
            file.path, file.service
        ),
        Some((uid, gid, mode)) => {
            let bits = if file.uid == uid {
                mode >> 6
            } else if file.groups.contains(&gid) {
                mode >> 3
            } else {
                mode
            };
            if bits & 0o4 != 0 {
                return None;
            }
            format!(
                "{} may not read {}: it runs as user {}, the file belongs to {uid}:{gid} with mode {mode:o}",
                file.service, file.path, file.uid
            )
        }
    };
    let fix =
        Fix::command("write the secret files again", "atlas render compose").safe(Repair::Render);
    Some(Problem::failure(text, fix).about(&file.service))
}
