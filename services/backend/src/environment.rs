//! The only reader of the process environment and of the files that `X_FILE` variables name.
//!
//! It knows no variable by name; what they mean is `config`'s business.

use std::collections::BTreeMap;
use std::fs;

/// A snapshot of variables. Empty values count as unset, because Compose passes `X=` for what is not there.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The variables of this process; those that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of `name`, trimmed, unless it is unset or blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The value of `name`, or the contents of the file `name_FILE` names, without the trailing line break.
    ///
    /// # Errors
    /// A sentence that names the variable and never its value.
    pub fn get_or_file(&self, name: &str) -> Result<Option<String>, String> {
        let file_variable = format!("{name}_FILE");
        match (self.get(name), self.get(&file_variable)) {
            (Some(_), Some(_)) => Err(format!(
                "`{name}` and `{file_variable}` are both set; keep one"
            )),
            (Some(value), None) => Ok(Some(value.to_owned())),
            (None, Some(path)) => match fs::read_to_string(path) {
                Ok(text) if text.trim().is_empty() => {
                    Err(format!("`{file_variable}` names an empty file"))
                }
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(error) => Err(format!(
                    "`{file_variable}` cannot be read: {}",
                    error.kind()
                )),
            },
            (None, None) => Ok(None),
        }
    }

    /// Every variable whose name ends in `suffix`, as (the rest of the name, value).
    pub fn ending_with<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.keys().filter_map(move |name| {
            let rest = name.strip_suffix(suffix).filter(|rest| !rest.is_empty())?;
            Some((rest, self.get(name)?))
        })
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
