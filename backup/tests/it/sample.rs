//! Archives made of a seed: every type of BSON, odd names, empty collections, documents small and big. The same seed makes the
//! same archive. Written by hand, not by what is tested.

use atlas_backup::archive::{Closed, Header, Metadata, Writer};

/// Xorshift64*: good enough to choose with.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    pub(crate) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number() as u8).collect()
    }
}

/// The numbers of all types, deprecated ones too.
pub(crate) const TYPES: [u8; 21] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10,
    0x11, 0x12, 0x13, 0x7f, 0xff,
];

/// A document of elements: type, name, value.
pub(crate) fn document(elements: &[(u8, &str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    for (kind, name, value) in elements {
        bytes.push(*kind);
        bytes.extend(name.as_bytes());
        bytes.push(0);
        bytes.extend(value);
    }
    bytes.push(0);
    let length = (bytes.len() as i32).to_le_bytes();
    bytes[..4].copy_from_slice(&length);
    bytes
}

/// The value of a text.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as i32 + 1).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes.push(0);
    bytes
}

/// A value of a type.
pub(crate) fn value(random: &mut Random, kind: u8, depth: usize) -> Vec<u8> {
    const TEXTS: [&str; 4] = ["", "plain", "Zürich \u{1f980}", "a\0b"];
    match kind {
        0x01 | 0x09 | 0x11 | 0x12 => random.bytes(8),
        0x02 | 0x0d | 0x0e => text(TEXTS[random.below(4)]),
        0x03 | 0x04 => nested(random, depth + 1),
        0x05 => {
            let length = random.below(40);
            let mut bytes = (length as i32).to_le_bytes().to_vec();
            bytes.push(*random.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x80]));
            bytes.extend(random.bytes(length));
            bytes
        }
        0x07 => random.bytes(12),
        0x08 => vec![random.below(2) as u8],
        0x0b => b"^a.*b$\0imx\0".to_vec(),
        0x0c => [text("shop.orders"), random.bytes(12)].concat(),
        0x0f => {
            let inner = [text("return x"), nested(random, depth + 1)].concat();
            let length = inner.len() as i32 + 4;
            [length.to_le_bytes().to_vec(), inner].concat()
        }
        0x10 => random.bytes(4),
        0x13 => random.bytes(16),
        _ => Vec::new(),
    }
}

fn nested(random: &mut Random, depth: usize) -> Vec<u8> {
    const NAMES: [&str; 6] = [
        "_id",
        "",
        "a",
        "ключ",
        "$odd.name",
        "a longer name than most",
    ];
    let count = if depth > 4 { 0 } else { random.below(8) };
    let elements: Vec<_> = (0..count)
        .map(|_| {
            let kind = *random.pick(&TYPES);
            (kind, *random.pick(&NAMES), value(random, kind, depth))
        })
        .collect();
    document(&elements)
}

/// A whole archive, and what is in it.
pub(crate) struct Sample {
    pub(crate) bytes: Vec<u8>,
    pub(crate) namespaces: Vec<(Metadata, Closed)>,
}

pub(crate) fn header(open: usize) -> Header {
    Header {
        concurrent_collections: open as i32,
        version: "0.1".to_owned(),
        server_version: "7.0.14".to_owned(),
        tool_version: "100.10.0".to_owned(),
    }
}

pub(crate) fn metadata(db: &str, collection: &str, kind: &str) -> Metadata {
    let json = format!(
        r#"{{"indexes":[{{"v":{{"$numberInt":"2"}},"key":{{"_id":{{"$numberInt":"1"}}}},"name":"_id_"}}],"collectionName":{collection:?},"type":"{kind}"}}"#
    );
    Metadata {
        db: db.to_owned(),
        collection: collection.to_owned(),
        // Rust's way to quote is not that of JSON for all of the odd names.
        metadata: json.replace("\\u{", "u{").replace("\\'", "'"),
        size: 0,
        kind: kind.to_owned(),
    }
}

/// An archive of a seed.
pub(crate) fn archive(seed: u64) -> Sample {
    let mut random = Random::new(seed);
    let mut list = vec![metadata("admin", "system.users", "collection")];
    const NAMES: [&str; 9] = [
        "orders",
        "a.b.c",
        "with space",
        "Ünïcödé \u{1f980}",
        "%24x",
        "\"quoted\"",
        "line\nbreak",
        "system.js",
        "x",
    ];
    for (index, name) in NAMES.iter().enumerate() {
        let kind = *random.pick(&["collection", "collection", "view", "timeseries", ""]);
        if random.below(3) > 0 {
            let db = *random.pick(&["shop", "Übersicht", "s"]);
            list.push(metadata(
                db,
                &format!("{name}{}", "y".repeat(index * 20)),
                kind,
            ));
        }
    }
    let oplog = random.below(3) == 0;
    if oplog {
        let mut last = metadata("", "oplog", "");
        last.metadata.clear();
        list.push(last);
    }
    let mut writer = Writer::new(Vec::new(), &header(list.len()), &list).unwrap();
    let mut open: Vec<usize> = (0..list.len() - usize::from(oplog)).collect();
    while !open.is_empty() {
        let place = random.below(open.len());
        if random.below(3) == 0 {
            writer.end(open.swap_remove(place)).unwrap();
        } else {
            block(&mut random, &mut writer, &list, open[place]);
        }
    }
    if oplog {
        block(&mut random, &mut writer, &list, list.len() - 1);
        writer.end(list.len() - 1).unwrap();
    }
    let (closed, bytes) = writer.finish().unwrap();
    Sample {
        bytes,
        namespaces: list.into_iter().zip(closed).collect(),
    }
}

/// A block of some documents; views have none.
fn block(random: &mut Random, writer: &mut Writer<Vec<u8>>, list: &[Metadata], place: usize) {
    let metadata = &list[place];
    let buckets = format!("system.buckets.{}", metadata.collection);
    let body = (metadata.kind == "timeseries").then_some(buckets.as_str());
    let count = match metadata.kind.as_str() {
        "view" => 0,
        _ => random.below(6),
    };
    let mut documents: Vec<_> = (0..count).map(|_| nested(random, 0)).collect();
    if random.below(60) == 0 && metadata.kind != "view" {
        let long = "x".repeat(1 + random.below(2 << 20));
        documents.push(document(&[(2, "long", text(&long))]));
    }
    let count = documents.len() as u64;
    writer
        .documents(place, body, &documents.concat(), count)
        .unwrap();
}
