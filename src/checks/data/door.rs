//! Who is let in: us with the password, nobody without one, and nobody from outside.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Door, Greeting, Mongo, mongodb, redis};

pub(super) const PASSWORD: Rule = Rule {
    id: "ATLAS-DATA-001",
    title: "MongoDB takes the password of .env",
    why: "without it no setting is read or written; a password that was changed in .env alone does not reach a database that is there already",
    manual: "Atlas connects with the user and the password that the services use. MongoDB's image sets the password only when the volume is empty: \
             a later change in .env changes the services, but not the database (code 18, AuthenticationFailed). `atlas env rotate mongodb` changes both.",
    see: &[
        "https://github.com/docker-library/mongo/issues/496",
        "https://hub.docker.com/_/mongo",
    ],
    needs: &["ENG-001", "DATA-004", "DATA-008"],
    cheap: false,
    judge: password,
};

pub(super) const MONGODB: Rule = Rule {
    id: "ATLAS-DATA-002",
    title: "MongoDB refuses strangers",
    why: "whoever reaches a database without a password reads, changes and deletes everything in it",
    manual: "Atlas asks for the list of databases without user and password; Unauthorized (code 13) is the good answer.",
    see: &["https://www.mongodb.com/docs/manual/administration/security-checklist/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: strangers,
};

pub(super) const REDIS: Rule = Rule {
    id: "ATLAS-DATA-003",
    title: "Redis refuses strangers",
    why: "whoever reaches a Redis without a password reads and deletes what is in it, and can make it write files",
    manual: "Atlas sends `PING` without a password; `-NOAUTH` is the good answer.",
    see: &["https://redis.io/docs/latest/operate/oss_and_stack/management/security/"],
    needs: &["ENG-001"],
    cheap: false,
    judge: redis_strangers,
};

pub(super) const PUBLISHED: Rule = Rule {
    id: "ATLAS-DATA-007",
    title: "stores are not published to the world",
    why: "databases on the internet are found within hours; Docker's published ports also pass by the host's firewall",
    manual: "Ports of MongoDB and Redis that the engine publishes on all addresses, or on one that is not this machine's own. \
             The services reach the stores inside their network; nobody else has to.",
    see: &[
        "https://docs.docker.com/engine/network/packet-filtering-firewalls/",
        "https://github.com/moby/moby/issues/22054",
    ],
    needs: &["ENG-001"],
    cheap: false,
    judge: published,
};

fn password(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(mongodb) = mongodb(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let problem = match seen(&mongodb.greeting)? {
        Greeting::Welcome(version, _) => {
            return Ok(Verdict::Good(format!("MongoDB {version} lets us in")));
        }
        Greeting::WrongPassword => wrong(mongodb),
        Greeting::Away(why) | Greeting::Refused(why) if mongodb.contained => {
            return Err(Unknown::Unseen(format!("MongoDB does not answer: {why}")));
        }
        Greeting::Away(why) => {
            let fix = "start it, and let this machine reach it; the address is `MONGO_URL` in .env";
            Problem::failure(format!("MongoDB does not answer: {why}"), Fix::by_hand(fix))
        }
        Greeting::Refused(why) => {
            let fix = Fix::by_hand("correct `MONGO_URL` in .env");
            Problem::failure(format!("MongoDB refuses: {why}"), fix)
        }
    };
    Ok(Verdict::Bad(vec![problem.about("mongodb")]))
}

fn wrong(mongodb: &Mongo) -> Problem {
    const TEXT: &str =
        "MongoDB does not take the user and password of .env (code 18, AuthenticationFailed)";
    if !mongodb.contained {
        return Problem::failure(
            TEXT,
            Fix::by_hand("correct user and password of `MONGO_URL` in .env"),
        );
    }
    let fix = Fix::command(
        "put the value back that the volume was made with, if you still have it, and change both together; \
         .atlas/replaced.env and backups of .env hold earlier values",
        "atlas env rotate mongodb",
    );
    let problem = Problem::failure(TEXT, fix);
    match (&mongodb.volume, mongodb.written) {
        (Some((volume, Some(made))), Some(written)) if written > *made => problem.and(format!(
            "volume {volume} was made {} before .env was last written, and keeps the password of that time",
            span(written - made)
        )),
        (Some((volume, _)), _) => problem.and(format!("volume {volume} keeps the password that it was made with")),
        (None, _) => problem,
    }
}

/// `5 minutes`, `3 days`.
fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn strangers(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(mongodb) = mongodb(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let databases = match seen(&mongodb.door)? {
        Door::Closed => {
            let seen = "the list of databases is refused without a password";
            return Ok(Verdict::Good(seen.to_owned()));
        }
        Door::Open(databases) => databases,
    };
    let fix = match mongodb.contained {
        true => Fix::command(
            "make its container from its description again, which asks for passwords",
            "atlas up --force-recreate",
        ),
        false => Fix::by_hand(
            "turn on access control where MongoDB is run (`security.authorization: enabled`)",
        ),
    };
    let text = format!("MongoDB tells strangers of its {databases} databases");
    Ok(Verdict::Bad(vec![
        Problem::failure(text, fix).about("mongodb"),
    ]))
}

fn redis_strangers(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((_, told)) = redis(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    if !told.open {
        return Ok(Verdict::Good(
            "`PING` is refused without a password".to_owned(),
        ));
    }
    let fix = Fix::command(
        "start it again, so that it reads its password from its file",
        "atlas restart redis",
    );
    let problem = Problem::failure("Redis answers `PING` without a password", fix);
    Ok(Verdict::Bad(vec![problem.about("redis")]))
}

fn published(facts: &Facts) -> Result<Verdict, Unknown> {
    let data = seen(&facts.data)?;
    if data.stores.is_empty() {
        return Ok(Verdict::Irrelevant);
    }
    let open = data
        .published
        .iter()
        .filter(|(_, address, _)| !address.is_loopback());
    let problems = open.map(|(service, address, port)| {
        let fix = Fix::by_hand(format!(
            "remove `services.{service}.expose` (or set it to 127.0.0.1) in atlas.yaml, then `atlas up`"
        ));
        let text = format!("{service} is published on {address}:{port}");
        Problem::failure(text, fix).about(service)
    });
    let seen = match data.published.is_empty() {
        true => format!("{} have no published port", data.stores.join(" and ")),
        false => "their ports are this machine's own".to_owned(),
    };
    Ok(Verdict::of(problems.collect(), seen))
}
