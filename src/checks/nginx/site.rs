//! Faults of a site that no syntax check sees.

use super::super::facts::{Facts, Unknown};
use super::super::rule::{Fix, Problem, Rule, Verdict};
use super::{Nginx, Site, ours};

pub(super) const FAULTS: Rule = Rule {
    id: "ATLAS-NGX-004",
    title: "nginx's site has no known fault",
    why: "each of these is accepted by nginx and costs connections, hides clients from limits, or keeps answers back",
    manual: "What was measured with the site of the deployment guide: `Connection 'upgrade'` on every request opens a new connection to the gateway \
             each time (30 for 30 requests, 1 with a map); without X-Forwarded-For all clients share one limit; a read timeout of a day keeps dead \
             connections; `proxy_buffering off` is not needed, since the gateway sends `X-Accel-Buffering: no` with streams.",
    see: &[
        "https://nginx.org/en/docs/http/websocket.html",
        "https://nginx.org/en/docs/http/ngx_http_limit_req_module.html",
    ],
    needs: &[],
    cheap: false,
    judge,
};

fn judge(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(nginx) = ours(facts)? else {
        return Ok(Verdict::Irrelevant);
    };
    let problems: Vec<Problem> = nginx
        .sites
        .iter()
        .filter_map(|site| problem(nginx, site))
        .collect();
    Ok(Verdict::of(problems, "none of the known faults is in it"))
}

/// One problem for each site, a line for each fault: they are mended in one edit.
fn problem(nginx: &Nginx, site: &Site) -> Option<Problem> {
    let mut faults: Vec<(String, &str)> = Vec::new();
    if site.always_upgrades {
        let edit = "`map $http_upgrade $connection_upgrade { default \"\"; websocket upgrade; }` and `proxy_set_header Connection $connection_upgrade;`";
        faults.push((
            "sets `Connection: upgrade` on every request".to_owned(),
            edit,
        ));
    }
    if let Some(seconds) = site.long_timeout {
        let text = format!("waits {} hours for every answer", seconds / 3600);
        faults.push((
            text,
            "`proxy_read_timeout` in the location of /api/search/stream alone",
        ));
    }
    if site.unbuffered {
        let text = "turns buffering off for everything";
        faults.push((
            text.to_owned(),
            "no `proxy_buffering off`: streams ask for it themselves",
        ));
    }
    if !site.tells_client {
        let text = "does not tell the gateway who asks: all clients share one limit";
        faults.push((
            text.to_owned(),
            "`proxy_set_header X-Forwarded-For $remote_addr;`",
        ));
    }
    if !nginx.limited {
        let text = "has no limit of requests";
        faults.push((text.to_owned(), "`limit_req_zone $binary_remote_addr zone=atlas:10m rate=10r/s;` and `limit_req zone=atlas burst=20;`"));
    }
    if !nginx.quiet {
        faults.push((
            "tells its version to everybody".to_owned(),
            "`server_tokens off;`",
        ));
    }
    let edits: Vec<&str> = faults.iter().map(|(_, edit)| *edit).collect();
    let fix = Fix::by_hand(format!(
        "write: {}; then `nginx -t` and `nginx -s reload`; or have `atlas render nginx` write all of it",
        edits.join("; ")
    ));
    let mut lines = faults
        .iter()
        .map(|(text, _)| format!("{} {text}", site.place));
    let first = lines.next()?;
    Some(lines.fold(Problem::warning(first, fix), Problem::and))
}
