//! Zstandard frames with their length in a skippable frame before each, as pzstd writes them, and back.
//!
//! Two skippable frames of our own stand at the begin and at the end, so that a cut between frames is seen.

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{self, CParameter};

use super::LARGEST;
use crate::Error;
use crate::error::words;

pub(super) const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// pzstd's skippable frame: 4 bytes with the length of the frame after it.
const SIZED: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0];
/// Bytes of the skippable frame.
pub(super) const HEAD: usize = SIZED.len() + 4;
/// Stands before the first frame: that [`END`] will follow the last.
pub(super) const BEGIN: &[u8; 13] = b"\x5a\x2a\x4d\x18\x05\0\0\0begin";
/// Stands after the last frame.
pub(super) const END: &[u8; 11] = b"\x5a\x2a\x4d\x18\x03\0\0\0end";

/// Packs pieces.
pub(super) fn packer(
    level: i32,
) -> Result<impl FnMut(Vec<u8>) -> Result<Vec<u8>, Error> + Send, Error> {
    let failed = |error| Error::failed("compress", "zstd", words(&error));
    let mut compressor = Compressor::new(level).map_err(failed)?;
    compressor
        .set_parameter(CParameter::ChecksumFlag(true))
        .map_err(failed)?;
    Ok(move |piece: Vec<u8>| pack(&mut compressor, &piece).map_err(failed))
}

fn pack(compressor: &mut Compressor<'_>, piece: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut frame = vec![0; HEAD + zstd_safe::compress_bound(piece.len())];
    let length = compressor.compress_to_buffer(piece, &mut frame[HEAD..])?;
    frame.truncate(HEAD + length);
    frame[..SIZED.len()].copy_from_slice(&SIZED);
    let length = u32::try_from(length).map_err(std::io::Error::other)?;
    frame[SIZED.len()..HEAD].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// Whether a frame begins here, skippable or not.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(&MAGIC) || skippable(head).is_some()
}

/// The length of the skippable frame that begins here, its own 8 bytes included.
pub(super) fn skippable(head: &[u8]) -> Option<u64> {
    let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *head else {
        return None;
    };
    Some(8 + u64::from(u32::from_le_bytes([a, b, c, d])))
}

/// The length of the frame that begins after the skippable one at the begin of `head`, if that tells it.
pub(super) fn length(head: &[u8]) -> Option<usize> {
    let size = head.strip_prefix(&SIZED)?.first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    (size <= LARGEST).then_some(size)
}

/// How long what the frame holds is, if it says so and it is not too long to be unpacked at once.
pub(super) fn content(frame: &[u8]) -> Option<usize> {
    let size = zstd_safe::get_frame_content_size(frame).ok()??;
    usize::try_from(size).ok().filter(|size| *size <= LARGEST)
}

/// Unpacks one frame of which [`content`] knows the length.
pub(super) fn unpacker() -> impl FnMut(Vec<u8>) -> Result<Vec<u8>, Error> + Send {
    let mut decompressor = Decompressor::default();
    move |frame: Vec<u8>| {
        let damaged =
            |cause: &str| Error::damaged("input", format!("a zstd frame is damaged: {cause}"));
        if zstd_safe::find_frame_compressed_size(&frame) != Ok(frame.len()) {
            return Err(damaged("wrong length"));
        }
        let size = content(&frame).ok_or_else(|| damaged("wrong length"))?;
        let piece = decompressor
            .decompress(&frame, size)
            .map_err(|error| damaged(&words(&error)))?;
        if piece.len() == size {
            Ok(piece)
        } else {
            Err(damaged("wrong length"))
        }
    }
}
