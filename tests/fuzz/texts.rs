//! What people write: catalogue files, atlas.yaml and .env, through reading, resolving and rendering.

use atlas::input::{Catalogue, Dotenv, Environment, Inputs, Project};
use atlas::model::ImageRef;
use atlas::resolve::{Request, resolve, wanted};
use atlas::targets::compose;

use super::campaign::{Case, campaign};
use super::{files, root};

/// What a person could have written.
#[derive(Clone, Default)]
struct Texts {
    manifest: Vec<u8>,
    dotenv: Vec<u8>,
    service: Vec<u8>,
}

impl Case for Texts {
    const NAME: &'static str = "texts";
    const FILES: &'static [&'static str] = &["atlas.yaml", "env", "wiki.yaml"];

    fn parts(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.manifest, &mut self.dotenv, &mut self.service]
    }

    /// Everything that pure code does with it.
    fn run(&self) {
        let (catalogue, problems) = Catalogue::embedded();
        assert_eq!(problems, []);
        let mut inputs = Inputs {
            catalogue,
            ..Inputs::default()
        };
        inputs.catalogue.add(
            "more/wiki.yaml",
            "wiki",
            &self.service,
            &mut inputs.problems,
        );
        let (project, problems) = Project::parse("atlas.yaml", &self.manifest);
        inputs.project = project;
        inputs.problems.extend(problems);
        let environment = Environment::from([("HOME".to_owned(), "/root".to_owned())]);
        inputs
            .problems
            .extend(inputs.dotenv.parse(".env", &self.dotenv, &environment));
        let roles = ["gateway", "orchestrator", "confluence", "jira"];
        let mut request = Request::new("fuzz", ImageRef::new("atlas-builtin:0"), roles);
        for services in [vec![], vec!["wiki".to_owned()]] {
            request.services = services;
            let _ = wanted(&inputs, &request);
            match resolve(&inputs, &request) {
                Ok(resolution) => {
                    let first = compose::artifacts(&resolution.deployment);
                    assert_eq!(first, compose::artifacts(&resolution.deployment));
                }
                Err(problems) => {
                    assert!(!problems.is_empty(), "refused without a reason");
                    for problem in problems {
                        assert!(!problem.to_string().is_empty());
                    }
                }
            }
        }
        // What was read again is what was read.
        let mut again = Dotenv::default();
        again.parse(".env", &self.dotenv, &environment);
        assert!(again == inputs.dotenv, "reading twice differs");
    }
}

fn seeds() -> Vec<Texts> {
    let texts = |name: &str| {
        let path = root().join("tests/fuzz/seeds").join(name);
        let text = std::fs::read_to_string(path).expect("a seed");
        let parts = text.split("\n%%\n").map(|part| part.as_bytes().to_vec());
        parts.collect::<Vec<_>>()
    };
    let (manifests, dotenvs) = (texts("atlas.yaml"), texts("env"));
    let services = files(&root().join("services"));
    let services: Vec<Vec<u8>> = services
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| std::fs::read(path).expect("a service"))
        .collect();
    let count = manifests.len().max(dotenvs.len()).max(services.len());
    (0..count)
        .map(|index| Texts {
            manifest: manifests[index % manifests.len()].clone(),
            dotenv: dotenvs[index % dotenvs.len()].clone(),
            service: services[index % services.len()].clone(),
        })
        .collect()
}

#[test]
fn nothing_that_people_write_makes_it_panic_or_hang() {
    campaign(&seeds());
}
