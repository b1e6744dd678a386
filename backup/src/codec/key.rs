//! Encryption by age: for recipients, or by a passphrase. Nothing here shows a secret.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use age::secrecy::SecretString;
use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor};

use super::Source;
use super::fault::{cut, error_of};
use crate::{Error, Kind};

/// What every age file begins with.
const MAGIC: &[u8] = b"age-encryption.org/";

/// scrypt's cost: 2^16 takes 64 MiB and a fifth of a second, within the memory that a backup may take.
const WORK: u8 = 16;
/// The cost that is accepted; `age -p` takes 2^18.
const MOST_WORK: u8 = 20;

/// A passphrase; shown as `***`.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Of what was typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Who can read what is written.
#[derive(Debug, Clone)]
pub enum Encryption {
    /// Everybody.
    None,
    /// Who has the key to one of these: age public keys, `age1…`.
    Recipients(Vec<String>),
    /// Who knows this.
    Passphrase(Passphrase),
}

/// What opens an encrypted file. For one that is not encrypted, it does not matter.
#[derive(Clone)]
pub enum Identity {
    /// Nothing.
    None,
    /// Texts of age identity files: lines `AGE-SECRET-KEY-1…` and comments.
    Keys(Vec<String>),
    /// What it was encrypted by.
    Passphrase(Passphrase),
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Keys(keys) => write!(f, "Keys({} × ***)", keys.len()),
            Self::Passphrase(passphrase) => f.debug_tuple("Passphrase").field(passphrase).finish(),
        }
    }
}

/// A writer that encrypts, if that is asked for.
pub(super) enum Sealed<W: Write> {
    Open(W),
    Age(StreamWriter<W>),
}

impl<W: Write> Sealed<W> {
    /// Checks the keys before anything is written.
    pub(super) fn new(to: W, encryption: &Encryption) -> Result<Self, Error> {
        let Some(encryptor) = encryptor(encryption)? else {
            return Ok(Self::Open(to));
        };
        let stream = encryptor.wrap_output(to);
        let stream = stream.map_err(|error| error_of(error, "write", "output"))?;
        Ok(Self::Age(stream))
    }

    /// Ends the encryption, without which it could not be opened.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Open(to) => Ok(to),
            Self::Age(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(to) => to.write(bytes),
            Self::Age(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(to) => to.flush(),
            Self::Age(stream) => stream.flush(),
        }
    }
}

fn encryptor(encryption: &Encryption) -> Result<Option<Encryptor>, Error> {
    let impossible = |cause: String| Error::new(Kind::WrongKey, "encrypt", "output", cause);
    let encryptor = match encryption {
        Encryption::None => return Ok(None),
        Encryption::Recipients(texts) => {
            let keys = texts.iter().map(|text| {
                age::x25519::Recipient::from_str(text.trim())
                    .map_err(|_| impossible(format!("`{}` is no age public key", shown(text))))
            });
            let keys = keys.collect::<Result<Vec<_>, _>>()?;
            Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient))
        }
        Encryption::Passphrase(Passphrase(text)) => {
            let mut recipient = age::scrypt::Recipient::new(text.clone());
            recipient.set_work_factor(WORK);
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        }
    };
    encryptor
        .map(Some)
        .map_err(|error| impossible(error.to_string()))
}

/// A text that should be a public key, unless somebody took the secret one for it.
fn shown(text: &str) -> &str {
    if text.trim().starts_with("age1") {
        text.trim()
    } else {
        "***"
    }
}

/// Whether it is encrypted.
pub(super) fn is_encrypted(source: &mut Source) -> io::Result<bool> {
    Ok(source.peek(MAGIC.len())?.starts_with(MAGIC))
}

/// What was encrypted. What is read from it is checked before it is handed out.
pub(super) fn decrypt(source: Source, identity: &Identity) -> Result<Box<dyn Read + Send>, Error> {
    let decryptor = Decryptor::new_buffered(source).map_err(refused)?;
    let locked = |cause: &str| Error::new(Kind::WrongKey, "decrypt", "input", cause);
    let by_passphrase = decryptor.is_scrypt();
    let identities: Vec<Box<dyn age::Identity>> = match identity {
        Identity::None if by_passphrase => {
            return Err(locked(
                "it is encrypted by a passphrase, and none was given",
            ));
        }
        Identity::None => {
            return Err(locked("it is encrypted for keys, and none was given"));
        }
        Identity::Keys(_) if by_passphrase => {
            return Err(locked("it is encrypted by a passphrase, not for keys"));
        }
        Identity::Passphrase(_) if !by_passphrase => {
            return Err(locked("it is encrypted for keys, not by a passphrase"));
        }
        Identity::Keys(texts) => identities(texts)?,
        Identity::Passphrase(Passphrase(text)) => {
            let mut identity = age::scrypt::Identity::new(text.clone());
            identity.set_max_work_factor(MOST_WORK);
            vec![Box::new(identity)]
        }
    };
    let stream = decryptor.decrypt(identities.iter().map(|identity| &**identity));
    Ok(Box::new(stream.map_err(refused)?))
}

fn identities(texts: &[String]) -> Result<Vec<Box<dyn age::Identity>>, Error> {
    // The causes that age gives could quote what it read.
    let invalid = || Error::new(Kind::WrongKey, "read", "key", "it is no age identity");
    let mut identities = Vec::new();
    for text in texts {
        let file = age::IdentityFile::from_buffer(text.as_bytes()).map_err(|_| invalid())?;
        let of_file = file.into_identities().map_err(|_| invalid())?;
        identities.extend(
            of_file
                .into_iter()
                .map(|identity| identity as Box<dyn age::Identity>),
        );
    }
    if identities.is_empty() {
        return Err(invalid());
    }
    Ok(identities)
}

/// Why age refuses: the key, the header, or that it could not be read.
fn refused(error: DecryptError) -> Error {
    let locked = |cause: &str| Error::new(Kind::WrongKey, "decrypt", "input", cause);
    match error {
        DecryptError::NoMatchingKeys => locked("it is encrypted for other keys"),
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            locked("the passphrase is wrong")
        }
        DecryptError::ExcessiveWork { required, .. } => Error::failed(
            "decrypt",
            "input",
            format!("its passphrase takes too much work: 2^{required}, at most 2^{MOST_WORK}"),
        ),
        DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => cut("its head"),
        DecryptError::Io(error) => error_of(error, "read", "input"),
        _ => Error::damaged("input", "the head of the encryption is damaged"),
    }
}
