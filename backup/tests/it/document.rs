//! Documents of every type are walked; each cut of one, and what no document has, is seen.

use atlas_backup::archive::document;

use crate::sample::{self, Random, document as bson};

#[test]
fn every_type_is_walked_and_every_cut_of_it_seen() {
    let mut random = Random::new(1);
    for kind in sample::TYPES {
        let value = sample::value(&mut random, kind, 0);
        let whole = bson(&[(kind, "key", value)]);
        assert_eq!(document::walk(&whole), Ok(()), "type {kind:#x}");
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            assert!(document::walk(&cut).is_err(), "type {kind:#x}");
            // Also when the length says what there is.
            if length >= 5 {
                cut[..4].copy_from_slice(&(length as i32).to_le_bytes());
                cut[length - 1] = 0;
                // Only a value of nothing can be cut off whole.
                assert!(
                    document::walk(&cut).is_err() || length == 5,
                    "type {kind:#x} {length}"
                );
            }
        }
    }
    let wrong = |bytes: Vec<u8>| document::walk(&bytes).unwrap_err();
    assert_eq!(
        wrong(bson(&[(0x14, "a", vec![])])),
        "unknown type of a value at its byte 7"
    );
    assert_eq!(
        wrong(bson(&[(8, "a", vec![2])])),
        "a boolean that is neither at its byte 8"
    );
    assert_eq!(
        wrong(bson(&[(2, "a", vec![0, 0, 0, 0])])),
        "wrong length of a text at its byte 11"
    );
    assert_eq!(
        wrong(bson(&[(2, "a", b"\x02\0\0\0ab".to_vec())])),
        "a text without an end at its byte 13"
    );
    assert_eq!(
        wrong(bson(&[(2, "a", vec![0xff; 4])])),
        "a negative length at its byte 11"
    );
    let deep = |depth: usize| (0..depth).fold(bson(&[]), |inner, _| bson(&[(3, "a", inner)]));
    assert_eq!(document::walk(&deep(250)), Ok(()));
    assert_eq!(wrong(deep(251)), "nested too deep at its byte 1757");
}
