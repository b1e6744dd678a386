//! How large a packet may be.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

pub(super) const MTU: Rule = Rule {
    id: "ATLAS-NET-006",
    title: "packets of containers fit through the way out",
    why: "where a container's packets are larger than the way out allows, TLS handshakes with vendors hang and small requests work",
    manual: "The MTU of the project's networks that lead outside is compared with that of the default route's device. Clouds and VPNs have less \
             than 1500. `\"mtu\": 1400` in /etc/docker/daemon.json concerns the default bridge only; for the others \
             `\"default-network-opts\": {\"bridge\": {\"com.docker.network.driver.mtu\": \"1400\"}}` (Engine 24 and later).",
    see: &["https://github.com/moby/moby/issues/13475"],
    needs: &["ENG-001"],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let network = seen(&facts.network)?;
    let Some((device, most)) = seen(&network.uplink)? else {
        return Ok(Verdict::Good(
            "there is no way out that could be too small".to_owned(),
        ));
    };
    let outward: Vec<_> = network.own().filter(|net| !net.internal).collect();
    if outward.is_empty() {
        return Err(Unknown::Unseen(
            "there are no networks yet; `atlas up` makes them".to_owned(),
        ));
    }
    let problems = outward.iter().filter(|net| net.mtu > *most).map(|net| {
        let text = format!(
            "network {} sends packets of {} bytes, {device} takes {most}",
            net.name, net.mtu
        );
        let fix = Fix::by_hand(format!(
            "set `\"default-network-opts\": {{\"bridge\": {{\"com.docker.network.driver.mtu\": \"{most}\"}}}}` in /etc/docker/daemon.json, restart the engine, then `atlas down && atlas up`"
        ));
        Problem::warning(text, fix)
    });
    let evidence = format!("{device} takes {most} bytes");
    Ok(Verdict::of(problems.collect(), evidence))
}
