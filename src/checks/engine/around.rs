//! What else of Docker matters: the builder, and an old Compose beside it.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::told;

/// The first API of an engine on which Compose 1 breaks (Engine 25).
const BREAKS_COMPOSE_1: (u64, u64) = (1, 44);

pub(super) const BUILDKIT: Rule = Rule {
    id: "ATLAS-ENG-006",
    title: "images can be built by the engine's own builder",
    why: "atlas builds through the engine, whose classic builder refuses what only BuildKit knows",
    manual: "Each Dockerfile of image source `build` is read for what only BuildKit can do: `RUN --mount`, `COPY --link`, `COPY --chmod`, \
             here-documents. Write it without, or build that image with `docker buildx build`, which needs Docker's plugin buildx.",
    see: &["https://docs.docker.com/build/buildkit/"],
    needs: &["SRC-001"],
    cheap: false,
    judge: buildkit,
};

pub(super) const COMPOSE_1: Rule = Rule {
    id: "ATLAS-ENG-007",
    title: "no Compose 1 is in the way",
    why: "Compose 1 fails on Engine 25 and later (KeyError ContainerConfig), and cannot read today's files",
    manual: "The deployment guide says `docker-compose`; Debian 12 installs 1.29 under that name. atlas needs no Compose. \
             `docker compose` (two words) is the one that reads the rendered compose.yaml.",
    see: &[
        "https://github.com/docker/compose/issues/11742",
        "https://docs.docker.com/compose/install/linux/",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge: compose_1,
};

fn buildkit(facts: &Facts) -> Result<Verdict, Unknown> {
    let sources = seen(&facts.sources)?;
    if sources.trees.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let problems = sources.trees.iter().filter_map(|tree| {
        let Some(Ok(dockerfile)) = &tree.dockerfile else {
            return None;
        };
        let (line, needs) = dockerfile.buildkit()?;
        let text = format!("{}:{line} has `{needs}`, which only BuildKit knows", tree.file);
        let fix = Fix::by_hand(format!(
            "write line {line} without it, or build that image yourself with `docker buildx build '{}'`",
            tree.folder
        ));
        Some(Problem::failure(text, fix).about(&tree.service))
    });
    let evidence = format!("{} Dockerfiles need no BuildKit", sources.trees.len());
    Ok(Verdict::of(problems.collect(), evidence))
}

fn compose_1(facts: &Facts) -> Result<Verdict, Unknown> {
    let told = told(facts)?;
    let Some((path, version)) = &seen(&facts.engine)?.compose_1 else {
        return Ok(Verdict::Good("the shell finds none".to_owned()));
    };
    if told.api < BREAKS_COMPOSE_1 {
        let evidence = format!(
            "{path} is Compose {version}, which still works with engine {}",
            told.version
        );
        return Ok(Verdict::Good(evidence));
    }
    let text = format!(
        "{path} is Compose {version}, which fails on engine {}",
        told.version
    );
    let fix = Fix::by_hand(
        "use `docker compose` (package docker-compose-plugin), and remove the old one: `sudo apt-get remove docker-compose`",
    );
    Ok(Verdict::Bad(vec![Problem::warning(text, fix)]))
}
