//! LZF, the compression of strings in a snapshot.

/// Unpacks `packed`, which must give exactly `length` bytes.
pub(super) fn unpack(packed: &[u8], length: u64) -> Result<Vec<u8>, &'static str> {
    // No byte of input gives more than 264/2 of output: a length beyond that is a lie that would cost memory.
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length / 132 <= packed.len())
        .ok_or("a compressed string that claims too much")?;
    let mut out = Vec::with_capacity(length);
    let mut rest = packed;
    while let Some(control) = next(&mut rest) {
        if control < 32 {
            let (literal, after) = rest.split_at_checked(control + 1).ok_or(CUT)?;
            out.extend_from_slice(literal);
            rest = after;
            continue;
        }
        let count = match control >> 5 {
            7 => next(&mut rest).ok_or(CUT)? + 9,
            short => short + 2,
        };
        let back = ((control & 31) << 8 | next(&mut rest).ok_or(CUT)?) + 1;
        let from = out
            .len()
            .checked_sub(back)
            .ok_or("a compressed string that refers to before its start")?;
        if out.len() + count > length {
            return Err(LONGER);
        }
        // What is copied may overlap what it makes.
        for at in from..from + count {
            out.push(out[at]);
        }
    }
    match out.len().cmp(&length) {
        std::cmp::Ordering::Equal => Ok(out),
        std::cmp::Ordering::Less => Err("a compressed string that is shorter than it claims"),
        std::cmp::Ordering::Greater => Err(LONGER),
    }
}

const CUT: &str = "a compressed string that ends early";
const LONGER: &str = "a compressed string that is longer than it claims";

fn next(rest: &mut &[u8]) -> Option<usize> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some((*first).into())
}
