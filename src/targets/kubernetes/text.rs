//! Objects as YAML text, each a document.

use serde::Serialize;
use serde_json::Value;

use crate::targets::seal::{Remark, sealed};

/// A file's text: the marker with a digest, then one YAML document for each object.
pub(super) fn text(path: &str, objects: &[Value]) -> String {
    let mut body = format!("# {path}\n");
    for object in objects {
        body += "---\n";
        body += &yaml(object);
    }
    sealed(
        Remark::Hash,
        "edits belong in an overlay of your own",
        &body,
    )
}

/// An object, or a part of one.
pub(in crate::targets) fn yaml(object: &impl Serialize) -> String {
    let options =
        serde_saphyr::ser_options! { compact_list_indent: false, folded_wrap_chars: 1000 };
    serde_saphyr::to_string_with_options(object, options)
        .expect("JSON values with string keys are always YAML")
}
