//! A campaign: seeds, then changes of seeds, each in its turn before what must neither panic nor hang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::mutate::Mutator;

/// Rounds of a run without a time.
const ROUNDS: usize = 300;
/// An input that takes longer than this hangs, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An input: some files.
pub(crate) trait Case: Clone + Default + Send + 'static {
    /// What the campaign is called.
    const NAME: &'static str;
    /// What its files are called.
    const FILES: &'static [&'static str];

    /// The files, in that order.
    fn parts(&mut self) -> Vec<&mut Vec<u8>>;

    /// Everything that is done with it.
    fn run(&self);
}

fn load<C: Case>(folder: &Path) -> C {
    let mut case = C::default();
    for (part, name) in case.parts().into_iter().zip(C::FILES) {
        *part = std::fs::read(folder.join(name)).unwrap_or_default();
    }
    case
}

fn save<C: Case>(mut case: C, folder: &Path) {
    std::fs::create_dir_all(folder).expect("folder");
    for (part, name) in case.parts().into_iter().zip(C::FILES) {
        std::fs::write(folder.join(name), part).expect("saved");
    }
}

fn found<C: Case>() -> PathBuf {
    super::root().join("tests/fuzz/found").join(C::NAME)
}

/// What is being tried, and since when; a thread watches that it ends.
type Current<C> = Arc<Mutex<(Instant, C)>>;

fn watch<C: Case>(current: &Current<C>) {
    let current = Arc::clone(current);
    std::thread::spawn(move || {
        // Until the campaign is over.
        while Arc::strong_count(&current) > 1 {
            std::thread::sleep(Duration::from_secs(1));
            let (since, case) = current.lock().expect("whole").clone();
            if since.elapsed() > PATIENCE && Arc::strong_count(&current) > 1 {
                let folder = found::<C>().join("hang");
                save(case, &folder);
                eprintln!("hangs: {}", folder.display());
                std::process::exit(1);
            }
        }
    });
}

fn attempt<C: Case>(case: &C, current: &Current<C>) -> Result<(), String> {
    *current.lock().expect("whole") = (Instant::now(), case.clone());
    catch_unwind(AssertUnwindSafe(|| case.run())).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        text.unwrap_or("panic").to_owned()
    })
}

/// Tries what was found before, the seeds, and changes of them.
pub(crate) fn campaign<C: Case>(seeds: &[C]) {
    let current: Current<C> = Arc::new(Mutex::new((Instant::now(), C::default())));
    watch(&current);
    for folder in super::files(&found::<C>()) {
        let outcome = attempt(&load::<C>(&folder), &current);
        assert_eq!(outcome, Ok(()), "{}", folder.display());
    }
    for seed in seeds {
        assert_eq!(attempt(seed, &current), Ok(()), "a seed");
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
    println!("{}: ATLAS_FUZZ_SEED={seed}", C::NAME);
    let mut mutator = Mutator::new(seed);
    let began = Instant::now();
    let mut rounds = 0;
    while limit.map_or(rounds < ROUNDS, |limit| began.elapsed() < limit) {
        let mut case = mutator.pick(seeds).clone();
        let other = mutator.pick(seeds).clone();
        mutator.mutate(&mut case, &other);
        if let Err(panic) = attempt(&case, &current) {
            let folder = found::<C>().join(format!("{seed:x}-{rounds}"));
            save(case, &folder);
            panic!("{panic}\nsaved as {}", folder.display());
        }
        rounds += 1;
    }
    println!("{}: {rounds} inputs", C::NAME);
}
