//! Whether what is mounted into the project's containers is there and is what it is mounted as.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Bind, Seen, look};

/// Endings of files; folders of such names are mostly made by Docker in a missing file's place.
const FILES: [&str; 12] = [
    "yml", "yaml", "json", "conf", "cfg", "ini", "toml", "pem", "crt", "key", "env", "sh",
];

pub(super) const THERE: Rule = Rule {
    id: "ATLAS-CON-013",
    title: "what is mounted from this machine is there",
    why: "Docker makes an empty folder where a file was meant, and the service reads nothing or dies",
    manual: "The source of each file and folder that is mounted into a container of the project, also by a Compose file of your own, must exist, \
             and be a file where the target looks like one (prometheus.yml). A folder that Docker made in a file's place has to be removed before \
             the file can be put there. Folders that atlas.yaml names are looked at before anything starts (ATLAS-CFG-001).",
    see: &["https://github.com/docker-archive/compose-cli/issues/1795"],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let containers = look(facts)?;
    let binds = |seen: &Seen| seen.binds.len();
    let count: usize = containers.all.iter().map(binds).sum();
    if count == 0 {
        return Ok(Verdict::Irrelevant);
    }
    let problems = containers.all.iter().flat_map(|container| {
        let wrong = container.binds.iter().filter_map(wrong);
        wrong.map(|(text, fix)| Problem::failure(text, fix).about(&container.service))
    });
    Ok(Verdict::of(
        problems.collect(),
        format!("{count} are there"),
    ))
}

fn wrong(bind: &Bind) -> Option<(String, Fix)> {
    let (source, target) = (&bind.source, &bind.target);
    let ending = target.rsplit('/').next()?.rsplit_once('.');
    let file = ending.is_some_and(|(_, ending)| FILES.contains(&ending));
    match bind.folder {
        None => Some((
            format!("there is no `{source}`, which is mounted as {target}"),
            Fix::by_hand("put it there again, or take the mount out of the Compose file"),
        )),
        Some(true) if file => Some((
            format!("`{source}` is a folder, and is mounted as the file {target}"),
            Fix::by_hand(format!(
                "remove the folder (`rmdir '{source}'`), put the file there, and make the container again"
            )),
        )),
        Some(_) => None,
    }
}
