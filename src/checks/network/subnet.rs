//! IPv4 subnets: their text, and whether two share addresses.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// `172.17.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    first: u32,
    prefix: u8,
}

impl Subnet {
    /// The subnet of an address; `None` for a prefix beyond 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        (prefix <= 32).then(|| Self {
            first: u32::from(address) & mask(prefix),
            prefix,
        })
    }

    /// Whether it is everywhere, as a default route is.
    pub fn is_everything(self) -> bool {
        self.prefix == 0
    }

    /// Whether any address is in both.
    pub fn overlaps(self, other: Self) -> bool {
        let wider = mask(self.prefix.min(other.prefix));
        self.first & wider == other.first & wider
    }

    /// The subnets of a longer prefix in it; none if the prefix is shorter than its own.
    pub fn parts(self, prefix: u8) -> impl Iterator<Item = Self> {
        let more = prefix.min(32).checked_sub(self.prefix);
        let count = more.map_or(0, |more| 1_u64 << more);
        (0..count).map(move |index| {
            let offset = index << (32 - prefix.min(32));
            // Within the subnet, so within 32 bits.
            let first = u64::from(self.first) | offset;
            Self {
                first: u32::try_from(first).unwrap_or(self.first),
                prefix: prefix.min(32),
            }
        })
    }
}

fn mask(prefix: u8) -> u32 {
    match prefix {
        0 => 0,
        prefix => u32::MAX << (32 - prefix),
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = text.split_once('/').ok_or(())?;
        let address = address.parse().map_err(|_| ())?;
        Self::new(address, prefix.parse().map_err(|_| ())?).ok_or(())
    }
}
