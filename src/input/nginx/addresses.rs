//! Lists of networks as Cloudflare publishes them: one network a line, nothing else. Owns which ones can be believed to be networks of a
//! proxy on the internet: whoever is on the list says who the client is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::diagnostic::{Diagnostic, Position};
use crate::error::cause;
use crate::input::Inputs;

/// Larger networks than any proxy has: `0.0.0.0/0` is everybody.
const WIDEST: [u8; 2] = [8, 16];
/// Problems of one list that are worth showing: a page of HTML has one in each line.
const SHOWN: usize = 5;

/// Networks that are nobody's on the internet (IANA's special-purpose registries).
const SPECIAL: [(Ipv4Addr, u8); 13] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// What is wrong with a list: in which line, if it is one.
pub(crate) type Fault = (usize, String);

/// The networks of a list, sorted, IPv4 first; or every fault of it.
///
/// # Errors
/// A line that is no network, or none of the internet; a family that is missing.
pub(crate) fn parse(text: &str) -> Result<Vec<String>, Vec<Fault>> {
    let (mut networks, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match network(line) {
            Ok(network) => networks.push(network),
            Err(why) => {
                let shown: String = line.chars().take(40).collect();
                faults.push((index + 1, format!("`{shown}` {why}")));
            }
        }
    }
    let sound = faults.is_empty();
    for (family, is_of) in [("IPv4", true), ("IPv6", false)] {
        if sound
            && !networks
                .iter()
                .any(|(address, _)| address.is_ipv4() == is_of)
        {
            faults.push((0, format!("no network of {family} is listed")));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    networks.sort_unstable();
    networks.dedup();
    Ok(networks
        .into_iter()
        .map(|(address, length)| format!("{address}/{length}"))
        .collect())
}

fn network(line: &str) -> Result<(IpAddr, u8), &'static str> {
    let (address, length) = line
        .split_once('/')
        .and_then(|(address, length)| Some((address.parse().ok()?, number(length)?)))
        .ok_or("is no network such as `198.41.128.0/17`")?;
    match address {
        IpAddr::V4(v4) => ipv4(v4, length)?,
        IpAddr::V6(v6) => ipv6(v6, length)?,
    }
    Ok((address, length))
}

/// Digits alone: `+8` and `08` are read as numbers elsewhere.
fn number(text: &str) -> Option<u8> {
    let plain =
        text.bytes().all(|b| b.is_ascii_digit()) && !(text.len() > 1 && text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn ipv4(address: Ipv4Addr, length: u8) -> Result<(), &'static str> {
    if length > 32 {
        return Err("is no network such as `198.41.128.0/17`");
    }
    if length < WIDEST[0] {
        return Err("is wider than any proxy's network");
    }
    let mask = |length: u8| u32::MAX << (32 - u32::from(length));
    let bits = address.to_bits();
    if bits & !mask(length) != 0 {
        return Err("is an address within a network, not the network");
    }
    let meets = |(other, theirs): &(Ipv4Addr, u8)| {
        let common = mask(length.min(*theirs));
        bits & common == other.to_bits() & common
    };
    match SPECIAL.iter().any(meets) {
        true => Err("is not on the internet"),
        false => Ok(()),
    }
}

fn ipv6(address: Ipv6Addr, length: u8) -> Result<(), &'static str> {
    if length > 128 {
        return Err("is no network such as `2606:4700::/32`");
    }
    if length < WIDEST[1] {
        return Err("is wider than any proxy's network");
    }
    let bits = address.to_bits();
    if bits & !(u128::MAX << (128 - u32::from(length))) != 0 {
        return Err("is an address within a network, not the network");
    }
    // Global unicast is 2000::/3; within it, 2001:db8::/32 is for documents.
    let documents = bits >> 96 == 0x2001_0db8;
    match bits >> 125 == 1 && !documents {
        true => Ok(()),
        false => Err("is not on the internet"),
    }
}

impl Inputs {
    /// Reads the list that `nginx.cloudflare.addresses` names.
    pub(in crate::input) fn read_addresses(&mut self, directory: &std::path::Path) {
        let Some(file) = self.project.nginx.addresses.clone() else {
            return;
        };
        let shown = file.value.display().to_string();
        let text = match std::fs::read_to_string(directory.join(&file.value)) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("failed to read the file `{shown}`: {}", cause(&error));
                let problem = Diagnostic::error(message)
                    .at(self.project.file.clone(), file.position)
                    .key("nginx.cloudflare.addresses")
                    .hint("the path is relative to the project directory");
                return self.problems.push(problem);
            }
        };
        match parse(&text) {
            Ok(networks) => self.project.nginx.networks = networks,
            Err(faults) => {
                let more = faults.len().saturating_sub(SHOWN);
                for (line, message) in faults.into_iter().take(SHOWN) {
                    let position = match line {
                        0 => Position::default(),
                        line => Position { line, column: 1 },
                    };
                    let problem = Diagnostic::error(message).at(shown.clone(), position);
                    self.problems.push(problem);
                }
                if more > 0 {
                    let problem = Diagnostic::error(format!("{more} more lines are no networks"));
                    self.problems.push(problem.at(shown, Position::default()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let faults = parse(text).expect_err("faults");
        { faults.into_iter() }
            .map(|(line, why)| format!("{line}: {why}"))
            .collect()
    }

    #[test]
    fn networks_are_sorted_and_each_is_listed_once() {
        let text = "2606:4700:0::/32\n\n198.41.128.0/17\r\n104.16.0.0/13\n198.41.128.0/17";
        assert_eq!(
            parse(text),
            Ok(["104.16.0.0/13", "198.41.128.0/17", "2606:4700::/32"]
                .map(str::to_owned)
                .to_vec())
        );
    }

    #[test]
    fn what_is_no_network_of_a_proxy_is_refused_by_line() {
        let text = "0.0.0.0/0\n10.0.0.0/8\n172.0.0.0/8\n198.41.128.1/17\n198.41.128.0\n198.41.128.0/33\n::/0\n2001:db8::/32\nfd00::/16\n\
                    2606:4700::1/32\n<html>\n198.41.128.0/17; return 200\n198.41.128.0/+17\n";
        assert_eq!(
            faults(text),
            [
                "1: `0.0.0.0/0` is wider than any proxy's network",
                "2: `10.0.0.0/8` is not on the internet",
                "3: `172.0.0.0/8` is not on the internet",
                "4: `198.41.128.1/17` is an address within a network, not the network",
                "5: `198.41.128.0` is no network such as `198.41.128.0/17`",
                "6: `198.41.128.0/33` is no network such as `198.41.128.0/17`",
                "7: `::/0` is wider than any proxy's network",
                "8: `2001:db8::/32` is not on the internet",
                "9: `fd00::/16` is not on the internet",
                "10: `2606:4700::1/32` is an address within a network, not the network",
                "11: `<html>` is no network such as `198.41.128.0/17`",
                "12: `198.41.128.0/17; return 200` is no network such as `198.41.128.0/17`",
                "13: `198.41.128.0/+17` is no network such as `198.41.128.0/17`",
            ]
        );
    }

    #[test]
    fn both_families_are_needed() {
        assert_eq!(
            faults("198.41.128.0/17\n"),
            ["0: no network of IPv6 is listed"]
        );
        assert_eq!(
            faults(""),
            [
                "0: no network of IPv4 is listed",
                "0: no network of IPv6 is listed"
            ]
        );
    }
}
