//! Whether what is mounted is there and is what it is mounted as.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::Bind;

/// Endings of files; folders of such names are mostly made by Docker in a missing file's place.
const FILES: [&str; 12] = [
    "yml", "yaml", "json", "conf", "cfg", "ini", "toml", "pem", "crt", "key", "env", "sh",
];

pub(super) const THERE: Rule = Rule {
    id: "ATLAS-SRC-004",
    title: "what is mounted from this machine is there",
    why: "Docker makes an empty folder where a file was meant, and the service reads nothing or dies",
    manual: "The source of each mount of a file or folder must exist, and be a file where the target looks like one (prometheus.yml). \
             A folder that Docker made in a file's place has to be removed before the file can be put there.",
    see: &["https://github.com/docker-archive/compose-cli/issues/1795"],
    needs: &[],
    cheap: true,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let sources = seen(&facts.sources)?;
    if sources.binds.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let problems = sources.binds.iter().filter_map(|bind| {
        let (text, fix) = wrong(bind)?;
        Some(Problem::failure(text, fix).about(&bind.service))
    });
    let evidence = format!("{} are there", sources.binds.len());
    Ok(Verdict::of(problems.collect(), evidence))
}

fn wrong(bind: &Bind) -> Option<(String, Fix)> {
    let (source, target) = (&bind.source, &bind.target);
    let ending = target.rsplit('/').next()?.rsplit_once('.');
    let file = ending.is_some_and(|(_, ending)| FILES.contains(&ending));
    match bind.folder {
        None => {
            let fix = match file {
                true => Fix::by_hand(
                    "put the file there, or take the mount out of atlas.yaml or the catalogue",
                ),
                false => {
                    Fix::by_hand("make it, or take the mount out of atlas.yaml or the catalogue")
                }
            };
            Some((format!("there is no `{source}` to mount"), fix))
        }
        Some(true) if file => Some((
            format!("`{source}` is a folder, and is mounted as the file {target}"),
            Fix::by_hand(format!(
                "remove the folder (`rmdir '{source}'`) and put the file there"
            )),
        )),
        Some(false) if target.ends_with('/') => Some((
            format!("`{source}` is a file, and is mounted as the folder {target}"),
            Fix::by_hand("name the folder that it is in, or the file's own place in the container"),
        )),
        Some(_) => None,
    }
}
