//! The decoder against snapshots written by hand: the shapes of old and new versions that no server at hand writes.

use super::*;
use crate::Kind;

/// A snapshot of one key `k` with this value.
fn snapshot(kind: u8, value: &[u8]) -> Vec<u8> {
    sealed(&[b"REDIS0012\xFE\x00", [kind].as_slice(), b"\x01k", value].concat())
}

/// Adds the end and the checksum.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = [body, b"\xFF"].concat();
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Redis, &bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// A string of the format.
fn string(bytes: &[u8]) -> Vec<u8> {
    [
        &[0x80],
        (bytes.len() as u32).to_be_bytes().as_slice(),
        bytes,
    ]
    .concat()
}

fn reason(bytes: &[u8]) -> String {
    let error = check(bytes).unwrap_err();
    assert_eq!(error.kind, Kind::Damaged);
    error.to_string()
}

#[track_caller]
fn holds(kind: u8, value: &[u8]) {
    let found = check(snapshot(kind, value).as_slice()).unwrap();
    assert_eq!((found.keys, found.expiring, found.checksum), (1, 0, true));
}

#[test]
fn the_checksum_is_the_one_that_redis_tests_with() {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Redis, b"123456789");
    assert_eq!(sum, 0xe9c6_d914_c4b8_d9ca);
}

#[test]
fn keys_and_those_that_expire_are_counted_over_all_databases() {
    let bytes = sealed(
        b"REDIS0011\xFA\x09redis-ver\x057.2.4\xFE\x00\xFB\x02\x01\x00\x01a\xC0\x07\xFC12345678\xF9\x05\x00\x01b\x01x\xFE\x03\xFD1234\xF8\x40\x50\x00\x01c\xC1\x01\x02",
    );
    let found = check(bytes.as_slice()).unwrap();
    assert_eq!(
        found,
        Rdb {
            version: 11,
            keys: 3,
            expiring: 2,
            checksum: true,
            bytes: bytes.len() as u64
        }
    );
}

#[test]
fn a_snapshot_without_a_checksum_says_so() {
    let mut bytes = snapshot(0, b"\x01v");
    let end = bytes.len() - 8;
    bytes[end..].fill(0);
    assert!(!check(bytes.as_slice()).unwrap().checksum);
    // Before version 5 there is none at all.
    assert!(
        !check(b"REDIS0003\xFE\x00\x00\x01k\x01v\xFF".as_slice())
            .unwrap()
            .checksum
    );
}

#[test]
fn hashes_whose_fields_expire() {
    let listpack = string(b"\x0f\0\0\0\x03\0\x81f\x02\x81v\x02\x00\x01\xFF");
    holds(23, &listpack);
    holds(25, &[b"\0\0\0\0\0\0\0\0".as_slice(), &listpack].concat());
    holds(22, b"\x01\x00\x01f\x01v");
    holds(24, b"\0\0\0\0\0\0\0\0\x01\x00\x01f\x01v");
}

#[test]
fn the_packed_shapes_of_old_versions() {
    let ziplist = b"\x11\0\0\0\x0d\0\0\0\x02\0\x00\x01f\x03\xFE\x07\xFF";
    holds(10, &string(ziplist));
    holds(13, &string(ziplist));
    holds(14, &[b"\x01".as_slice(), &string(ziplist)].concat());
    holds(9, &string(b"\x01\x01f\x02\x01ab_\xFF"));
    holds(11, &string(b"\x02\0\0\0\x02\0\0\0\xFF\xFF\x05\x00"));
    holds(3, b"\x02\x01a\x031.5\x01b\xFE");
    holds(7, b"\x81\x00\x00\x00\x00\x00\x00\x00\x01\x02\x05\x04\x00\x00\x00\x00\x00\x00\x00\x00\x05\x01x\x00");
}

#[test]
fn a_compressed_string_is_unpacked() {
    // `aaaaaaaaaa`: one literal, then nine bytes from one back.
    holds(0, b"\xC3\x05\x0A\x00a\xE0\x00\x00");
    let short = snapshot(0, b"\xC3\x05\x0B\x00a\xE0\x00\x00");
    assert_eq!(
        reason(&short),
        "failed to read `redis.rdb`: a compressed string that is shorter than it claims (at byte 22)"
    );
    let before = snapshot(0, b"\xC3\x05\x0A\x00a\xE0\x00\x07");
    assert!(reason(&before).contains("refers to before its start"));
}

#[test]
fn structures_that_do_not_hold_together_are_found_without_a_checksum() {
    for (kind, value, name) in [
        (16, b"\x09\0\0\0\x01\0\x07\x01\xFF".as_slice(), "a listpack"),
        (20, b"\x09\0\0\0\x02\0\x07\x01\xFF", "a listpack"),
        (20, b"\x09\0\0\0\x01\0\x07\x02\xFF", "a listpack"),
        (
            10,
            b"\x11\0\0\0\x0d\0\0\0\x02\0\x00\x01f\x04\xFE\x07\xFF",
            "a ziplist",
        ),
        (11, b"\x02\0\0\0\x02\0\0\0\x05\x00\xFF\xFF", "an intset"),
        (9, b"\x02\x01f\x02\x01ab_\xFF", "a zipmap"),
    ] {
        let bytes = snapshot(kind, &string(value));
        assert!(reason(&bytes).contains(&format!("{name} that does not hold together")));
    }
}

#[test]
fn what_is_no_snapshot_of_a_known_version_is_refused() {
    for (bytes, expected) in [
        (b"".as_slice(), "it is cut off after 0 bytes"),
        (
            b"REDAS0011\xFF",
            "it is not a Redis snapshot: it does not begin with `REDIS` (at byte 5)",
        ),
        (
            b"REDIS0099",
            "format version 99 is not known; versions 1 to 12 are (at byte 9)",
        ),
        (
            b"REDIS00x1",
            "the format version is not a number (at byte 9)",
        ),
        (
            b"REDIS0011\xFE\x00\x1E\x01k",
            "unknown type 30 of a value (at byte 14)",
        ),
        (b"REDIS0011\xF6", "unknown opcode 0xf6 (at byte 10)"),
        (
            b"REDIS0011\xFC12345678\xFF",
            "an attribute without its key (at byte 19)",
        ),
        (
            b"REDIS0003\xFF0",
            "there are bytes after the end (at byte 10)",
        ),
    ] {
        assert_eq!(
            reason(bytes),
            format!("failed to read `redis.rdb`: {expected}")
        );
    }
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    let huge = b"REDIS0011\x00\x01k\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    assert_eq!(
        reason(huge),
        "failed to read `redis.rdb`: it is cut off after 21 bytes"
    );
    let packed = b"REDIS0011\x00\x01k\xC3\x01\x81\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFFx";
    assert!(reason(packed).contains("claims too much"));
}

#[test]
fn an_error_of_the_reader_keeps_its_kind() {
    struct Sealed;
    impl std::io::Read for Sealed {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            let ours = Error::new(
                Kind::WrongKey,
                "open",
                "redis.rdb.age",
                "the key does not open it",
            );
            Err(std::io::Error::other(ours))
        }
    }
    let error = check(Sealed).unwrap_err();
    assert_eq!(error.kind, Kind::WrongKey);
    assert_eq!(
        error.to_string(),
        "failed to open `redis.rdb.age`: the key does not open it"
    );
}
