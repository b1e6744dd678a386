//! What the processor must know for MongoDB.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::store;

/// The first MongoDB that needs them.
const SINCE: u32 = 5;

pub(super) const AVX: Rule = Rule {
    id: "ATLAS-HOST-004",
    title: "the processor has what MongoDB needs",
    why: "MongoDB 5 and later dies at once with an illegal instruction (exit 132) on a processor without AVX",
    manual: "The features of /proc/cpuinfo: `avx` on x86-64; `atomics` (ARMv8.1 and later) on ARM. Virtual machines often hide \
             them: a CPU type such as `kvm64` or `qemu64` has no AVX, `host` passes on what the machine has. \
             Where the processor really lacks it, MongoDB 4.4 runs, or MongoDB elsewhere with `data: external`.",
    see: &[
        "https://github.com/docker-library/mongo/issues/485",
        "https://github.com/docker-library/mongo/issues/619",
        "https://www.mongodb.com/docs/manual/administration/production-notes/",
    ],
    needs: &[],
    cheap: true,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((mongodb, major)) = store(facts.deployment()?, "mongo") else {
        return Ok(Verdict::Irrelevant);
    };
    if major.is_some_and(|major| major < SINCE) {
        return Ok(Verdict::Irrelevant);
    }
    let processor = seen(&seen(&facts.host)?.processor)?;
    let feature = match processor.architecture.as_str() {
        "x86_64" | "amd64" => "avx",
        "aarch64" | "arm64" => "atomics",
        other => {
            let reason = format!("what MongoDB needs of {other} is not known");
            return Err(Unknown::Unseen(reason));
        }
    };
    let model = &processor.model;
    if processor.features.iter().any(|known| known == feature) {
        return Ok(Verdict::Good(format!("{model} has `{feature}`")));
    }
    let image = mongodb.image.reference();
    let text = format!("the processor ({model}) has no `{feature}`, and {image} needs it");
    let fix = Fix::by_hand(format!(
        "in a virtual machine set the CPU type to `host`; otherwise set `services.{}.image: mongo:4.4` in atlas.yaml, or `data: external`",
        mongodb.name
    ));
    let problem = Problem::failure(text, fix).about(mongodb.name.as_str());
    Ok(Verdict::Bad(vec![problem]))
}
