//! The packed structures that small values are kept in: listpack, ziplist, intset, zipmap. Every entry is walked.

type Checked = Result<(), String>;

/// A listpack whose entries come in groups of `group`.
pub(super) fn listpack(bytes: &[u8], group: usize) -> Checked {
    walk_listpack(bytes, group).ok_or_else(|| "a listpack that does not hold together".to_owned())
}

fn walk_listpack(bytes: &[u8], group: usize) -> Option<()> {
    let (total, count) = (number(bytes, 0, 4)?, number(bytes, 4, 2)?);
    let mut at = 6;
    let mut entries = 0;
    while *bytes.get(at)? != 0xFF {
        let length = listpack_entry(bytes.get(at..)?)?;
        let back = backwards(length);
        if bytes.get(at + length..at + length + back.len())? != back.as_slice() {
            return None;
        }
        at += length + back.len();
        entries += 1;
    }
    // 65535 stands for: too many to count.
    let counted = count == 0xFFFF || count == entries;
    (total == bytes.len() && at + 1 == total && counted && entries.is_multiple_of(group))
        .then_some(())
}

/// Bytes of the entry without its length for walking backwards.
fn listpack_entry(entry: &[u8]) -> Option<usize> {
    let first = *entry.first()?;
    Some(match first {
        0x00..=0x7F => 1,
        0x80..=0xBF => 1 + usize::from(first & 0x3F),
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 2 + (usize::from(first & 0x0F) << 8 | usize::from(*entry.get(1)?)),
        0xF0 => 5 + number(entry, 1, 4)?,
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        0xF4 => 9,
        _ => return None,
    })
}

/// The length behind an entry: seven bits in each byte, the highest first, all but the first marked.
fn backwards(length: usize) -> Vec<u8> {
    let count = match length {
        0..128 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    };
    (0..count)
        .rev()
        .map(|place| {
            let bits = (length >> (7 * place) & 0x7F) as u8;
            if place + 1 == count {
                bits
            } else {
                bits | 0x80
            }
        })
        .collect()
}

/// A ziplist whose entries come in groups of `group`.
pub(super) fn ziplist(bytes: &[u8], group: usize) -> Checked {
    walk_ziplist(bytes, group).ok_or_else(|| "a ziplist that does not hold together".to_owned())
}

fn walk_ziplist(bytes: &[u8], group: usize) -> Option<()> {
    let (total, tail, count) = (
        number(bytes, 0, 4)?,
        number(bytes, 4, 4)?,
        number(bytes, 8, 2)?,
    );
    let (mut at, mut last, mut before, mut entries) = (10, 10, 0, 0);
    while *bytes.get(at)? != 0xFF {
        let (previous, head) = match *bytes.get(at)? {
            0xFE => (number(bytes, at + 1, 4)?, 5),
            short => (short.into(), 1),
        };
        if previous != before {
            return None;
        }
        before = head + ziplist_entry(bytes.get(at + head..)?)?;
        last = at;
        at += before;
        entries += 1;
    }
    let counted = count == 0xFFFF || count == entries;
    (total == bytes.len()
        && at + 1 == total
        && tail == last
        && counted
        && entries.is_multiple_of(group))
    .then_some(())
}

/// Bytes of the entry after the length of the one before it.
fn ziplist_entry(entry: &[u8]) -> Option<usize> {
    let first = *entry.first()?;
    Some(match first {
        0x00..=0x3F => 1 + usize::from(first),
        0x40..=0x7F => 2 + (usize::from(first & 0x3F) << 8 | usize::from(*entry.get(1)?)),
        0x80 => 5 + u32::from_be_bytes(entry.get(1..5)?.try_into().ok()?) as usize,
        0xC0 => 3,
        0xD0 => 5,
        0xE0 => 9,
        0xF0 => 4,
        0xFE => 2,
        0xF1..=0xFD => 1,
        _ => return None,
    })
}

/// A sorted set of integers of one width.
pub(super) fn intset(bytes: &[u8]) -> Checked {
    walk_intset(bytes).ok_or_else(|| "an intset that does not hold together".to_owned())
}

fn walk_intset(bytes: &[u8]) -> Option<()> {
    let (width, count) = (number(bytes, 0, 4)?, number(bytes, 4, 4)?);
    let entries = bytes.get(8..)?;
    if !matches!(width, 2 | 4 | 8) || entries.len() != width.checked_mul(count)? {
        return None;
    }
    entries
        .chunks(width)
        .map(signed)
        .is_sorted_by(|a, b| a < b)
        .then_some(())
}

fn signed(little_endian: &[u8]) -> i64 {
    let negative = little_endian.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut bytes = [if negative { 0xFF } else { 0 }; 8];
    bytes[..little_endian.len()].copy_from_slice(little_endian);
    i64::from_le_bytes(bytes)
}

/// A hash of Redis before 2.6.
pub(super) fn zipmap(bytes: &[u8]) -> Checked {
    walk_zipmap(bytes).ok_or_else(|| "a zipmap that does not hold together".to_owned())
}

fn walk_zipmap(bytes: &[u8]) -> Option<()> {
    let count = usize::from(*bytes.first()?);
    let (mut at, mut pairs) = (1, 0);
    while *bytes.get(at)? != 0xFF {
        let (key, head) = zipmap_length(bytes, at)?;
        at += head + key;
        let (value, head) = zipmap_length(bytes, at)?;
        // One byte tells how many unused ones follow the value.
        let unused = usize::from(*bytes.get(at + head)?);
        at += head + 1 + value + unused;
        pairs += 1;
    }
    (at + 1 == bytes.len() && (count == 254 || count == pairs)).then_some(())
}

fn zipmap_length(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    match *bytes.get(at)? {
        0xFE => Some((number(bytes, at + 1, 4)?, 5)),
        0xFF => None,
        short => Some((short.into(), 1)),
    }
}

/// `width` bytes, the lowest first.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | usize::from(*byte)),
    )
}
