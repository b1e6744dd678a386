//! A small archive is cut at every byte, and every bit of it is flipped, however it is packed: nothing passes unseen.

use std::io::Cursor;

use atlas_backup::Kind;
use atlas_backup::archive::{Checked, check};
use atlas_backup::codec::{self, Compression, Encryption, Identity};
use atlas_backup::progress::Silent;

use crate::packed::{pack, sha256, unpack};
use crate::sample::{document, header, metadata, text};

/// A key that the world knows, from age's own test vectors.
const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

/// Two collections, a view, three documents.
fn small() -> Vec<u8> {
    let list = [
        metadata("shop", "orders", "collection"),
        metadata("shop", "users", "collection"),
        metadata("shop", "view", "view"),
    ];
    let mut writer = atlas_backup::archive::Writer::new(Vec::new(), &header(2), &list).unwrap();
    for (namespace, name) in [(0, "one"), (1, "two"), (0, "three")] {
        let one = document(&[(0x10, "_id", vec![7; 4]), (2, "name", text(name))]);
        writer.documents(namespace, None, &one, 1).unwrap();
    }
    (0..3).for_each(|namespace| writer.end(namespace).unwrap());
    writer.finish().unwrap().1
}

fn identity() -> Identity {
    Identity::Keys(vec![SECRET.to_owned()])
}

fn packings() -> Vec<(&'static str, Vec<u8>)> {
    let small = small();
    let keys = Encryption::Recipients(vec![PUBLIC.to_owned()]);
    vec![
        ("plain", pack(&small, Compression::None, &Encryption::None)),
        ("gzip", pack(&small, Compression::GZIP, &Encryption::None)),
        ("zstd", pack(&small, Compression::ZSTD, &Encryption::None)),
        ("age", pack(&small, Compression::ZSTD, &keys)),
    ]
}

fn verify(packed: &[u8]) -> Result<Checked, atlas_backup::Error> {
    let input = codec::open(Box::new(Cursor::new(packed.to_vec())), &identity(), 1)?;
    check(input, &Silent)
}

#[test]
fn a_cut_at_any_byte_is_seen() {
    for (name, packed) in packings() {
        assert!(verify(&packed).is_ok(), "{name}");
        for length in 0..packed.len() {
            let error = verify(&packed[..length]).expect_err(name);
            assert_eq!(error.kind, Kind::Damaged, "{name} at {length}: {error}");
        }
    }
}

/// Who saw it, of all flips.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// The decoder, before the archive.
    codec: usize,
    /// The archive's own rules and CRCs.
    archive: usize,
    /// Only the hash that is recorded beside: nothing that is restored differs.
    hash: usize,
}

#[test]
fn a_flip_of_any_bit_is_seen() {
    let small = small();
    for (name, packed) in packings() {
        let recorded = sha256(&packed);
        let good = verify(&packed).unwrap();
        let mut seen = Seen::default();
        for place in 0..packed.len() * 8 {
            let mut flipped = packed.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            assert_ne!(sha256(&flipped), recorded);
            match verify(&flipped) {
                Err(error) if error.subject == "input" => seen.codec += 1,
                Err(_) => seen.archive += 1,
                Ok(found) => {
                    seen.hash += 1;
                    let counts = |checked: &Checked| {
                        let counts = checked.namespaces.iter().map(|(_, closed)| *closed);
                        counts.collect::<Vec<_>>()
                    };
                    assert_eq!(counts(&found), counts(&good), "{name} {place}");
                    // A plain archive guards its documents by CRCs, but not its prelude: there the hash must.
                    if name != "plain" {
                        let (bytes, _) = unpack(&flipped, &identity()).unwrap();
                        assert_eq!(bytes, small, "{name} {place}");
                    }
                }
            }
        }
        println!("{name}: {} bits, {seen:?}", packed.len() * 8);
        assert_eq!(seen.codec + seen.archive + seen.hash, packed.len() * 8);
    }
}
