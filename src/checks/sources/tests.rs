//! Dockerfiles as people write them.

use super::Dockerfile;

#[test]
fn a_dockerfile_tells_what_it_copies_from_outside_and_what_only_buildkit_knows() {
    let file = Dockerfile::parse(
        "# syntax\nFROM python:3.11-slim AS base\nRUN apt-get update && \\\n    apt-get install -y curl\n\
         FROM base\nCOPY --from=base /x ../y\nCOPY [\"../base\", \"a/../../b\", \"/app/\"]\nADD https://example.org/../x /x\n\
         COPY a/../b /app/\nRUN --mount=type=cache,target=/c pip install .\n\
         HEALTHCHECK --interval=5s CMD [\"curl\", \"-f\", \"http://localhost/\"]\n",
    );
    assert_eq!(file.outside(), [(7, "../base"), (7, "a/../../b")]);
    assert_eq!(file.buildkit(), Some((10, "RUN --mount".to_owned())));
    assert_eq!(file.base().as_deref(), Some("python:3.11-slim"));
    let healthcheck = file.healthcheck().expect("there is one");
    assert_eq!(healthcheck, ["curl", "-f", "http://localhost/"]);
    assert!(file.brings("curl") && !file.brings("wget"));
    let plain = Dockerfile::parse("FROM scratch\nCOPY --chown=1:1 a b\nRUN echo --mount\n");
    assert_eq!((plain.buildkit(), plain.outside()), (None, Vec::new()));
}
