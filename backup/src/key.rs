//! Keys of encrypted backups: made, written to a file of mode 0600, read, and told by their public half. Owns no encryption.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use age::secrecy::ExposeSecret;
use age::x25519;
use jiff::Timestamp;

use crate::error::{Error, Kind};

/// A pair of age's X25519 keys.
#[derive(Clone)]
pub struct Key(x25519::Identity);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.recipient())
    }
}

/// Whether it is a public key of age.
pub fn is_recipient(text: &str) -> bool {
    text.parse::<x25519::Recipient>().is_ok()
}

impl Key {
    /// A new one, from the system's random numbers.
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The public half: `age1…`. No secret.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The private half: `AGE-SECRET-KEY-1…`.
    pub fn secret(&self) -> String {
        self.0.to_string().expose_secret().to_owned()
    }

    /// The first key of a file as `age-keygen` writes them.
    ///
    /// # Errors
    /// [`Kind::NotFound`] if there is no such file, [`Kind::WrongKey`] if it holds no key.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let subject = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let error = Error::io("read", path, &cause);
            match cause.kind() {
                std::io::ErrorKind::NotFound => Error {
                    kind: Kind::NotFound,
                    ..error.hint("`atlas backup key new` makes one")
                },
                _ => error,
            }
        })?;
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| line.starts_with("AGE-SECRET-KEY-"));
        let identity = line.and_then(|line| line.parse().ok());
        identity.map(Self).ok_or_else(|| {
            Error::new(
                Kind::WrongKey,
                "read",
                subject,
                "it holds no secret key of age",
            )
        })
    }

    /// Writes the key to a file that must not be there yet: a key that is lost opens nothing any more.
    ///
    /// # Errors
    /// If the file is there, or cannot be written.
    pub fn write(&self, path: &Path, now: Timestamp) -> Result<(), Error> {
        let failed = |cause: &std::io::Error| Error::io("write", path, cause);
        if let Some(folder) = path.parent() {
            let mut builder = std::fs::DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(folder);
            made.map_err(|cause| failed(&cause))?;
        }
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(|cause| match cause.kind() {
            std::io::ErrorKind::AlreadyExists => Error::new(
                Kind::Usage,
                "write",
                path.display().to_string(),
                "there is a key already",
            )
            .hint("backups that were encrypted to it need it; move it away to make another"),
            _ => failed(&cause),
        })?;
        let text = format!(
            "# created: {now:.0}\n# public key: {}\n{}\n",
            self.recipient(),
            self.secret()
        );
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(|cause| failed(&cause))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_written_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".atlas/backup.key");
        let key = Key::generate();
        key.write(&path, Timestamp::UNIX_EPOCH).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# created: 1970-01-01T00:00:00Z\n# public key: age1"));
        assert_eq!(Key::read(&path).unwrap().recipient(), key.recipient());

        let again = Key::generate().write(&path, Timestamp::UNIX_EPOCH);
        let error = again.unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.to_string().ends_with(": there is a key already"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_key_shows_its_public_half_only() {
        let key = Key::generate();
        assert!(is_recipient(&key.recipient()));
        assert!(!is_recipient(&key.secret()) && !is_recipient("age1abc"));
        assert!(!format!("{key:?}").contains("SECRET"));
    }

    #[test]
    fn a_file_without_a_key_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert_eq!(Key::read(&path).unwrap_err().kind, Kind::NotFound);
        std::fs::write(&path, "hello\n").unwrap();
        assert_eq!(Key::read(&path).unwrap_err().kind, Kind::WrongKey);
    }
}
