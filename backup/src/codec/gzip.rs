//! Gzip members that say in their header how long they are (RFC 1952 §2.3.1.1), and back.

use libdeflater::{CompressionLvl, Compressor, Decompressor};

use super::LARGEST;
use crate::{Error, Kind};

/// What the header of a member of ours begins with: deflate, an extra field of 8 bytes, no time, any system; the field is
/// `AT` with 4 bytes. The length of the whole member follows, little-endian.
const HEADER: [u8; 16] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 8, 0, b'A', b'T', 4, 0,
];
/// Bytes of the header with the length.
pub(super) const HEAD: usize = HEADER.len() + 4;
/// CRC-32 and length of what was packed.
const TAIL: usize = 8;
/// The shortest member: deflate says in two bytes that there is nothing.
const SHORTEST: usize = HEAD + 2 + TAIL;

pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Packs pieces.
pub(super) fn packer(
    level: u32,
) -> Result<impl FnMut(Vec<u8>) -> Result<Vec<u8>, Error> + Send, Error> {
    let unknown = |_| {
        let cause = format!("there is no level {level}, only 1 to 12");
        Error::new(Kind::Usage, "compress", "gzip", cause)
    };
    let level = i32::try_from(level).unwrap_or(-1);
    let level = if level == 0 { -1 } else { level };
    let level = CompressionLvl::new(level).map_err(unknown)?;
    let mut compressor = Compressor::new(level);
    Ok(move |piece: Vec<u8>| pack(&mut compressor, &piece))
}

fn pack(compressor: &mut Compressor, piece: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = || Error::failed("compress", "gzip", "a piece does not fit");
    let mut member = vec![0; HEAD + compressor.deflate_compress_bound(piece.len()) + TAIL];
    let length = compressor
        .deflate_compress(piece, &mut member[HEAD..])
        .map_err(|_| failed())?;
    member.truncate(HEAD + length);
    member.extend(libdeflater::crc32(piece).to_le_bytes());
    member.extend(
        u32::try_from(piece.len())
            .map_err(|_| failed())?
            .to_le_bytes(),
    );
    let size = u32::try_from(member.len()).map_err(|_| failed())?;
    member[..HEADER.len()].copy_from_slice(&HEADER);
    member[HEADER.len()..HEAD].copy_from_slice(&size.to_le_bytes());
    Ok(member)
}

/// The length of the member that begins with `head`, if it is one of ours.
pub(super) fn length(head: &[u8]) -> Option<usize> {
    let size = head.strip_prefix(&HEADER)?.first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    (SHORTEST..=LARGEST).contains(&size).then_some(size)
}

/// Unpacks a member of ours; an empty one ends the stream.
pub(super) fn unpacker() -> impl FnMut(Vec<u8>) -> Result<Vec<u8>, Error> + Send {
    let mut decompressor = Decompressor::new();
    move |member: Vec<u8>| unpack(&mut decompressor, &member)
}

fn unpack(decompressor: &mut Decompressor, member: &[u8]) -> Result<Vec<u8>, Error> {
    let damaged =
        |cause: &str| Error::damaged("input", format!("a gzip member is damaged: {cause}"));
    let (rest, size) = member
        .split_last_chunk::<4>()
        .ok_or_else(|| damaged("too short"))?;
    let (packed, crc) = rest
        .split_last_chunk::<4>()
        .ok_or_else(|| damaged("too short"))?;
    let packed = packed.get(HEAD..).ok_or_else(|| damaged("too short"))?;
    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    if size > LARGEST {
        return Err(damaged("wrong length"));
    }
    let mut piece = vec![0; size];
    let length = decompressor
        .deflate_decompress(packed, &mut piece)
        .map_err(|_| damaged("it cannot be unpacked"))?;
    if length != size {
        return Err(damaged("wrong length"));
    }
    if libdeflater::crc32(&piece) != u32::from_le_bytes(*crc) {
        return Err(damaged("its CRC differs"));
    }
    Ok(piece)
}

/// Whether a member of ours is the empty one that ends the stream.
pub(super) fn is_end(member: &[u8]) -> bool {
    member.ends_with(&0_u32.to_le_bytes())
}
