//! What browsers and strangers may do at the gateway: seen by asking as they do, not by reading the configuration.

use super::Gateway;
use crate::checks::facts::{Facts, Unknown, seen};
use crate::checks::rule::{Fix, Problem, Rule, Verdict};

const NEEDS: &[&str] = &["CFG", "ENG", "CON", "PATH-001"];

pub(super) const EXTENSION: Rule = Rule {
    id: "ATLAS-PATH-004",
    title: "the browser extension may call the gateway",
    why: "a browser asks first (CORS preflight) and shows the extension nothing when its origin is not allowed",
    manual: "atlas sends the preflight that the extension's browser would send, from the origin that CORS_ORIGINS names, or from any \
             extension's where it holds chrome-extension://*.",
    see: &["https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS"],
    needs: NEEDS,
    cheap: false,
    judge: extension,
};

pub(super) const STRANGERS: Rule = Rule {
    id: "ATLAS-PATH-005",
    title: "other web pages may not call the gateway",
    why: "a page that anybody wrote could search your company's tools with the key of whoever looks at it",
    manual: "atlas sends a preflight from an origin that nobody has. An answer that admits it admits every page.",
    see: &["https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS"],
    needs: NEEDS,
    cheap: false,
    judge: strangers,
};

pub(super) const KEY: Rule = Rule {
    id: "ATLAS-PATH-006",
    title: "the API asks for a key",
    why: "without a key everybody who reaches the port can search everything",
    manual: "atlas asks the gateway for /api without a key; 401 is the right answer.",
    see: &[],
    needs: NEEDS,
    cheap: false,
    judge: key,
};

pub(super) const SETTINGS: Rule = Rule {
    id: "ATLAS-PATH-007",
    title: "settings cannot be read without a key",
    why: "settings hold people's credentials",
    manual: "atlas asks the gateway for somebody's settings without a key; 401 is the right answer.",
    see: &[],
    // Whoever asks for no key at all asks for none here.
    needs: &["CFG", "ENG", "CON", "PATH-001", "PATH-006"],
    cheap: false,
    judge: settings,
};

fn gateway(facts: &Facts) -> Result<Option<&Gateway>, Unknown> {
    seen(&seen(&facts.path)?.gateway).map(Option::as_ref)
}

fn silent() -> Unknown {
    Unknown::Unseen("the gateway gave no answer that tells".to_owned())
}

/// The edit of CORS_ORIGINS.
fn origins() -> Fix {
    Fix::command(
        "set CORS_ORIGINS to chrome-extension:// and the extension's id (chrome://extensions shows it), then run `atlas up`",
        "atlas env set CORS_ORIGINS",
    )
}

fn bad(problem: Problem) -> Result<Verdict, Unknown> {
    Ok(Verdict::Bad(vec![problem.about("gateway")]))
}

fn extension(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let Some(origin) = &gateway.extension else {
        let evidence = "CORS_ORIGINS names no extension, so none may call";
        return bad(Problem::failure(evidence, origins()));
    };
    match gateway.admits_extension.ok_or_else(silent)? {
        true => Ok(Verdict::Good(format!(
            "a preflight from {origin} is admitted"
        ))),
        false => {
            let evidence = format!("a preflight from {origin} is refused");
            let fix = Fix::command("bring CORS_ORIGINS of .env into effect", "atlas up");
            bad(Problem::failure(evidence, fix))
        }
    }
}

fn strangers(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    match gateway.admits_strangers.ok_or_else(silent)? {
        false => Ok(Verdict::Good(
            "a preflight from a foreign page is refused".to_owned(),
        )),
        true => {
            let evidence = "a preflight from a page that nobody knows is admitted";
            bad(Problem::failure(evidence, origins()))
        }
    }
}

fn key(facts: &Facts) -> Result<Verdict, Unknown> {
    guarded(facts, |gateway| gateway.without_key, "/api")
}

fn settings(facts: &Facts) -> Result<Verdict, Unknown> {
    guarded(facts, |gateway| gateway.settings, "/api/settings/default")
}

fn guarded(
    facts: &Facts,
    status: impl Fn(&Gateway) -> Option<u16>,
    path: &str,
) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let status = status(gateway).ok_or_else(silent)?;
    match status {
        401 | 403 => Ok(Verdict::Good(format!("{path} without a key: {status}"))),
        200..=299 => {
            let evidence = format!("{path} without a key: {status}");
            let fix = Fix::command(
                "give the gateway a key: `atlas init` generates ATLAS_API_KEY where it is missing",
                "atlas init --yes && atlas up",
            );
            bad(Problem::failure(evidence, fix))
        }
        429 => Err(Unknown::Unseen(
            "the gateway limits requests from here just now".to_owned(),
        )),
        other => Err(Unknown::Unseen(format!("{path} without a key: {other}"))),
    }
}
