//! `$V`, `${V}`, `${V:-d}`, `${V-d}`, `${V:?e}`, `${V?e}`, `${V:+x}`, `${V+x}`, nested, and `$$` (compose-go
//! `template/template.go`). Owns the grammar; where variables come from is a parameter.

/// Nesting beyond this is refused rather than followed.
const DEEPEST: usize = 32;

/// Replaces every reference; an unset variable is empty. The error's text never holds a value.
pub(super) fn interpolate<'v>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<String, String> {
    expand(text, lookup, 0)
}

fn expand<'v>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<&'v str>,
    depth: usize,
) -> Result<String, String> {
    if depth > DEEPEST {
        return Err("references are nested too deeply".to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let end = closing(inside).ok_or("a reference `${` is not closed")?;
            out.push_str(&braced(&inside[..end], lookup, depth)?);
            rest = &inside[end + 1..];
        } else {
            let length = name(rest);
            if length == 0 {
                // Compose 2.40 takes a `$` that begins no reference as it is.
                out.push('$');
            } else {
                out.push_str(lookup(&rest[..length]).unwrap_or_default());
            }
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Length of the variable's name at the beginning.
fn name(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

/// Where the brace that is open closes.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(index);
        }
        before = c;
    }
    None
}

fn braced<'v>(
    inside: &str,
    lookup: &dyn Fn(&str) -> Option<&'v str>,
    depth: usize,
) -> Result<String, String> {
    let (variable, operation) = inside.split_at(name(inside));
    if variable.is_empty() {
        return Err("a reference `${…}` does not begin with a variable's name".to_owned());
    }
    let value = lookup(variable);
    let (value, operation) = match operation.strip_prefix(':') {
        Some(operation) => (value.filter(|value| !value.is_empty()), operation),
        None => (value, operation),
    };
    let mut operation = operation.chars();
    let operator = operation.next();
    let word = operation.as_str();
    match (operator, value) {
        (None, _) if inside.ends_with(':') => {
            Err(format!("the reference to `{variable}` ends with `:`"))
        }
        (None, value) => Ok(value.unwrap_or_default().to_owned()),
        (Some('-'), None) | (Some('+'), Some(_)) => expand(word, lookup, depth + 1),
        (Some('-' | '?'), Some(value)) => Ok(value.to_owned()),
        (Some('+'), None) => Ok(String::new()),
        (Some('?'), None) => {
            // The words are shown as written: what they refer to may be a secret.
            let missing = format!("required variable `{variable}` is missing a value");
            Err(if word.is_empty() {
                missing
            } else {
                format!("{missing}: {word}")
            })
        }
        (Some(other), _) => Err(format!(
            "the reference to `{variable}` has an unknown operator `{}`",
            other.escape_debug()
        )),
    }
}
