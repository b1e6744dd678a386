//! Whether the data is of the version that serves it.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Greeting, Mongo, mongodb};

pub(super) const VERSION: Rule = Rule {
    id: "ATLAS-DATA-004",
    title: "MongoDB's data is of its version",
    why: "MongoDB goes up one major version at a time and never down: over data of another one it does not start",
    manual: "A mongod that refuses its data ends with 62, or says so in its log (id 20573, `Wrong mongod version`, `featureCompatibilityVersion`). \
             One that runs tells its featureCompatibilityVersion; an older one than its own keeps the next upgrade from starting.",
    see: &[
        "https://www.mongodb.com/docs/manual/reference/command/setFeatureCompatibilityVersion/",
        "https://github.com/docker-library/mongo/issues/557",
        "https://github.com/danny-avila/LibreChat/issues/4155",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

/// `EXIT_NEED_DOWNGRADE` of mongod.
const OTHER_VERSION: i64 = 62;
/// What mongod says over data of another version.
const WORDS: [&str; 5] = [
    "\"id\":20573",
    "wrong mongod version",
    "invalid featurecompatibilityversion document",
    "unsupported wiredtiger file version",
    "this version of mongodb is too recent to start up on the existing data files",
];

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(mongodb) = mongodb(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    if let Some(problem) = refused(mongodb) {
        return Ok(Verdict::Bad(vec![problem]));
    }
    let (version, feature) = match seen(&mongodb.greeting)? {
        Greeting::Welcome(version, Some(feature)) => (version, feature),
        _ => {
            return Err(Unknown::Unseen(
                "MongoDB does not tell its version".to_owned(),
            ));
        }
    };
    let own = series(version);
    if own == *feature {
        return Ok(Verdict::Good(format!(
            "version {version}, feature compatibility {feature}"
        )));
    }
    let text = format!("MongoDB is {version}, its featureCompatibilityVersion is {feature}");
    let confirm = if own.starts_with(['7', '8', '9']) {
        ", confirm: true"
    } else {
        ""
    };
    let eval = format!("db.adminCommand({{setFeatureCompatibilityVersion: \"{own}\"{confirm}}})");
    let fix = Fix::by_hand(format!(
        "when all works with {own}, run `{eval}` as MongoDB's root user (`atlas exec mongodb mongosh -u atlas -p`); there is no way back then"
    ));
    Ok(Verdict::Bad(vec![
        Problem::warning(text, fix).about("mongodb"),
    ]))
}

/// `7.0` of `7.0.14`.
fn series(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

fn refused(mongodb: &Mongo) -> Option<Problem> {
    let said = mongodb.lines.iter().find(|line| {
        let line = line.to_lowercase();
        WORDS.iter().any(|words| line.contains(words))
    });
    let ended = mongodb.exit_code == Some(OTHER_VERSION);
    if said.is_none() && !ended {
        return None;
    }
    let fix = Fix::by_hand(
        "run the version that wrote the data (`services.mongodb.image` in atlas.yaml, such as mongo:6), `atlas up`, `atlas backup`, then go up one major \
         version at a time",
    );
    let text = match ended {
        true => "MongoDB refuses its data and ends with 62: another version wrote it",
        false => "MongoDB refuses its data: another version wrote it",
    };
    let problem = Problem::failure(text, fix).about("mongodb");
    Some(match said {
        Some(line) => problem.and(format!("log: {line}")),
        None => problem,
    })
}
