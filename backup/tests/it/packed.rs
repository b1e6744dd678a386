//! Bytes packed and unpacked, for the tests of what packs them.

use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use atlas_backup::Error;
use atlas_backup::codec::{self, Compression, Encryption, Identity, Totals};

/// Memory that can be looked at while something else writes to it.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) const ALL: [Compression; 3] = [Compression::None, Compression::GZIP, Compression::ZSTD];

/// Packs bytes; what was written is what it says.
pub(crate) fn pack(bytes: &[u8], compression: Compression, encryption: &Encryption) -> Vec<u8> {
    let to = Shared::default();
    let mut output = codec::Output::new(Box::new(to.clone()), compression, encryption, 2).unwrap();
    output.write_all(bytes).unwrap();
    let written = output.finish().unwrap();
    let packed = to.bytes();
    assert_eq!(written.size, packed.len() as u64);
    assert_eq!(written.sha256, sha256(&packed));
    assert_eq!(written.raw_size, bytes.len() as u64);
    packed
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Unpacks bytes, all of them.
pub(crate) fn unpack(packed: &[u8], identity: &Identity) -> Result<(Vec<u8>, Totals), Error> {
    let mut input = codec::open(Box::new(Cursor::new(packed.to_vec())), identity, 2)?;
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| codec::error_of(error, "read", "input"))?;
    Ok((bytes, input.finish()?))
}

/// Half of it compresses well, half not at all.
pub(crate) fn sample(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    (0..length)
        .map(|index| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            if index / 512 % 2 == 0 {
                b'a' + (index % 7) as u8
            } else {
                (state >> 56) as u8
            }
        })
        .collect()
}
