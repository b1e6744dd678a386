//! Whether a certificate of certbot on this machine is renewed by itself.

use super::super::facts::{Facts, Unknown, seen};
use super::super::rule::{Fix, Problem, Rule, Verdict};

pub(super) const RENEWAL: Rule = Rule {
    id: "ATLAS-TLS-005",
    title: "the certificate is renewed by itself",
    why: "certificates of Let's Encrypt are valid for 90 days at most; one that nobody renews ends on a day that nobody chose",
    manual: "For a certificate below /etc/letsencrypt: its entry in renewal/, and certbot's timer of systemd or its entry of cron.",
    see: &["https://eff-certbot.readthedocs.io/en/stable/using.html#automated-renewals"],
    needs: &[],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(renewal) = &seen(&facts.tls)?.renewal else {
        return Ok(Verdict::Irrelevant);
    };
    let name = &renewal.name;
    let problem = match (&renewal.runner, renewal.known) {
        (Some(runner), true) => {
            return Ok(Verdict::Good(format!(
                "certbot renews {name}, run by {runner}"
            )));
        }
        (_, false) => {
            let fix = Fix::by_hand(format!(
                "let certbot get it anew: `certbot --nginx --cert-name {name}`"
            ));
            Problem::warning(
                format!(
                    "certbot does not know how to renew {name}: renewal/{name}.conf is not there"
                ),
                fix,
            )
        }
        (None, true) => {
            let fix = Fix::by_hand(
                "let systemd run it: `systemctl enable --now certbot.timer`, or cron: `0 3 * * * certbot renew -q`",
            );
            Problem::warning(
                format!(
                    "nothing runs `certbot renew` for {name}: neither a timer of systemd nor an entry of cron"
                ),
                fix,
            )
        }
    };
    Ok(Verdict::Bad(vec![problem]))
}
