//! What is written is read again, by us and by stock decoders; what is not whole is refused.

use std::io::{Cursor, ErrorKind, Read, Write};
use std::process::{Command, Stdio};

use atlas_backup::Kind;
use atlas_backup::codec::{self, Compression, Encryption, Identity};

use crate::packed::{ALL, Shared, pack, sample, sha256, unpack};

#[test]
fn what_is_written_is_read_again() {
    for compression in ALL {
        for length in [0, 1, 1000, 1024 * 1024, 3 * 1024 * 1024 + 17] {
            let bytes = sample(length);
            let packed = pack(&bytes, compression, &Encryption::None);
            let (read, totals) = unpack(&packed, &Identity::None).unwrap();
            assert!(read == bytes, "{compression:?} {length}");
            assert_eq!(totals.sha256, sha256(&packed));
            assert_eq!(totals.size, packed.len() as u64);
            assert_eq!(totals.raw_size, length as u64);
        }
    }
}

#[test]
fn every_level_and_any_number_of_threads_give_the_same_bytes_back() {
    let bytes = sample(2_500_000);
    let gzip = [1, 6, 12].map(|level| Compression::Gzip { level });
    let zstd = [-5, 1, 9].map(|level| Compression::Zstd { level });
    for compression in gzip.into_iter().chain(zstd) {
        for threads in [0, 1, 5] {
            let to = Shared::default();
            let encryption = Encryption::None;
            let mut output =
                codec::Output::new(Box::new(to.clone()), compression, &encryption, threads)
                    .unwrap();
            output.write_all(&bytes).unwrap();
            output.finish().unwrap();
            let from = Box::new(Cursor::new(to.bytes()));
            let mut input = codec::open(from, &Identity::None, threads).unwrap();
            assert_eq!(
                (input.compression(), input.encrypted()),
                (compression.name(), false)
            );
            let mut read = Vec::new();
            input.read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{compression:?} {threads}");
        }
    }
    let level = Compression::Gzip { level: 13 };
    let refused = codec::Output::new(Box::new(std::io::sink()), level, &Encryption::None, 1);
    let error = refused.err().unwrap();
    assert_eq!(error.kind, Kind::Usage);
    assert_eq!(
        error.to_string(),
        "failed to compress `gzip`: there is no level 13, only 1 to 12"
    );
}

/// What a program makes of bytes.
fn through(program: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn stock_decoders_read_what_is_written() {
    let bytes = sample(3_000_000);
    let gzip = pack(&bytes, Compression::GZIP, &Encryption::None);
    assert!(through(&["gzip", "-dc"], &gzip) == bytes);
    let mut read = Vec::new();
    flate2::read::MultiGzDecoder::new(&gzip[..])
        .read_to_end(&mut read)
        .unwrap();
    assert!(read == bytes);
    let zstd = pack(&bytes, Compression::ZSTD, &Encryption::None);
    assert!(zstd::decode_all(&zstd[..]).unwrap() == bytes);
}

#[test]
fn what_stock_encoders_write_is_read() {
    let bytes = sample(9_000_000);
    let half = bytes.len() / 2;
    let stream = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let mixed = |first: Vec<u8>, compression| {
        let ours = pack(&bytes[half..], compression, &Encryption::None);
        [first, ours].concat()
    };
    let gzip = through(&["gzip", "-1", "-c"], &bytes);
    let files = [
        ("gzip", gzip.clone()),
        (
            "gzip",
            mixed(through(&["gzip", "-c"], &bytes[..half]), Compression::GZIP),
        ),
        ("zstd", stream(&bytes)),
        (
            "zstd",
            [stream(&bytes[..half]), stream(&bytes[half..])].concat(),
        ),
        ("zstd", mixed(stream(&bytes[..half]), Compression::ZSTD)),
    ];
    for (place, (name, file)) in files.iter().enumerate() {
        let from = Box::new(Cursor::new(file.clone()));
        let mut input = codec::open(from, &Identity::None, 2).unwrap();
        assert_eq!(input.compression(), *name);
        let mut read = Vec::new();
        input.read_to_end(&mut read).unwrap();
        assert!(read == bytes, "{name} {place}");
        assert_eq!(input.finish().unwrap().sha256, sha256(file));
    }
    // Cut in the one long member.
    let error = unpack(&gzip[..gzip.len() - 1], &Identity::None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read `input`: a gzip member is cut short"
    );
}

#[test]
fn what_follows_the_end_and_what_lacks_it_is_refused() {
    let bytes = sample(2_500_000);
    for (compression, ends) in [(Compression::GZIP, 33), (Compression::ZSTD, 11)] {
        let name = compression.name();
        let packed = pack(&bytes, compression, &Encryption::None);
        let refused = |file: &[u8]| {
            let error = unpack(file, &Identity::None).unwrap_err();
            assert_eq!(error.kind, Kind::Damaged);
            error.to_string()
        };
        let follows = format!("failed to read `input`: something that is not {name} follows");
        for more in [&[0; 512][..], b"garbage that follows"] {
            assert_eq!(refused(&[&packed, more].concat()), follows);
        }
        // Exactly between two pieces, where stock decoders see an end.
        let between = &packed[..packed.len() - ends];
        let stock = match name {
            "gzip" => through(&["gzip", "-dc"], between),
            _ => zstd::decode_all(between).unwrap(),
        };
        assert!(stock == bytes, "{name}");
        assert_eq!(
            refused(between),
            "failed to read `input`: it is cut short between two pieces"
        );
    }
}

/// Fails after some bytes, as a disk or a network does.
struct Failing {
    left: usize,
    with: ErrorKind,
}

impl Failing {
    fn pass(&mut self, count: usize) -> std::io::Result<usize> {
        let count = count.min(self.left);
        self.left -= count;
        if count == 0 {
            Err(self.with.into())
        } else {
            Ok(count)
        }
    }
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pass(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    for compression in ALL {
        for length in [1000, 20_000_000] {
            let to = Failing {
                left: 100,
                with: ErrorKind::StorageFull,
            };
            let mut output =
                codec::Output::new(Box::new(to), compression, &Encryption::None, 2).unwrap();
            let written = output.write_all(&sample(length));
            let error = match written {
                Ok(()) => output.finish().map(|_| ()).unwrap_err(),
                Err(error) => codec::error_of(error, "write", "output"),
            };
            assert_eq!(error.kind, Kind::Failed);
            assert_eq!(
                error.to_string(),
                "failed to write `output`: no space left on the file system"
            );
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_called_damaged() {
    for compression in ALL {
        let packed = pack(&sample(2_000_000), compression, &Encryption::None);
        let from = Cursor::new(packed).take(300_000).chain(Denied);
        let error = match codec::open(Box::new(from), &Identity::None, 2) {
            Ok(input) => input.finish().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind, Kind::Failed);
        assert_eq!(
            error.to_string(),
            "failed to read `input`: permission denied"
        );
    }
}

/// Cannot be read.
struct Denied;

impl Read for Denied {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(ErrorKind::PermissionDenied.into())
    }
}
