//! `atlas render nginx` before a real nginx, of Debian 12 and the newest: what it takes, how it serves, what judges say.

mod http3;
mod inside;
mod judged;
mod limits;
mod live;
mod rendered;
mod server;
mod stack;

use std::path::PathBuf;

/// The two nginxes, or a loud notice. Their absence is an error where the real parts are required.
fn programs() -> Vec<PathBuf> {
    let named = ["ATLAS_TEST_NGINX", "ATLAS_TEST_NGINX_NEWEST"];
    let found: Vec<PathBuf> = { named.iter() }
        .filter_map(|name| std::env::var_os(name).map(PathBuf::from))
        .collect();
    if found.len() < named.len() {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "no nginx: `tests/parts/provision nginx`"
        );
        eprintln!("SKIPPED: no nginx; `tests/parts/provision nginx` provides it");
        return Vec::new();
    }
    found
}
