//! What a server shows: protocol, chain, name, dates.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Certificate, shown};

const DAY: i64 = 86_400;
/// Certbot renews 30 days before the end; two weeks before it something is wrong.
const SOON: i64 = 14;

pub(super) const PROTOCOL: Rule = Rule {
    id: "ATLAS-TLS-004",
    title: "the public address speaks a present version of TLS",
    why: "TLS 1.0 and 1.1 can be attacked and are refused by browsers since 2020; without TLS keys go in clear text",
    manual: "Atlas connects to `public-url` (or to the name in nginx's site) and tells which version was agreed on, then offers TLS 1.1 at most, which must be refused.",
    see: &[
        "https://ssl-config.mozilla.org/",
        "https://datatracker.ietf.org/doc/html/rfc8996",
    ],
    needs: &["NGX-001"],
    cheap: false,
    judge: protocol,
};

pub(super) const CHAIN: Rule = Rule {
    id: "ATLAS-TLS-002",
    title: "browsers trust the certificate",
    why: "a certificate of an unknown authority, or one whose chain is incomplete, is refused; the extension then only says \"failed to fetch\"",
    manual: "The chain that the server sends is followed to the authorities that browsers know, and to those of SSL_CERT_FILE. Send the whole chain: \
             certbot's fullchain.pem, not cert.pem.",
    see: &["https://letsencrypt.org/certificates/"],
    needs: &["NGX-001", "TLS-004"],
    cheap: false,
    judge: chain,
};

pub(super) const NAME: Rule = Rule {
    id: "ATLAS-TLS-003",
    title: "the certificate is for this name",
    why: "a certificate for another name is refused by every client",
    manual: "The names of the certificate (subjectAltName) are compared with the host of `public-url`.",
    see: &["https://datatracker.ietf.org/doc/html/rfc9525"],
    needs: &["NGX-001", "TLS-004"],
    cheap: false,
    judge: name,
};

pub(super) const EXPIRY: Rule = Rule {
    id: "ATLAS-TLS-001",
    title: "the certificate is valid for a while",
    why: "an expired certificate stops every client at once",
    manual: "Dates of the certificate against this machine's clock: a failure when it is over or has not begun, a warning two weeks before its end.",
    see: &["https://eff-certbot.readthedocs.io/en/stable/using.html#renewing-certificates"],
    needs: &["NGX-001", "TLS-004"],
    cheap: false,
    judge: expiry,
};

fn protocol(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((_, address, shown)) = shown(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let only_present = Fix::by_hand(
        "write `ssl_protocols TLSv1.2 TLSv1.3;` in nginx, then `nginx -t` and `nginx -s reload`",
    );
    let problem = match (&shown.protocol, &shown.old_protocol) {
        (None, Some(old)) => Problem::failure(
            format!("{address} speaks {old}, and nothing newer"),
            only_present,
        ),
        (None, None) => {
            let why = shown.refusal.as_deref().unwrap_or("no reason is given");
            let fix = Fix::by_hand(
                "let the server speak TLS there (`listen 443 ssl` in nginx), or correct `public-url` in atlas.yaml",
            );
            Problem::failure(format!("{address} does not speak TLS: {why}"), fix)
        }
        (Some(agreed), Some(old)) => Problem::warning(
            format!("{address} speaks {agreed}, but takes {old} too"),
            only_present,
        ),
        (Some(agreed), None) => {
            return Ok(Verdict::Good(format!(
                "{address} speaks {agreed}, and refuses TLS 1.1"
            )));
        }
    };
    Ok(Verdict::Bad(vec![problem]))
}

fn chain(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((_, address, shown)) = shown(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let (own, count) = (own(&shown.chain)?, shown.chain.len());
    let Some(why) = &shown.untrusted else {
        return Ok(Verdict::Good(format!(
            "{count} certificates, signed by {}",
            own.issuer
        )));
    };
    let problem = if own.issuer == own.subject {
        let fix = Fix::by_hand(
            "get a certificate of an authority that browsers know: `certbot --nginx -d NAME`",
        );
        Problem::failure(
            format!("the certificate of {address} is signed by itself"),
            fix,
        )
    } else if shown
        .chain
        .get(1)
        .is_none_or(|next| next.subject != own.issuer)
    {
        let fix = Fix::by_hand(
            "send the whole chain: `ssl_certificate` in nginx must name fullchain.pem, not cert.pem",
        );
        let text = format!(
            "{address} sends {count} certificate(s), without the one of {}",
            own.issuer
        );
        Problem::failure(text, fix)
    } else {
        let fix = Fix::by_hand(
            "get a certificate of an authority that browsers know; if it is your company's own, name its file in SSL_CERT_FILE",
        );
        Problem::failure(
            format!(
                "no known authority signed the chain of {address} (by {})",
                own.issuer
            ),
            fix,
        )
    };
    Ok(Verdict::Bad(vec![
        problem.and(format!("verification says: {why}")),
    ]))
}

/// The server's own certificate.
fn own(chain: &[Certificate]) -> Result<&Certificate, Unknown> {
    chain
        .first()
        .ok_or_else(|| Unknown::Unseen("the server shows no certificate".to_owned()))
}

fn name(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((_, address, shown)) = shown(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let names = own(&shown.chain)?.names.join(", ");
    if shown.named {
        return Ok(Verdict::Good(format!("it is for {names}")));
    }
    let fix = Fix::by_hand(
        "get a certificate for that name (`certbot --nginx -d NAME`), or correct `public-url` in atlas.yaml",
    );
    Ok(Verdict::Bad(vec![Problem::failure(
        format!("the certificate of {address} is for {names}"),
        fix,
    )]))
}

fn expiry(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some((tls, address, shown)) = shown(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    own(&shown.chain)?;
    let renew = || {
        Fix::by_hand("renew it (`certbot renew`), then let the server read it (`nginx -s reload`)")
    };
    let mut problems = Vec::new();
    for certificate in &shown.chain {
        let whose = &certificate.subject;
        let (left, early) = (
            certificate.not_after - tls.now,
            certificate.not_before - tls.now,
        );
        if left < 0 {
            let text = format!(
                "a certificate of {address} ({whose}) expired {}",
                days(-left)
            );
            problems.push(Problem::failure(format!("{text} ago"), renew()));
        } else if early > 0 {
            let fix = Fix::by_hand(
                "set this machine's clock; if that is right, get a certificate that is valid now",
            );
            let text = format!(
                "a certificate of {address} ({whose}) is valid only in {}",
                days(early)
            );
            problems.push(Problem::failure(text, fix));
        } else if left < SOON * DAY {
            let text = format!(
                "a certificate of {address} ({whose}) expires in {}",
                days(left)
            );
            problems.push(Problem::warning(text, renew()));
        }
    }
    let left = shown
        .chain
        .iter()
        .map(|certificate| certificate.not_after - tls.now)
        .min();
    Ok(Verdict::of(
        problems,
        format!("{} are left", days(left.unwrap_or_default())),
    ))
}

fn days(seconds: i64) -> String {
    match seconds {
        ..DAY => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / DAY),
    }
}
