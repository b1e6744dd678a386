//! Objects as YAML text. Owns the first line, which tells whether somebody has edited the file since.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::targets::MARKER;

/// Before the digest of what follows the first line.
const SEAL: &str = ": edits belong in an overlay of your own; sha256:";

/// A file's text: the marker with a digest, then one YAML document for each object.
pub(super) fn text(path: &str, objects: &[Value]) -> String {
    let mut body = format!("# {path}\n");
    for object in objects {
        let options =
            serde_saphyr::ser_options! { compact_list_indent: false, folded_wrap_chars: 1000 };
        let yaml = serde_saphyr::to_string_with_options(object, options)
            .expect("JSON values with string keys are always YAML");
        body += "---\n";
        body += &yaml;
    }
    format!("{MARKER}{SEAL}{}\n{body}", digest(&body))
}

/// Whether a file that atlas generated has been changed by somebody else.
pub fn is_edited(text: &str) -> bool {
    let Some((first, body)) = text.split_once('\n') else {
        return text.starts_with(MARKER);
    };
    first
        .strip_prefix(MARKER)
        .is_some_and(|rest| rest.strip_prefix(SEAL) != Some(digest(body).as_str()))
}

/// The first 16 hexadecimal digits of SHA-256.
pub(super) fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
