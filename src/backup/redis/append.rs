//! The manifest of Redis 7's append-only files. Owns its text: a base, increments on top of it, and history that Redis deletes after its next rewrite.

/// A manifest as Redis wrote it, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// `(file, sequence, kind)`; kind is `b`, `i` or `h`.
    files: Vec<(String, u64, char)>,
}

impl Manifest {
    /// `None` if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut files = Vec::new();
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            // A name with blanks is quoted; none of Redis' own has any.
            let words: Vec<&str> = line.split(' ').collect();
            let &["file", name, "seq", sequence, "type", kind] = words.as_slice() else {
                return None;
            };
            let kind = kind.chars().next().filter(|kind| "bih".contains(*kind))?;
            files.push((name.to_owned(), sequence.parse().ok()?, kind));
        }
        Some(Self { files })
    }

    /// The files it names that Redis needs; history it may have deleted already.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let needed = self.files.iter().filter(|(_, _, kind)| *kind != 'h');
        needed.map(|(name, ..)| name.as_str())
    }

    /// The one that follows: a new base with an empty increment, all that was before as history.
    pub(super) fn next(&self, file: &str) -> Next {
        let sequence = 1 + self
            .files
            .iter()
            .map(|file| file.1)
            .max()
            .unwrap_or_default();
        let next = Next {
            base: format!("{file}.{sequence}.base.rdb"),
            increment: format!("{file}.{sequence}.incr.aof"),
            text: String::new(),
        };
        let mut text = format!("file {} seq {sequence} type b\n", next.base);
        for (name, old, _) in &self.files {
            text += &format!("file {name} seq {old} type h\n");
        }
        text += &format!("file {} seq {sequence} type i\n", next.increment);
        Next { text, ..next }
    }
}

/// A manifest to write, and the files it names that have to be there first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) base: String,
    pub(super) increment: String,
    pub(super) text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_becomes_history_and_no_name_is_used_twice() {
        let before = "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.7.incr.aof seq 7 type i\n";
        let next = Manifest::parse(before)
            .expect("a manifest")
            .next("appendonly.aof");
        assert_eq!(next.base, "appendonly.aof.8.base.rdb");
        assert_eq!(next.increment, "appendonly.aof.8.incr.aof");
        assert_eq!(
            next.text,
            "file appendonly.aof.8.base.rdb seq 8 type b\n\
             file appendonly.aof.2.base.rdb seq 2 type h\n\
             file appendonly.aof.7.incr.aof seq 7 type h\n\
             file appendonly.aof.8.incr.aof seq 8 type i\n"
        );
    }

    #[test]
    fn what_is_no_manifest_is_told() {
        assert_eq!(Manifest::parse("appendonly.aof.1.base.rdb\n"), None);
        assert_eq!(Manifest::parse("file a seq x type b\n"), None);
        assert_eq!(Manifest::parse("").expect("a manifest").files, []);
    }
}
