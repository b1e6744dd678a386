//! What this machine knows of networks: its routes, the way out, its own name.

use std::net::Ipv4Addr;
use std::path::Path;

use crate::checks::network::{Route, Subnet};
use crate::checks::{Known, Unknown};

fn text(root: &Path, path: &str) -> Known<String> {
    let path = root.join(path);
    let text = std::fs::read_to_string(&path);
    text.map_err(|cause| Unknown::Unseen(format!("{}: {cause}", path.display())))
}

/// `/proc/net/route`: addresses are hexadecimal in the machine's order of bytes, which is little-endian wherever Docker runs.
pub(super) fn all(root: &Path) -> Known<Vec<Route>> {
    let table = text(root, "proc/net/route")?;
    let routes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let address = |index: usize| {
            let number = u32::from_str_radix(fields.get(index)?, 16).ok()?;
            Some(Ipv4Addr::from(number.swap_bytes()))
        };
        let prefix = u32::from(address(7)?).leading_ones();
        Some(Route {
            device: (*fields.first()?).to_owned(),
            subnet: Subnet::new(address(1)?, u8::try_from(prefix).ok()?)?,
        })
    });
    Ok(routes.collect())
}

/// The device of the default route, and its MTU.
pub(super) fn uplink(root: &Path) -> Known<Option<(String, u32)>> {
    let routes = all(root)?;
    let Some(route) = routes
        .into_iter()
        .find(|route| route.subnet.is_everything())
    else {
        return Ok(None);
    };
    let mtu = text(root, &format!("sys/class/net/{}/mtu", route.device))?;
    let mtu = mtu.trim().parse();
    let mtu =
        mtu.map_err(|_| Unknown::Unseen(format!("the MTU of {} is no number", route.device)))?;
    Ok(Some((route.device, mtu)))
}

/// The addresses that `/etc/hosts` has for `localhost` (hosts(5)).
pub(super) fn localhost(root: &Path) -> Known<Vec<String>> {
    let hosts = text(root, "etc/hosts")?;
    let lines = hosts.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?;
        words
            .any(|name| name == "localhost")
            .then(|| address.to_owned())
    });
    Ok(lines.collect())
}
