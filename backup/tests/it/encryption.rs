//! Encrypted files open with the right key and with no other; stock age opens them, too; nothing shows a secret.

use std::io::{Cursor, Write};
use std::str::FromStr;

use age::secrecy::{ExposeSecret, SecretString};
use atlas_backup::codec::{self, Compression, Encryption, Identity, Passphrase};
use atlas_backup::{Error, Kind};

use crate::packed::{pack, sample, unpack};

struct Pair {
    public: String,
    secret: String,
}

fn pair() -> Pair {
    let identity = age::x25519::Identity::generate();
    Pair {
        public: identity.to_public().to_string(),
        secret: identity.to_string().expose_secret().to_owned(),
    }
}

fn refused(packed: &[u8], identity: &Identity) -> Error {
    unpack(packed, identity).unwrap_err()
}

#[test]
fn each_recipient_opens_it_and_so_does_stock_age() {
    let (mine, yours, other) = (pair(), pair(), pair());
    let bytes = sample(1_500_000);
    let both = Encryption::Recipients(vec![mine.public.clone(), yours.public.clone()]);
    let packed = pack(&bytes, Compression::ZSTD, &both);
    assert!(packed.starts_with(b"age-encryption.org/v1\n"));
    // As `age-keygen` writes them, with comments.
    let file = format!(
        "# created: 2026\n# public key: {}\n{}\n",
        yours.public, yours.secret
    );
    for identity in [mine.secret.clone(), file] {
        let identity = Identity::Keys(vec![other.secret.clone(), identity]);
        let (read, _) = unpack(&packed, &identity).unwrap();
        assert!(read == bytes);
    }
    let identity = age::x25519::Identity::from_str(&mine.secret).unwrap();
    let inner = age::decrypt(&identity, &packed).unwrap();
    assert!(zstd::decode_all(&inner[..]).unwrap() == bytes);

    let error = refused(&packed, &Identity::Keys(vec![other.secret]));
    assert_eq!(error.kind, Kind::WrongKey);
    assert_eq!(
        error.to_string(),
        "failed to decrypt `input`: it is encrypted for other keys"
    );
    let error = refused(&packed, &Identity::None);
    assert_eq!(error.kind, Kind::WrongKey);
    assert_eq!(
        error.to_string(),
        "failed to decrypt `input`: it is encrypted for keys, and none was given"
    );
    let error = refused(&packed, &Identity::Passphrase(Passphrase::new("x")));
    assert_eq!(error.kind, Kind::WrongKey);
}

#[test]
fn a_passphrase_opens_it_and_another_does_not() {
    let bytes = sample(100_000);
    let encryption = Encryption::Passphrase(Passphrase::new("correct horse"));
    let packed = pack(&bytes, Compression::GZIP, &encryption);
    // The cost is fixed: the same on every machine, within the memory a backup may take.
    let head = String::from_utf8_lossy(&packed[..100]).into_owned();
    let stanza = head.lines().nth(1).unwrap();
    assert!(
        stanza.starts_with("-> scrypt ") && stanza.ends_with(" 16"),
        "{stanza}"
    );

    let right = Identity::Passphrase(Passphrase::new("correct horse"));
    assert!(unpack(&packed, &right).unwrap().0 == bytes);
    let stock = age::scrypt::Identity::new(SecretString::from("correct horse".to_owned()));
    assert!(age::decrypt(&stock, &packed).is_ok());

    let error = refused(&packed, &Identity::Passphrase(Passphrase::new("wrong")));
    assert_eq!(error.kind, Kind::WrongKey);
    assert_eq!(
        error.to_string(),
        "failed to decrypt `input`: the passphrase is wrong"
    );
    let error = refused(&packed, &Identity::Keys(vec![pair().secret]));
    assert_eq!(
        error.to_string(),
        "failed to decrypt `input`: it is encrypted by a passphrase, not for keys"
    );
}

#[test]
fn a_key_for_what_is_not_encrypted_does_not_matter() {
    let packed = pack(b"open", Compression::None, &Encryption::None);
    let identity = Identity::Keys(vec![pair().secret]);
    assert_eq!(unpack(&packed, &identity).unwrap().0, b"open");
}

/// Also exactly between two of age's chunks of 64 KiB.
#[test]
fn a_cut_of_what_is_encrypted_is_damage() {
    let pair = pair();
    let encryption = Encryption::Recipients(vec![pair.public]);
    let packed = pack(&sample(300_000), Compression::None, &encryption);
    let chunk = 64 * 1024 + 16;
    let head = packed.len() % chunk - 300_000 % (64 * 1024) - 16;
    for length in [head + chunk, head + 2 * chunk, packed.len() - 1] {
        let error = refused(
            &packed[..length],
            &Identity::Keys(vec![pair.secret.clone()]),
        );
        assert_eq!(error.kind, Kind::Damaged, "{length}");
    }
    let longer = [&packed[..], b"more"].concat();
    let error = refused(&longer, &Identity::Keys(vec![pair.secret]));
    assert_eq!(
        error.to_string(),
        "failed to read `input`: the encryption is damaged: decryption error"
    );
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    let pair = pair();
    let encrypt = |text: &str| {
        let encryption = Encryption::Recipients(vec![text.to_owned()]);
        let to: Box<dyn Write + Send> = Box::new(std::io::sink());
        let output = codec::Output::new(to, Compression::None, &encryption, 1);
        output.err().unwrap()
    };
    let error = encrypt("age1nonsense");
    assert_eq!(error.kind, Kind::WrongKey);
    assert_eq!(
        error.to_string(),
        "failed to encrypt `output`: `age1nonsense` is no age public key"
    );
    assert_eq!(
        encrypt(&pair.secret).to_string(),
        "failed to encrypt `output`: `***` is no age public key"
    );

    let packed = pack(
        b"x",
        Compression::None,
        &Encryption::Recipients(vec![pair.public]),
    );
    for text in ["SECRET nonsense", ""] {
        let identity = Identity::Keys(vec![text.to_owned()]);
        let open = codec::open(Box::new(Cursor::new(packed.clone())), &identity, 1);
        let error = open.err().unwrap();
        assert_eq!(error.kind, Kind::WrongKey);
        assert_eq!(
            error.to_string(),
            "failed to read `key`: it is no age identity"
        );
    }
    let none = Encryption::Recipients(Vec::new());
    let to: Box<dyn Write + Send> = Box::new(std::io::sink());
    assert!(codec::Output::new(to, Compression::None, &none, 1).is_err());
}

#[test]
fn debug_hides_secrets() {
    let passphrase = Passphrase::new("correct horse");
    let keys = Identity::Keys(vec!["AGE-SECRET-KEY-1".to_owned()]);
    let shown = format!(
        "{:?} {:?} {keys:?}",
        Encryption::Passphrase(passphrase.clone()),
        Identity::Passphrase(passphrase)
    );
    assert_eq!(shown, "Passphrase(***) Passphrase(***) Keys(1 × ***)");
}
