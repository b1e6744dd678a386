//! MongoDB: our password, no other way in, and the format of its data.

use super::{Mongodb, Server};
use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

const SUBJECT: &str = "mongodb";

pub(super) const PASSWORD: Rule = Rule {
    id: "ATLAS-DATA-001",
    title: "MongoDB takes the password of .env",
    why: "MongoDB sets its password when its volume is first filled and never again: after a change of .env alone nobody gets in",
    manual: "atlas connects to the container by its address, as the gateway does, with the user and password of the deployment. If the \
             password was changed in .env, put the old one back and let `atlas env rotate mongodb` change both.",
    see: &["https://github.com/docker-library/mongo/issues/496"],
    needs: &["CFG", "ENG", "CON"],
    cheap: false,
    judge: password,
};

pub(super) const LOCKED: Rule = Rule {
    id: "ATLAS-DATA-002",
    title: "MongoDB refuses whoever has no password",
    why: "a database without authentication is found and emptied within hours once its port is reachable",
    manual: "atlas connects without a user and asks for the list of databases. The right answer is a refusal.",
    see: &["https://www.mongodb.com/docs/manual/administration/security-checklist/"],
    needs: &["CFG", "ENG", "CON"],
    cheap: false,
    judge: locked,
};

pub(super) const FORMAT: Rule = Rule {
    id: "ATLAS-DATA-004",
    title: "MongoDB's data is of its server's version",
    why: "data that still has the format of an older version does not open with the version after the next",
    manual: "The server's featureCompatibilityVersion is compared with its own version. After an upgrade that has proved itself, \
             setFeatureCompatibilityVersion makes the data of the new version; going back is not possible then, so back up first.",
    see: &["https://www.mongodb.com/docs/manual/reference/command/setFeatureCompatibilityVersion/"],
    needs: &["CFG", "ENG", "CON", "DATA-001"],
    cheap: false,
    judge: format,
};

fn mongodb(facts: &Facts) -> Result<Option<&Mongodb>, Unknown> {
    seen(&seen(&facts.data)?.mongodb).map(Option::as_ref)
}

fn bad(problem: Problem) -> Result<Verdict, Unknown> {
    Ok(Verdict::Bad(vec![problem.about(SUBJECT)]))
}

fn password(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(mongodb) = mongodb(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    match &mongodb.ours {
        Ok(server) => Ok(Verdict::Good(format!(
            "MongoDB {} lets us in",
            server.version
        ))),
        Err(refusal) if refusal.by_server => {
            let text = "put the password back with which the volume was made, then change it by `atlas env rotate mongodb`";
            let fix = Fix::command(text, "atlas env set MONGO_INITDB_ROOT_PASSWORD");
            bad(Problem::failure(refusal.reason.clone(), fix))
        }
        Err(refusal) => {
            let fix = Fix::command("see why it does not answer", "atlas logs --tail 50 mongodb");
            bad(Problem::failure(refusal.reason.clone(), fix))
        }
    }
}

fn locked(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(mongodb) = mongodb(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    match &mongodb.open {
        Err(why) => Err(Unknown::Unseen(why.clone())),
        Ok(false) => Ok(Verdict::Good(
            "listDatabases without a password is refused".to_owned(),
        )),
        Ok(true) => {
            let evidence = "without a password MongoDB lists its databases";
            let text = "bring the described container back, which starts MongoDB with authentication; if its volume was made without, \
                        dump it, remove the volume, start anew and restore";
            bad(Problem::failure(
                evidence,
                Fix::command(text, "atlas up --force-recreate mongodb"),
            ))
        }
    }
}

fn format(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(mongodb) = mongodb(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let Ok(server) = &mongodb.ours else {
        return Err(Unknown::Needs("DATA"));
    };
    let Server { version, feature } = server;
    let Some(feature) = feature else {
        return Err(Unknown::Unseen(
            "the server does not tell the version of its data".to_owned(),
        ));
    };
    if version.starts_with(&format!("{feature}.")) {
        return Ok(Verdict::Good(format!("server {version}, data {feature}")));
    }
    let evidence = format!("the server is {version}, its data is of {feature}");
    let text =
        "back up, then run setFeatureCompatibilityVersion once this version has proved itself";
    bad(Problem::warning(evidence, Fix::by_hand(text)))
}
