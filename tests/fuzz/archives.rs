//! Damaged backups: archives as they are, compressed and encrypted, through all decoders.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use atlas_backup::archive::{Header, Item, Metadata, Reader, Writer, check, document};
use atlas_backup::codec::{self, Compression, Encryption, Identity};
use atlas_backup::progress::Silent;

use super::campaign::{Case, campaign};

/// A key that the world knows, from age's own test vectors.
const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

/// A file of a backup.
#[derive(Clone, Default)]
struct File {
    bytes: Vec<u8>,
}

impl Case for File {
    const NAME: &'static str = "archives";
    const FILES: &'static [&'static str] = &["archive"];

    fn parts(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.bytes]
    }

    fn run(&self) {
        let _ = document::walk(&self.bytes);
        let identity = Identity::Keys(vec![SECRET.to_owned()]);
        let from = Box::new(Cursor::new(self.bytes.clone()));
        let Ok(input) = codec::open(from, &identity, 2) else {
            return;
        };
        let Ok(checked) = check(input, &Silent) else {
            return;
        };
        // Who restores it sees the same.
        let from = Box::new(Cursor::new(self.bytes.clone()));
        let input = codec::open(from, &identity, 1).expect("opened before");
        let mut reader = Reader::new(input).expect("read before");
        let mut ended = 0;
        while let Some(item) = reader.next().expect("good before") {
            if let Item::End { namespace, crc, .. } = item {
                assert_eq!(checked.namespaces[namespace].1.crc, crc);
                ended += 1;
            }
        }
        assert_eq!(ended, checked.namespaces.len());
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("whole").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn seed(compression: Compression, encryption: &Encryption) -> File {
    let to = Shared::default();
    let output = codec::Output::new(Box::new(to.clone()), compression, encryption, 1);
    let header = Header {
        concurrent_collections: 2,
        version: "0.1".to_owned(),
        server_version: "7.0.14".to_owned(),
        tool_version: "100.10.0".to_owned(),
    };
    let list = ["orders", "users"].map(|name| Metadata {
        db: "shop".to_owned(),
        collection: name.to_owned(),
        metadata: r#"{"indexes":[]}"#.to_owned(),
        size: 0,
        kind: "collection".to_owned(),
    });
    let one = b"\x1e\0\0\0\x03a\0\x0c\0\0\0\x10b\0\x01\0\0\0\0\x02c\0\x03\0\0\0xy\0\0";
    document::walk(one).expect("a document");
    let mut writer = Writer::new(output.expect("output"), &header, &list).expect("prelude");
    for namespace in [0, 1, 0] {
        let written = writer.documents(namespace, None, one, 1);
        written.expect("written");
    }
    (0..2).for_each(|namespace| writer.end(namespace).expect("ended"));
    let (_, output) = writer.finish().expect("whole");
    output.finish().expect("whole");
    let bytes = to.0.lock().expect("whole").clone();
    File { bytes }
}

#[test]
fn no_file_of_a_backup_makes_it_panic_or_hang() {
    let keys = Encryption::Recipients(vec![PUBLIC.to_owned()]);
    campaign(&[
        seed(Compression::None, &Encryption::None),
        seed(Compression::None, &Encryption::None),
        seed(Compression::GZIP, &Encryption::None),
        seed(Compression::ZSTD, &Encryption::None),
        seed(Compression::ZSTD, &keys),
    ]);
}
