//! No input makes atlas panic or hang: mutated catalogue files, atlas.yaml and .env through reading, resolving and rendering.
//!
//! `.ci/fuzz SECONDS` runs it for a time with a new seed; without `ATLAS_FUZZ_SECONDS` a fixed number of rounds is the same
//! in every run. Not coverage-guided, so that stable Rust is enough. What it finds is written to `tests/fuzz/found`; what
//! stands there is tried first.

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use atlas::input::{Catalogue, Dotenv, Environment, Inputs, Project};
use atlas::model::ImageRef;
use atlas::resolve::{Request, resolve, wanted};
use atlas::targets::compose;

use mutate::Mutator;

/// Rounds of a run without a time.
const ROUNDS: usize = 300;
/// An input that takes longer than this hangs, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a person could have written.
#[derive(Clone, Default)]
struct Case {
    manifest: Vec<u8>,
    dotenv: Vec<u8>,
    service: Vec<u8>,
}

impl Case {
    const FILES: [&str; 3] = ["atlas.yaml", "env", "wiki.yaml"];

    fn parts(&mut self) -> [&mut Vec<u8>; 3] {
        [&mut self.manifest, &mut self.dotenv, &mut self.service]
    }

    fn load(folder: &Path) -> Self {
        let mut case = Self::default();
        for (part, name) in case.parts().into_iter().zip(Self::FILES) {
            *part = std::fs::read(folder.join(name)).unwrap_or_default();
        }
        case
    }

    fn save(&mut self, folder: &Path) {
        std::fs::create_dir_all(folder).expect("folder");
        for (part, name) in self.parts().into_iter().zip(Self::FILES) {
            std::fs::write(folder.join(name), part).expect("saved");
        }
    }

    /// Everything that pure code does with it.
    fn run(&self, catalogue: &Catalogue) {
        let mut inputs = Inputs {
            catalogue: catalogue.clone(),
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

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn seeds() -> Vec<Case> {
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
        .map(|index| Case {
            manifest: manifests[index % manifests.len()].clone(),
            dotenv: dotenvs[index % dotenvs.len()].clone(),
            service: services[index % services.len()].clone(),
        })
        .collect()
}

/// What is being tried, and since when; a thread watches that it ends.
type Current = Arc<Mutex<(Instant, Case)>>;

fn watch(current: &Current) {
    let current = Arc::clone(current);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let (since, mut case) = current.lock().expect("whole").clone();
            if since.elapsed() > PATIENCE {
                let folder = root().join("tests/fuzz/found/hang");
                case.save(&folder);
                eprintln!("hangs: {}", folder.display());
                std::process::exit(1);
            }
        }
    });
}

fn attempt(case: &Case, catalogue: &Catalogue, current: &Current) -> Result<(), String> {
    *current.lock().expect("whole") = (Instant::now(), case.clone());
    catch_unwind(AssertUnwindSafe(|| case.run(catalogue))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        text.unwrap_or("panic").to_owned()
    })
}

#[test]
fn no_input_makes_it_panic_or_hang() {
    let (catalogue, problems) = Catalogue::embedded();
    assert_eq!(problems, []);
    let current: Current = Arc::new(Mutex::new((Instant::now(), Case::default())));
    watch(&current);
    for folder in files(&root().join("tests/fuzz/found")) {
        let outcome = attempt(&Case::load(&folder), &catalogue, &current);
        assert_eq!(outcome, Ok(()), "{}", folder.display());
    }
    let seeds = seeds();
    for seed in &seeds {
        assert_eq!(attempt(seed, &catalogue, &current), Ok(()), "a seed");
    }
    let seconds = std::env::var("ATLAS_FUZZ_SECONDS").ok();
    let limit = seconds.map(|text| Duration::from_secs(text.parse().expect("seconds")));
    let seed = match limit {
        None => 1,
        Some(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64),
    };
    let given = std::env::var("ATLAS_FUZZ_SEED").ok();
    let seed = given.map_or(seed, |text| text.parse().expect("a number"));
    // Told before, since an overflow of the stack ends everything: the seed finds the way back to it.
    println!("ATLAS_FUZZ_SEED={seed}");
    let mut mutator = Mutator::new(seed);
    let began = Instant::now();
    let mut rounds = 0;
    while limit.map_or(rounds < ROUNDS, |limit| began.elapsed() < limit) {
        let mut case = mutator.pick(&seeds).clone();
        let other = mutator.pick(&seeds).clone();
        mutator.mutate(&mut case, &other);
        if let Err(panic) = attempt(&case, &catalogue, &current) {
            let folder = root().join(format!("tests/fuzz/found/{seed:x}-{rounds}"));
            case.save(&folder);
            panic!("{panic}\nsaved as {}", folder.display());
        }
        rounds += 1;
    }
    println!("{rounds} inputs");
}
