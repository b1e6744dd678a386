//! What is said of bytes on their way: the same words on a terminal and in plain lines.

use std::time::Duration;

use super::{bytes, count, seconds};

/// What is under way.
pub(super) fn doing(verb: &'static str) -> &'static str {
    match verb {
        "copy" => "copying",
        "dump" => "dumping",
        "export" => "exporting",
        "import" => "importing",
        "indexes" => "indexing",
        "restore" => "restoring",
        "upload" => "uploading",
        "verify" => "verifying",
        other => other,
    }
}

/// `1.2 GiB of 3.4 GiB  104.9 MiB/s  21.0s left`; documents where the end is not known.
pub(super) fn now(
    done: u64,
    total: Option<u64>,
    documents: u64,
    rate: u64,
    left: Option<Duration>,
) -> String {
    let amount = match total {
        Some(total) => format!("{} of {}", bytes(done.min(total)), bytes(total)),
        None => format!("{}  {} documents", bytes(done), count(documents)),
    };
    let left = left.map_or(String::new(), |left| format!("  {} left", seconds(left)));
    format!("{amount}  {}/s{left}", bytes(rate))
}

/// `dumped 3.4 GiB, 1,234,567 documents (33.1s, 104.9 MiB/s)`
pub(super) fn done(verb: &'static str, amount: u64, documents: u64, took: Duration) -> String {
    let word = match verb {
        "copy" => "copied",
        "dump" => "dumped",
        "export" => "exported",
        "import" => "imported",
        "indexes" => return format!("indexes built ({})", seconds(took)),
        "restore" => "restored",
        "upload" => "uploaded",
        "verify" => "read back",
        other => other,
    };
    let documents = match documents {
        0 => String::new(),
        1 => ", 1 document".to_owned(),
        many => format!(", {} documents", count(many)),
    };
    let rate = amount as f64 / took.as_secs_f64().max(0.001);
    format!(
        "{word} {}{documents} ({}, {}/s)",
        bytes(amount),
        seconds(took),
        bytes(rate as u64)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_reads_well() {
        let left = Some(Duration::from_secs(21));
        assert_eq!(
            now(1 << 30, Some(3 << 30), 7, 110_000_000, left),
            "1.0 GiB of 3.0 GiB  104.9 MiB/s  21.0s left"
        );
        assert_eq!(
            now(2048, None, 1234, 512, None),
            "2.0 KiB  1,234 documents  512 B/s"
        );
        assert_eq!(
            done("dump", 3 << 30, 1_234_567, Duration::from_secs(30)),
            "dumped 3.0 GiB, 1,234,567 documents (30.0s, 102.4 MiB/s)"
        );
        assert_eq!(
            done("indexes", 0, 0, Duration::from_secs(3)),
            "indexes built (3.00s)"
        );
    }
}
