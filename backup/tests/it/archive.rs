//! Archives are what mongodump writes, byte for byte; what mongodump would not write is refused, with its place.

use atlas_backup::archive::{
    Closed, Item, LONGEST, MAGIC, Metadata, Reader, Writer, check, document,
};
use atlas_backup::codec::{self, Encryption, Identity};
use atlas_backup::progress::Silent;

use crate::packed::{ALL, pack};
use crate::sample::{self, Random, document as bson, header, metadata, text};

const TERM: [u8; 4] = [0xff; 4];

/// The head of a block.
fn head(db: &str, collection: &str, end: Option<u64>) -> Vec<u8> {
    bson(&[
        (2, "db", text(db)),
        (2, "collection", text(collection)),
        (8, "EOF", vec![end.is_some().into()]),
        (0x12, "CRC", end.unwrap_or_default().to_le_bytes().to_vec()),
    ])
}

/// The prelude of an archive with one collection `shop.orders`, and what follows it.
fn archive(blocks: &[&[u8]]) -> Vec<u8> {
    let list = [metadata("shop", "orders", "collection")];
    prelude(&list, blocks)
}

fn prelude(list: &[Metadata], blocks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(bson(&[
        (0x10, "concurrent_collections", 4_i32.to_le_bytes().to_vec()),
        (2, "version", text("0.1")),
        (2, "server_version", text("7.0.14")),
        (2, "tool_version", text("100.10.0")),
    ]));
    for one in list {
        bytes.extend(bson(&[
            (2, "db", text(&one.db)),
            (2, "collection", text(&one.collection)),
            (2, "metadata", text(&one.metadata)),
            (0x10, "size", vec![0; 4]),
            (2, "type", text(&one.kind)),
        ]));
    }
    bytes.extend(TERM);
    blocks.iter().for_each(|block| bytes.extend(*block));
    bytes
}

/// Why it is refused.
fn refused(bytes: &[u8]) -> String {
    let error = check(bytes, &Silent).unwrap_err();
    assert_eq!(error.kind, atlas_backup::Kind::Damaged);
    error.to_string()
}

/// `{_id: "featureCompatibilityVersion", version: "3.4"}`
fn version() -> Vec<u8> {
    let id = text("featureCompatibilityVersion");
    bson(&[(2, "_id", id), (2, "version", text("3.4"))])
}

/// `{_id: ObjectId("58ffb124b721bc6c3234333c"), foo: "bar"}`
fn bar() -> Vec<u8> {
    let id = b"\x58\xff\xb1\x24\xb7\x21\xbc\x6c\x32\x34\x33\x3c";
    bson(&[(7, "_id", id.to_vec()), (2, "foo", text("bar"))])
}

/// The archive of mongo-tools' own tests (`._test.bar.archive`, made by 3.4.3) has these documents and these CRCs.
#[test]
fn an_archive_of_old_tools_is_read() {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(bson(&[
        (0x10, "concurrent_collections", 4_i32.to_le_bytes().to_vec()),
        (2, "version", text("0.1")),
        (2, "server_version", text("3.4.3")),
        (2, "tool_version", text("r3.4.3")),
    ]));
    assert_eq!(bytes.len() - 4, 0x65);
    for (db, collection) in [("test", "bar"), ("admin", "system.version")] {
        bytes.extend(bson(&[
            (2, "db", text(db)),
            (2, "collection", text(collection)),
            (
                2,
                "metadata",
                text(r#"{"options":{},"indexes":[{"v":2,"key":{"_id":1},"name":"_id_"}]}"#),
            ),
            (0x10, "size", vec![0; 4]),
        ]));
    }
    bytes.extend(TERM);
    let (first, second) = (version(), bar());
    assert_eq!((first.len(), second.len()), (59, 35));
    bytes.extend([head("admin", "system.version", None), first, TERM.to_vec()].concat());
    bytes.extend(
        [
            head("admin", "system.version", Some(0xf685_812f_d02a_263e)),
            TERM.to_vec(),
        ]
        .concat(),
    );
    let block = head("test", "bar", None);
    assert_eq!(
        block,
        b"\x39\0\0\0\x02db\0\x05\0\0\0test\0\x02collection\0\x04\0\0\0bar\0\x08EOF\0\0\x12CRC\0\0\0\0\0\0\0\0\0\0"
    );
    bytes.extend([block, second, TERM.to_vec()].concat());
    bytes.extend(
        [
            head("test", "bar", Some(0x9369_f0f3_5bec_50d9)),
            TERM.to_vec(),
        ]
        .concat(),
    );

    let checked = check(&bytes[..], &Silent).unwrap();
    assert_eq!(checked.header.tool_version, "r3.4.3");
    let found: Vec<_> = checked
        .namespaces
        .iter()
        .map(|(one, closed)| {
            (
                one.namespace(),
                one.kind.as_str(),
                closed.documents,
                closed.bytes,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("test.bar".to_owned(), "", 1, 35),
            ("admin.system.version".to_owned(), "", 1, 59)
        ]
    );
}

#[test]
fn what_is_written_is_the_format_byte_for_byte() {
    let list = [
        metadata("shop", "orders", "collection"),
        metadata("shop", "sensors", "timeseries"),
        metadata("shop", "view", "view"),
    ];
    let mut writer = Writer::new(Vec::new(), &header(4), &list).unwrap();
    let (one, two) = (bar(), version());
    writer.documents(0, None, &one, 1).unwrap();
    writer
        .documents(1, Some("system.buckets.sensors"), &two, 1)
        .unwrap();
    writer.end(1).unwrap();
    writer.end(2).unwrap();
    writer.end(0).unwrap();
    let (closed, bytes) = writer.finish().unwrap();
    let crcs = [0x9369_f0f3_5bec_50d9, 0xf685_812f_d02a_263e, 0];
    assert_eq!(closed.iter().map(|one| one.crc).collect::<Vec<_>>(), crcs);
    let expected = prelude(
        &list,
        &[
            &head("shop", "orders", None),
            &one,
            &TERM,
            &head("shop", "system.buckets.sensors", None),
            &two,
            &TERM,
            &head("shop", "system.buckets.sensors", Some(crcs[1])),
            &TERM,
            &head("shop", "view", Some(0)),
            &TERM,
            &head("shop", "orders", Some(crcs[0])),
            &TERM,
        ],
    );
    assert_eq!(bytes, expected);
}

#[test]
fn a_writer_refuses_what_mongorestore_would_hang_on() {
    let list = [
        metadata("shop", "a", "collection"),
        metadata("shop", "b", "collection"),
    ];
    let mut writer = Writer::new(Vec::new(), &header(1), &list).unwrap();
    writer.documents(0, None, &bar(), 1).unwrap();
    let error = writer.documents(1, None, &bar(), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to write `shop.b`: more than 1 are open at once"
    );
    writer.end(0).unwrap();
    let error = writer.end(0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to write `shop.a`: it was ended before"
    );
    let error = writer.finish().map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to write `shop.b`: it was not ended"
    );
}

#[test]
fn what_breaks_the_grammar_is_refused_with_its_place() {
    let crc = 0x9369_f0f3_5bec_50d9;
    let (open, document, end) = (
        head("shop", "orders", None),
        bar(),
        head("shop", "orders", Some(crc)),
    );
    let (open, document, end, term) = (&open[..], &document[..], &end[..], &TERM[..]);
    let start = archive(&[]).len();
    let whole = archive(&[open, document, term, end, term]);
    assert!(check(&whole[..], &Silent).is_ok());
    let (size, data) = (whole.len(), open.len() + document.len());

    let cases: [(&[&[u8]], String); 10] = [
        (
            &[],
            "failed to read `shop.orders`: the archive ends before its end".to_owned(),
        ),
        (
            &[open, document, term],
            "failed to read `shop.orders`: the archive ends before its end".to_owned(),
        ),
        (
            &[open, document],
            format!(
                "failed to read `shop.orders`: it is cut short at byte {}",
                start + data
            ),
        ),
        (
            &[open, term, end, term],
            format!(
                "failed to read `shop.orders`: its CRC is 0000000000000000 and should be 9369f0f35bec50d9, at byte {}",
                start + open.len() + 4
            ),
        ),
        (
            &[open, document, term, end, document, term],
            format!(
                "failed to read `shop.orders`: documents follow its end, at byte {}",
                start + data + 4
            ),
        ),
        (
            &[open, document, term, end, term, open, document, term],
            format!("failed to read `shop.orders`: it goes on after its end, at byte {size}"),
        ),
        (
            &[open, document, term, term],
            format!(
                "failed to read `archive`: a block has no head, before byte {}",
                start + data + 8
            ),
        ),
        (
            &[&head("shop", "other", None), term],
            format!(
                "failed to read `shop.other`: it is not listed in the prelude, at byte {start}"
            ),
        ),
        (
            &[document, term],
            format!(
                "failed to read `archive`: the head of a block has a wrong field `_id`, at byte {start}"
            ),
        ),
        (
            &[open, &[4, 0, 0, 0], term],
            format!(
                "failed to read `shop.orders`: a document cannot be 4 bytes long, at byte {}",
                start + open.len()
            ),
        ),
    ];
    for (blocks, expected) in cases {
        assert_eq!(refused(&archive(blocks)), expected);
    }
}

#[test]
fn what_is_wrong_in_the_prelude_is_refused() {
    assert_eq!(
        refused(b""),
        "failed to read `archive`: it is cut short at byte 0"
    );
    assert_eq!(
        refused(b"PK\x03\x04"),
        "failed to read `archive`: it is not a mongodump archive"
    );
    let one = metadata("shop", "orders", "collection");
    let twice = prelude(&[one.clone(), one.clone()], &[]);
    let place = twice.len() - 4;
    assert_eq!(
        refused(&twice),
        format!("failed to read `archive`: `shop.orders` is listed twice, before byte {place}")
    );
    let mut broken = one;
    broken.metadata = r#"{"indexes":[{"key":{"a"":1}}]}"#.to_owned();
    let begin = prelude(&[], &[]).len() - 4;
    assert_eq!(
        refused(&prelude(&[broken], &[])),
        format!(
            "failed to read `archive`: metadata of `shop.orders`: it is not JSON: expected `:` at line 1 column 24, at byte {begin}"
        )
    );
}

#[test]
fn the_oplog_comes_last() {
    let mut oplog = metadata("", "oplog", "");
    oplog.metadata.clear();
    let list = [metadata("shop", "orders", "collection"), oplog];
    let bytes = prelude(&list, &[&head("", "oplog", None), &TERM]);
    let begin = prelude(&list, &[]).len();
    assert_eq!(
        refused(&bytes),
        format!(
            "failed to read `oplog`: it begins before the end of `shop.orders`, at byte {begin}"
        )
    );
}

#[test]
fn documents_are_as_long_as_the_server_lets_them_be() {
    let list = [metadata("shop", "orders", "collection")];
    let filler = |length: usize| bson(&[(2, "x", text(&"y".repeat(length - 13)))]);
    let mut writer = Writer::new(Vec::new(), &header(1), &list).unwrap();
    let longest = filler(LONGEST);
    assert_eq!(longest.len(), LONGEST);
    writer.documents(0, None, &longest, 1).unwrap();
    writer.end(0).unwrap();
    let (closed, bytes) = writer.finish().unwrap();
    let checked = check(&bytes[..], &Silent).unwrap();
    assert_eq!(checked.namespaces, [(list[0].clone(), closed[0])]);

    let longer = [head("shop", "orders", None), filler(LONGEST + 1)].concat();
    let begin = archive(&[]).len() + head("shop", "orders", None).len();
    assert_eq!(
        refused(&archive(&[&longer])),
        format!(
            "failed to read `shop.orders`: a document cannot be 16793601 bytes long, at byte {begin}"
        )
    );
}

#[test]
fn items_hold_all_documents_in_order() {
    for seed in 0..20 {
        let sample = sample::archive(seed);
        let mut reader = Reader::new(&sample.bytes[..]).unwrap();
        let mut found = vec![Closed::default(); sample.namespaces.len()];
        let mut bodies = vec![Vec::new(); sample.namespaces.len()];
        while let Some(item) = reader.next().unwrap() {
            match item {
                Item::Documents {
                    namespace,
                    documents,
                    count,
                } => {
                    assert!(count > 0);
                    found[namespace].documents += count;
                    bodies[namespace].extend(documents);
                }
                Item::End {
                    namespace,
                    documents,
                    bytes,
                    crc,
                } => {
                    assert_eq!(found[namespace].documents, documents);
                    assert_eq!(bodies[namespace].len() as u64, bytes);
                    found[namespace] = Closed {
                        documents,
                        bytes,
                        crc,
                    };
                }
            }
        }
        let expected: Vec<_> = sample
            .namespaces
            .iter()
            .map(|(_, closed)| *closed)
            .collect();
        assert_eq!(found, expected);
    }
}

/// No false alarms.
#[test]
fn a_thousand_good_archives_are_good() {
    for seed in 0..1000 {
        let sample = sample::archive(seed);
        let compression = ALL[seed as usize % 3];
        let packed = pack(&sample.bytes, compression, &Encryption::None);
        let from = Box::new(std::io::Cursor::new(packed));
        let input = codec::open(from, &Identity::None, 1 + seed as usize % 3).unwrap();
        let checked = check(input, &Silent).unwrap_or_else(|error| panic!("{seed}: {error}"));
        assert_eq!(checked.namespaces, sample.namespaces);
    }
}

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
