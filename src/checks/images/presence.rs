//! Whether images are there, or can be had, for this engine's processor.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Origin, Seen};

pub(super) const PRESENT: Rule = Rule {
    id: "ATLAS-IMG-001",
    title: "every image is there or can be had",
    why: "a service whose image cannot be had does not start",
    manual: "The engine is asked for each image; for one that it lacks, its registry is asked (not with --offline). The built-in image and \
             those of a source tree are made by `atlas up`. \"toomanyrequests\" means the registry's limit for anonymous pulls: `docker login`.",
    see: &["https://github.com/docker/compose/issues/12336"],
    needs: &["ENG-001"],
    cheap: false,
    judge: present,
};

pub(super) const PLATFORM: Rule = Rule {
    id: "ATLAS-IMG-002",
    title: "images are made for this processor",
    why: "a program for another processor ends at once with \"exec format error\", or is emulated very slowly",
    manual: "The architecture of each image is compared with the engine's. `docker pull --platform linux/…` gets another one; the built-in \
             image is made of a Linux build of atlas, which ATLAS_BUILTIN_EXECUTABLE can name.",
    see: &["https://docs.docker.com/build/building/multi-platform/"],
    needs: &["ENG-001", "IMG-001"],
    cheap: false,
    judge: platform,
};

fn present(facts: &Facts) -> Result<Verdict, Unknown> {
    let images = seen(&facts.images)?;
    let mut problems = Vec::new();
    let (mut there, mut to_come) = (0_usize, 0_usize);
    let mut unknown = None;
    for image in &images.images {
        if image.local.is_some() {
            there += 1;
            continue;
        }
        match (image.origin, &image.published) {
            (Origin::Builtin | Origin::Build, _) | (Origin::Registry, Some(Ok(_))) => to_come += 1,
            (Origin::Registry, None) => {
                let reason = format!(
                    "the engine lacks {}, and no registry was asked (--offline)",
                    image.reference
                );
                unknown = Some(Unknown::Unseen(reason));
            }
            (Origin::Registry, Some(Err(why))) => problems.push(missing(image, why)),
        }
    }
    match unknown {
        Some(unknown) if problems.is_empty() => Err(unknown),
        _ => {
            let evidence = match to_come {
                0 => format!("{there} are there"),
                _ => format!("{there} are there, `atlas up` gets {to_come}"),
            };
            Ok(Verdict::of(problems, evidence))
        }
    }
}

fn missing(image: &Seen, why: &Unknown) -> Problem {
    let reference = &image.reference;
    let why = match why {
        Unknown::Unseen(why) => why.as_str(),
        _ => "it was not asked",
    };
    let text = format!("the engine lacks {reference}, and {why}");
    let fix = Fix::by_hand(format!(
        "set `services.{}.image` in atlas.yaml to one that is there, or bring it: `docker load` or `docker login`",
        image.service
    ));
    Problem::failure(text, fix).about(&image.service)
}

fn platform(facts: &Facts) -> Result<Verdict, Unknown> {
    let images = seen(&facts.images)?;
    let wanted = &images.architecture;
    let problems = images.images.iter().filter_map(|image| {
        let reference = &image.reference;
        let own = format!("docker pull --platform linux/{wanted} {reference}");
        let (text, fix) = match (&image.local, &image.published) {
            (Some(local), _) if local.architecture != *wanted && !local.architecture.is_empty() => {
                let text = format!(
                    "{reference} is made for {}, the engine runs {wanted}",
                    local.architecture
                );
                let fix = match image.origin {
                    Origin::Builtin => Fix::by_hand(format!(
                        "set ATLAS_BUILTIN_EXECUTABLE to a build of atlas for Linux on {wanted}"
                    )),
                    Origin::Registry => Fix::command("get it for this processor", own),
                    Origin::Build => Fix::command("build it here", "atlas build"),
                };
                (text, fix)
            }
            (None, Some(Ok(published)))
                if !published.architectures.is_empty()
                    && !published.architectures.contains(wanted) =>
            {
                let text = format!(
                    "the registry has {reference} for {} only, the engine runs {wanted}",
                    published.architectures.join(", ")
                );
                let fix = format!(
                    "set `services.{}.image` in atlas.yaml to one for {wanted}",
                    image.service
                );
                (text, Fix::by_hand(fix))
            }
            _ => return None,
        };
        Some(Problem::failure(text, fix).about(&image.service))
    });
    let evidence = format!("all are for {wanted}");
    Ok(Verdict::of(problems.collect(), evidence))
}
