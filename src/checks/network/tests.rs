//! Subnets, and what is said of networks that this machine cannot be made to have.

use super::Subnet;

fn subnet(text: &str) -> Subnet {
    text.parse().expect(text)
}

#[test]
fn subnets_share_addresses_or_not() {
    let overlap = |a: &str, b: &str| subnet(a).overlaps(subnet(b));
    assert!(overlap("172.17.0.0/16", "172.16.0.0/12"));
    assert!(overlap("10.0.0.0/8", "10.8.0.7/32"));
    assert!(!overlap("172.17.0.0/16", "172.18.0.0/16"));
    assert!(!overlap("192.168.0.0/20", "192.168.16.0/20"));
    assert!(overlap("0.0.0.0/0", "192.0.2.0/24"));
    assert!(subnet("0.0.0.0/0").is_everything());
    assert_eq!(subnet("172.17.3.4/16").to_string(), "172.17.0.0/16");
    for wrong in ["172.17.0.0", "172.17.0.0/33", "fd00::/8", "x/8"] {
        assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
    }
}

#[test]
fn a_pool_is_cut_into_networks() {
    let parts = |pool: &str, prefix| {
        let parts = subnet(pool).parts(prefix);
        parts.map(|part| part.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(parts("172.28.0.0/14", 16).len(), 4);
    assert_eq!(parts("172.28.0.0/14", 16)[3], "172.31.0.0/16");
    assert_eq!(parts("192.168.0.0/16", 20).len(), 16);
    assert_eq!(parts("192.168.0.0/16", 20)[15], "192.168.240.0/20");
    assert_eq!(parts("10.0.0.0/24", 16), [""; 0]);
}
