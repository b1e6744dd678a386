//! Sizes: memory, processors, processes. Owns their text forms, the same in the catalogue and in `atlas.yaml`.

use super::fields::{Fields, Reader};
use crate::diagnostic::At;

/// The keys of the three.
pub(crate) const KEYS: &[&str] = &["memory", "cpus", "pids"];

/// Docker refuses less.
const LEAST_MEMORY: u64 = 6 << 20;

/// Bytes.
pub(crate) fn memory(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<At<u64>> {
    let (node, path) = fields.get("memory")?;
    let size = reader.formed(node, &path, "a size such as `512MiB` or `1g`", bytes)?;
    if size.value < LEAST_MEMORY {
        reader.refuse(
            size.position,
            &path,
            "is less than 6 MiB, the least that Docker accepts",
        );
        return None;
    }
    Some(size)
}

/// Thousandths of a core.
pub(crate) fn cpus(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<At<u32>> {
    let (node, path) = fields.get("cpus")?;
    reader.formed(
        node,
        &path,
        "a number of cores from 0.01 to 1024, such as `0.5`",
        millis,
    )
}

/// Processes and threads.
pub(crate) fn pids(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<At<u32>> {
    let (node, path) = fields.get("pids")?;
    reader.formed(node, &path, "a whole number from 1", |text| {
        text.parse().ok().filter(|count| *count > 0)
    })
}

/// Compose's units: powers of 1024, with or without `b` and `i`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = lower.get(digits.len()..)?.trim_start();
    let shift = match unit {
        "" | "b" => 0,
        "k" | "kb" | "kib" | "ki" => 10,
        "m" | "mb" | "mib" | "mi" => 20,
        "g" | "gb" | "gib" | "gi" => 30,
        _ => return None,
    };
    let (whole, thousandths) = decimal(digits)?;
    let whole = whole.checked_mul(1 << shift)?;
    whole.checked_add((thousandths << shift) / 1000)
}

fn millis(text: &str) -> Option<u32> {
    let (whole, thousandths) = decimal(text)?;
    let millis = whole.checked_mul(1000)?.checked_add(thousandths)?;
    u32::try_from(millis)
        .ok()
        .filter(|millis| (10..=1_024_000).contains(millis))
}

/// `1.25` → 1 and 250.
fn decimal(text: &str) -> Option<(u64, u64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let scale = 10_u64.pow(3 - u32::try_from(fraction.len()).ok()?);
    Some((whole.parse().ok()?, fraction.parse::<u64>().ok()? * scale))
}

#[cfg(test)]
mod tests {
    use super::{bytes, millis};

    #[test]
    fn sizes_use_the_units_of_compose() {
        assert_eq!(bytes("512MiB"), Some(512 << 20));
        assert_eq!(bytes("1.5g"), Some(3 << 29));
        assert_eq!(bytes("512 m"), Some(512 << 20));
        assert_eq!(bytes("lots"), None);
        assert_eq!(bytes("99999999999999g"), None);
        assert_eq!(millis("0.25"), Some(250));
        assert_eq!(millis("2"), Some(2000));
        assert_eq!(millis("-1"), None);
        assert_eq!(millis("0"), None);
    }
}
