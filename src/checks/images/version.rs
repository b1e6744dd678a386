//! Whether images are the ones that are meant.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::Origin;

pub(super) const DRIFT: Rule = Rule {
    id: "ATLAS-IMG-003",
    title: "images are what their registry has today",
    why: "a tag moves on: what runs here may lack a security fix, and the next machine gets something else",
    manual: "For an image that came from a registry, the digest that the engine knows is compared with the one that the tag has there today \
             (not with --offline). `atlas pull` and `atlas up` follow the tag; a digest in the reference (`mongo:7@sha256:…`) fixes it.",
    see: &[
        "https://docs.docker.com/reference/cli/docker/image/pull/#pull-an-image-by-digest-immutable-identifier",
    ],
    needs: &["ENG-001", "IMG-001"],
    cheap: false,
    judge: drift,
};

pub(super) const LATEST: Rule = Rule {
    id: "ATLAS-IMG-004",
    title: "every image has a version",
    why: "`latest` is another program on each day and machine, and there is no way back to the one before",
    manual: "A reference without a tag means `:latest`. Name a version, such as `mongo:7`, or a digest.",
    see: &["https://docs.docker.com/build/building/best-practices/#pin-base-image-versions"],
    needs: &[],
    cheap: false,
    judge: latest,
};

fn drift(facts: &Facts) -> Result<Verdict, Unknown> {
    let images = seen(&facts.images)?;
    let mut problems = Vec::new();
    let mut compared = 0_usize;
    let mut unknown = None;
    for image in &images.images {
        let Some(local) = image
            .local
            .as_ref()
            .filter(|local| !local.digests.is_empty())
        else {
            continue;
        };
        if image.origin != Origin::Registry || image.reference.contains('@') {
            continue;
        }
        let reference = &image.reference;
        let published = match &image.published {
            Some(Ok(published)) => published,
            Some(Err(why)) => {
                unknown = Some(why.clone());
                continue;
            }
            None => {
                unknown = Some(Unknown::Unseen(
                    "no registry is asked with `--offline`".to_owned(),
                ));
                continue;
            }
        };
        compared += 1;
        if local.digests.contains(&published.digest) {
            continue;
        }
        let short = |digest: &str| digest.chars().take(19).collect::<String>();
        let known = local.digests.first().map_or("", String::as_str);
        let text = format!(
            "{reference} is {} here and {} in its registry",
            short(known),
            short(&published.digest)
        );
        let fix = Fix::command("get what the tag means today", "atlas pull && atlas up");
        problems.push(Problem::warning(text, fix).about(&image.service));
    }
    match (problems.is_empty(), unknown, compared) {
        (true, Some(unknown), _) => Err(unknown),
        (true, None, 0) => Ok(Verdict::Irrelevant),
        _ => Ok(Verdict::of(
            problems,
            format!("{compared} are the same there"),
        )),
    }
}

fn latest(facts: &Facts) -> Result<Verdict, Unknown> {
    let images = seen(&facts.images)?;
    let foreign = images
        .images
        .iter()
        .filter(|image| image.origin == Origin::Registry);
    let count = foreign.clone().count();
    if count == 0 {
        return Ok(Verdict::Irrelevant);
    }
    let problems = foreign.filter_map(|image| {
        let reference = &image.reference;
        let last = reference.rsplit('/').next().unwrap_or(reference);
        let tag = last.split_once(':').map(|(_, tag)| tag);
        let text = match tag {
            _ if reference.contains('@') => return None,
            None => format!("{reference} has no tag, which means `:latest`"),
            Some("latest") => format!("{reference} means another image each day"),
            Some(_) => return None,
        };
        let fix = format!(
            "set `services.{}.image` in atlas.yaml to a version",
            image.service
        );
        Some(Problem::warning(text, Fix::by_hand(fix)).about(&image.service))
    });
    Ok(Verdict::of(
        problems.collect(),
        format!("{count} have a tag or a digest"),
    ))
}
