//! Where sites lead.

use std::net::IpAddr;

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Nginx, Target, ours};

pub(super) const LEADS: Rule = Rule {
    id: "ATLAS-NGX-002",
    title: "nginx leads to where the gateway is",
    why: "a site that leads elsewhere answers 502, or with another program's pages",
    manual: "Ports of `proxy_pass` (through `upstream`, too) are compared with the port that the gateway is published on.",
    see: &["https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass"],
    needs: &[],
    cheap: false,
    judge: leads,
};

pub(super) const STALE: Rule = Rule {
    id: "ATLAS-NGX-003",
    title: "nginx does not hold on to a container's address",
    why: "a container has another address after each `up` that replaces it, and nginx answers 502 from then on",
    manual: "Addresses of `proxy_pass` that are neither this machine's own nor those of the gateway's containers now. Lead to 127.0.0.1 and the \
             published port; in a container let nginx resolve the name again (`resolver 127.0.0.11`).",
    see: &[
        "https://github.com/langgenius/dify/issues/39155",
        "https://github.com/NginxProxyManager/nginx-proxy-manager/issues/5602",
    ],
    needs: &["NGX-002"],
    cheap: false,
    judge: stale,
};

/// A container's address, in the networks that Docker uses.
fn contained(target: &Target) -> Option<IpAddr> {
    let address: IpAddr = target.host.parse().ok()?;
    match address {
        IpAddr::V4(v4) if v4.is_private() => Some(address),
        _ => None,
    }
}

fn here(target: &Target) -> bool {
    let local = target
        .host
        .parse()
        .is_ok_and(|ip: IpAddr| ip.is_loopback() || ip.is_unspecified());
    target.host == "localhost" || local
}

fn lead(nginx: &Nginx) -> Fix {
    Fix::by_hand(match nginx.published {
        Some(port) => format!(
            "write `proxy_pass http://127.0.0.1:{port};` there, then `nginx -t` and `nginx -s reload`"
        ),
        None => {
            "publish the gateway (`services.gateway.publish: true` in atlas.yaml), then `atlas up`"
                .to_owned()
        }
    })
}

fn leads(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(nginx) = ours(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let mut problems = Vec::new();
    for site in &nginx.sites {
        let local: Vec<&Target> = site.targets.iter().filter(|target| here(target)).collect();
        let meets = |target: &&&Target| Some(target.port) == nginx.published;
        if local.is_empty() || local.iter().any(|target| meets(&target)) {
            continue;
        }
        let target = local[0];
        let is = match nginx.published {
            Some(port) => format!("the gateway is published on {port}"),
            None => "the gateway is not published".to_owned(),
        };
        let text = format!(
            "{} leads to {}:{}, but {is}",
            target.place, target.host, target.port
        );
        problems.push(Problem::failure(text, lead(nginx)));
    }
    let places: Vec<&str> = nginx.sites.iter().map(|site| site.place.as_str()).collect();
    Ok(Verdict::of(
        problems,
        format!("{} leads to the gateway", places.join(", ")),
    ))
}

fn stale(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(nginx) = ours(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let targets = nginx.sites.iter().flat_map(|site| &site.targets);
    let problems = targets.filter_map(|target| {
        let address = contained(target)?;
        let place = &target.place;
        Some(match nginx.addresses.contains(&address) {
            true => {
                let text =
                    format!("{place} leads to {address}, the gateway's container of this moment");
                Problem::warning(text, lead(nginx))
            }
            false => {
                let own: Vec<String> = nginx.addresses.iter().map(ToString::to_string).collect();
                let text = format!(
                    "{place} leads to {address}, where no gateway is; it is at {}",
                    own.join(", ")
                );
                Problem::failure(text, lead(nginx))
            }
        })
    });
    Ok(Verdict::of(
        problems.collect(),
        "it leads to no container's address",
    ))
}
