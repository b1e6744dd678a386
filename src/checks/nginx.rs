//! nginx on this machine in front of the gateway: whether its configuration is valid, leads to the gateway, and has no fault that only shows
//! under use.

mod cloudflare;
mod site;
#[cfg(test)]
mod tests;
mod upstream;

use std::net::IpAddr;

pub use cloudflare::Cloudflare;

use super::facts::{Facts, Known, Unknown, seen};
use super::rule::{Fix, Problem, Rule, Verdict};

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Nginx {
    /// Sites that lead to the gateway, or should.
    pub sites: Vec<Site>,
    /// `nginx -t`: what it says against the configuration.
    pub test: Option<Known<Vec<String>>>,
    /// Port on this machine that the gateway is published on; `None` if it is not.
    pub published: Option<u16>,
    /// Addresses of the gateway's containers.
    pub addresses: Vec<IpAddr>,
    /// Whether `server_tokens off` stands anywhere.
    pub quiet: bool,
    /// Whether `limit_req` stands anywhere.
    pub limited: bool,
    /// Cloudflare's networks, if nginx shall believe them; of atlas.yaml, wherever nginx runs.
    pub cloudflare: Option<Cloudflare>,
}

/// A `server` block.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// `/etc/nginx/sites-enabled/atlas:3`.
    pub place: String,
    /// Its names.
    pub names: Vec<String>,
    /// Whether any of its ports speaks TLS.
    pub tls: bool,
    /// Where it leads: host and port of each `proxy_pass`, upstreams followed.
    pub targets: Vec<Target>,
    /// `Connection` is set to a constant `upgrade`.
    pub always_upgrades: bool,
    /// `proxy_read_timeout` of an hour and more outside of a location of its own, in seconds.
    pub long_timeout: Option<u64>,
    /// `proxy_buffering off` for everything.
    pub unbuffered: bool,
    /// `X-Forwarded-For` or `X-Real-IP` is set.
    pub tells_client: bool,
}

/// Where a site leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// `localhost`, `172.18.0.5`, `gateway`.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `/etc/nginx/sites-enabled/atlas:7`.
    pub place: String,
}

/// Causes before consequences.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ATLAS-NGX-001",
        title: "nginx accepts its configuration",
        why: "nginx goes on with what it read before, and does not start after the next restart of the machine",
        manual: "`nginx -t` over the configuration of this machine. What it says is shown.",
        see: &["https://nginx.org/en/docs/switches.html"],
        needs: &[],
        cheap: false,
        judge: accepts,
    },
    upstream::LEADS,
    upstream::STALE,
    site::FAULTS,
    cloudflare::LISTED,
];

/// nginx, if a site of it is ours.
fn ours(facts: &Facts) -> Known<Option<&Nginx>> {
    let nginx = seen(&facts.nginx)?;
    Ok((!nginx.sites.is_empty()).then_some(nginx))
}

fn accepts(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(nginx) = ours(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let Some(test) = &nginx.test else {
        return Err(Unknown::Unseen(
            "there is no nginx on PATH to ask".to_owned(),
        ));
    };
    let mut said = seen(test)?.iter();
    let Some(first) = said.next() else {
        return Ok(Verdict::Good("`nginx -t` finds no fault".to_owned()));
    };
    let fix = Fix::by_hand("mend that line, then `nginx -t` and `nginx -s reload`");
    let problem = said.fold(Problem::failure(first, fix), |problem, line| {
        problem.and(line)
    });
    Ok(Verdict::Bad(vec![problem]))
}
