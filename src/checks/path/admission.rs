//! Who is admitted: the extension, and nobody else's pages; whoever has the key, and nobody without.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Severity, Verdict};
use super::{Gateway, gateway};
use crate::model::Stage;

pub(super) const EXTENSION: Rule = Rule {
    id: "ATLAS-PATH-004",
    title: "the extension may call the gateway",
    why: "a browser asks first, and calls only if the gateway names the extension's origin",
    manual: "A real preflight (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) for each origin of `CORS_ORIGINS`; the answer must name it. \
             The extension's origin is chrome-extension:// and its id, 32 letters from a to p: chrome://extensions shows it.",
    see: &[
        "https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS",
        "https://github.com/Olawoyin007/intentKeeper/issues/113",
    ],
    needs: &["ENG-001", "PATH-001"],
    cheap: false,
    judge: extension,
};

pub(super) const FOREIGN: Rule = Rule {
    id: "ATLAS-PATH-005",
    title: "pages of others may not call the gateway",
    why: "a gateway that names any origin lets every page that a user visits call it in the user's name",
    manual: "A real preflight from an origin that is not in `CORS_ORIGINS`: the answer must not name it, nor `*`.",
    see: &["https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS"],
    needs: &["ENG-001", "PATH-001"],
    cheap: false,
    judge: foreign,
};

pub(super) const KEY: Rule = Rule {
    id: "ATLAS-PATH-006",
    title: "the API asks for its key",
    why: "without it everybody who reaches the gateway searches with the credentials of the project",
    manual: "`GET /api/services` without a key must be answered with 401. The key is `ATLAS_API_KEY` in .env.",
    see: &["https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Status/401"],
    needs: &["ENG-001", "PATH-001"],
    cheap: false,
    judge: key,
};

pub(super) const SETTINGS: Rule = Rule {
    id: "ATLAS-PATH-007",
    title: "settings cannot be read without a key",
    why: "settings hold the users' own keys of vendors",
    manual: "`GET /api/settings/default` without a key must not be answered with settings. Gateways before this one handed them out to anybody.",
    see: &["https://owasp.org/API-Security/editions/2023/en/0xa2-broken-authentication/"],
    needs: &["ENG-001", "PATH-001", "PATH-006"],
    cheap: false,
    judge: settings,
};

fn extension(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let fix = |text: String| Fix::by_hand(format!("{text}, then `atlas up`"));
    if !gateway.origins.contains("chrome-extension://") && !gateway.origins.contains('*') {
        let text = format!("CORS_ORIGINS names no extension: `{}`", gateway.origins);
        let fix = fix("add `chrome-extension://<id>` to CORS_ORIGINS in .env, with the id that chrome://extensions shows".to_owned());
        return Ok(Verdict::Bad(vec![Problem::failure(text, fix).about(&gateway.service)]));
    }
    let mut problems = Vec::new();
    for (origin, passed) in &gateway.admitted {
        match passed {
            Ok(true) => {}
            Ok(false) => {
                let text = format!("a preflight from {origin} is refused, although CORS_ORIGINS is `{}`", gateway.origins);
                let fix = fix(format!("write `{origin}` to CORS_ORIGINS in .env exactly so"));
                problems.push(Problem::failure(text, fix).about(&gateway.service));
            }
            Err(unknown) => return Err(unknown.clone()),
        }
    }
    let origins: Vec<&str> = gateway.admitted.iter().map(|(origin, _)| origin.as_str()).collect();
    Ok(Verdict::of(problems, format!("preflights pass from {}", origins.join(", "))))
}

fn foreign(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let production = facts.deployment()?.stage == Stage::Production;
    let mut problems = Vec::new();
    for (origin, passed) in &gateway.foreign {
        let is_extension = origin.starts_with("chrome-extension://");
        match passed {
            Ok(false) => {}
            // That is how one begins, before the extension has an id.
            Ok(true) if is_extension && !production => {}
            Ok(true) => problems.push(admitted(gateway, origin, production)),
            Err(unknown) => return Err(unknown.clone()),
        }
    }
    let web = gateway.foreign.iter().map(|(origin, _)| origin).find(|origin| origin.starts_with("https://"));
    let evidence = format!("a preflight from {} is refused", web.map_or("elsewhere", String::as_str));
    Ok(Verdict::of(problems, evidence))
}

fn admitted(gateway: &Gateway, origin: &str, production: bool) -> Problem {
    let text = format!("a preflight from {origin} passes: CORS_ORIGINS is `{}`", gateway.origins);
    let fix = Fix::by_hand("write the extension's own origin, `chrome-extension://<id>`, to CORS_ORIGINS in .env instead, then `atlas up`");
    let severity = match production {
        true => Severity::Failure,
        false => Severity::Warning,
    };
    Problem {
        severity,
        ..Problem::failure(text, fix).about(&gateway.service)
    }
}

fn key(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let status = gateway.without_key.clone()?;
    if (400..500).contains(&status) {
        return Ok(Verdict::Good(format!("a request without a key is answered with {status}")));
    }
    let text = format!("a request without a key is answered with {status}");
    let fix = Fix::command(
        "set `ATLAS_API_KEY` in .env if it is empty (`atlas init` makes one), then make the gateway's container again",
        "atlas up --force-recreate",
    );
    Ok(Verdict::Bad(vec![Problem::failure(text, fix)]))
}

fn settings(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(gateway) = gateway(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let status = gateway.settings.clone()?;
    if !(200..300).contains(&status) {
        return Ok(Verdict::Good(format!("a request for them without a key is answered with {status}")));
    }
    let fix = Fix::by_hand("take a gateway that asks for a key: the built-in one does (`images: builtin`), and refuse /api/settings/ in the proxy until then");
    let text = format!("`GET /api/settings/default` without a key is answered with {status}");
    Ok(Verdict::Bad(vec![Problem::failure(text, fix).about(&gateway.service)]))
}
