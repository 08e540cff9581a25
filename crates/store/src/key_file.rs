//! The key of a member of an assembly, in a file of its own.
//!
//! The file is text with two parts (RFC 7468): the public key, which anyone may read in it, and the
//! private key as PKCS #8 (RFC 5958), encrypted under a passphrase with scrypt and AES-256 (RFC
//! 8018) unless its user wants none. So `openssl pkey -in FILE` reads it as well.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use althing_types::PeerKey;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use pem::{EncodeConfig, LineEnding, Pem};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

/// A file with a key, which may still be encrypted.
pub struct KeyFile {
    path: PathBuf,
    public: VerifyingKey,
    /// PKCS #8, encrypted or not.
    private: Zeroizing<Vec<u8>>,
    is_encrypted: bool,
}

/// A private key that another program has written, in a file without its public half: PKCS #8 in
/// PEM, encrypted or not.
pub struct ForeignKey {
    path: PathBuf,
    private: Zeroizing<Vec<u8>>,
    is_encrypted: bool,
}

/// Why a file with a key cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is such a file already: a key is never overwritten.
    #[error("{} is there already, and may be the only copy of a key", path.display())]
    Exists {
        /// The path of the file.
        path: PathBuf,
    },
    /// The system refuses it.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file is not one with a key.
    #[error("{} is no file with a key: {reason}", path.display())]
    NotAKey {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Others than its owner may read it, and it is not encrypted.
    #[error(
        "{} is not encrypted, and others may read it; make it yours alone (chmod 600), and if \
         others have read it, make another key", path.display()
    )]
    Open {
        /// The path of the file.
        path: PathBuf,
    },
    /// It is encrypted.
    #[error("{} is encrypted, and takes a passphrase", path.display())]
    Encrypted {
        /// The path of the file.
        path: PathBuf,
    },
    /// The passphrase is another one.
    #[error("this is not the passphrase of {}", path.display())]
    WrongPassphrase {
        /// The path of the file.
        path: PathBuf,
    },
    /// The passphrase is another one, or it is encrypted in another way.
    #[error(
        "{} cannot be decrypted: this is not its passphrase, or it is encrypted in another way \
         than with AES under PBKDF2 with SHA-2 or scrypt", path.display()
    )]
    NotDecrypted {
        /// The path of the file.
        path: PathBuf,
    },
}

const PUBLIC: &str = "PUBLIC KEY";
const PRIVATE: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const OPENSSH: &str = "OPENSSH PRIVATE KEY";

/// Bytes of the longest file that is read; one with a key has less than a tenth of them.
const FILE_BYTES_MAX: u64 = 16 * 1024;

impl KeyFile {
    /// Writes a key to a new file that only its owner may read, encrypted if there is a passphrase.
    pub fn create(
        path: &Path,
        key: &SigningKey,
        passphrase: Option<&str>,
    ) -> Result<(), KeyFileError> {
        let text = text_of(key, passphrase);
        let failed = |reason: io::Error| match reason.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
            _ => KeyFileError::Io { path: path.to_owned(), reason },
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Reads a file with a key, as far as that takes no passphrase.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let wrong = |reason| KeyFileError::NotAKey { path: path.to_owned(), reason };
        let parts = Parts::read(path)?;
        let public = parts.of(PUBLIC).ok_or_else(|| wrong("it has no public key"))?;
        let public = VerifyingKey::from_public_key_der(public)
            .map_err(|_| wrong("its public key is no Ed25519 key"))?;
        let (private, is_encrypted) = parts.private(path)?;
        Ok(Self { path: path.to_owned(), public, private, is_encrypted })
    }

    /// Returns the public key.
    pub fn public(&self) -> PeerKey {
        PeerKey::from_bytes(self.public.to_bytes())
    }

    /// Returns whether the private key takes a passphrase.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns the key. To try a passphrase takes some tenths of a second, so that others cannot
    /// try many.
    pub fn open(&self, passphrase: Option<&str>) -> Result<SigningKey, KeyFileError> {
        let path = || self.path.clone();
        let wrong = |reason| KeyFileError::NotAKey { path: path(), reason };
        let key = match (self.is_encrypted, passphrase) {
            (false, _) => SigningKey::from_pkcs8_der(&self.private)
                .map_err(|_| wrong("its private key is no Ed25519 key"))?,
            (true, None) => return Err(KeyFileError::Encrypted { path: path() }),
            (true, Some(passphrase)) => {
                let encrypted = EncryptedPrivateKeyInfoRef::try_from(&**self.private)
                    .map_err(|_| wrong("its private key is no PKCS #8"))?;
                let decrypted: SecretDocument = encrypted
                    .decrypt(passphrase)
                    .map_err(|_| KeyFileError::WrongPassphrase { path: path() })?;
                SigningKey::from_pkcs8_der(decrypted.as_bytes())
                    .map_err(|_| KeyFileError::WrongPassphrase { path: path() })?
            }
        };
        match key.verifying_key() == self.public {
            true => Ok(key),
            false => Err(wrong("its private key is not that of its public key")),
        }
    }
}

impl ForeignKey {
    /// Reads a file with a key, as far as that takes no passphrase.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let (private, is_encrypted) = Parts::read(path)?.private(path)?;
        Ok(Self { path: path.to_owned(), private, is_encrypted })
    }

    /// Returns whether it takes a passphrase.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns the key.
    pub fn open(&self, passphrase: Option<&str>) -> Result<SigningKey, KeyFileError> {
        let path = || self.path.clone();
        let wrong = |reason| KeyFileError::NotAKey { path: path(), reason };
        let decrypted: SecretDocument;
        let plain = match (self.is_encrypted, passphrase) {
            (false, _) => &self.private[..],
            (true, None) => return Err(KeyFileError::Encrypted { path: path() }),
            (true, Some(passphrase)) => {
                let encrypted = EncryptedPrivateKeyInfoRef::try_from(&**self.private)
                    .map_err(|_| wrong("its private key is no PKCS #8"))?;
                decrypted = encrypted
                    .decrypt(passphrase)
                    .map_err(|_| KeyFileError::NotDecrypted { path: path() })?;
                decrypted.as_bytes()
            }
        };
        SigningKey::from_pkcs8_der(plain).map_err(|_| wrong("its private key is no Ed25519 key"))
    }
}

/// The parts of a file in PEM.
struct Parts {
    parts: Vec<Pem>,
    is_open: bool,
}

impl Parts {
    fn read(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |reason| KeyFileError::Io { path: path.to_owned(), reason };
        let wrong = |reason| KeyFileError::NotAKey { path: path.to_owned(), reason };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.len() > FILE_BYTES_MAX {
            return Err(wrong("it is too long"));
        }
        let text = Zeroizing::new(std::fs::read(path).map_err(failed)?);
        let parts = pem::parse_many(&*text).map_err(|_| wrong("it is no PEM"))?;
        Ok(Self { parts, is_open: is_open_to_others(&metadata) })
    }

    fn of(&self, tag: &str) -> Option<&[u8]> {
        self.parts.iter().find(|part| part.tag() == tag).map(Pem::contents)
    }

    /// Returns the private key, and whether it is encrypted.
    fn private(&self, path: &Path) -> Result<(Zeroizing<Vec<u8>>, bool), KeyFileError> {
        let wrong = |reason| KeyFileError::NotAKey { path: path.to_owned(), reason };
        let (private, is_encrypted) = match (self.of(ENCRYPTED), self.of(PRIVATE)) {
            (Some(private), _) => (private, true),
            (None, Some(private)) => (private, false),
            (None, None) if self.of(OPENSSH).is_some() => {
                return Err(wrong(
                    "it is in the format of OpenSSH, and only PKCS #8 in PEM is read, as openssl \
                     genpkey -algorithm ed25519 writes it",
                ));
            }
            (None, None) => return Err(wrong("it has no private key")),
        };
        if !is_encrypted && self.is_open {
            return Err(KeyFileError::Open { path: path.to_owned() });
        }
        Ok((Zeroizing::new(private.to_vec()), is_encrypted))
    }
}

/// Returns the text of a file with a key.
fn text_of(key: &SigningKey, passphrase: Option<&str>) -> Zeroizing<String> {
    let public = key.verifying_key().to_public_key_der().expect("a key can be written down");
    // Without the public key, which not all programs read there.
    let pair = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let plain = pair.to_pkcs8_der().expect("a key can be written down");
    let (tag, private) = match passphrase {
        None => (PRIVATE, plain),
        Some(passphrase) => {
            let info = PrivateKeyInfoRef::try_from(plain.as_bytes()).expect("it was just written");
            (ENCRYPTED, info.encrypt(passphrase).expect("the system has entropy"))
        }
    };
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    let part = |tag: &str, bytes: &[u8]| pem::encode_config(&Pem::new(tag, bytes), config);
    Zeroizing::new(part(PUBLIC, public.as_bytes()) + &part(tag, private.as_bytes()))
}

#[cfg(unix)]
fn is_open_to_others(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn error(result: Result<SigningKey, KeyFileError>) -> String {
        result.expect_err("it is refused").to_string()
    }

    #[test]
    fn a_key_is_read_back_with_its_passphrase_and_with_no_other() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("ann.key");
        KeyFile::create(&path, &key(), Some("open sesame")).expect("it is new");
        let file = KeyFile::read(&path).expect("it was just written");
        assert!(file.is_encrypted());
        assert_eq!(*file.public().as_bytes(), key().verifying_key().to_bytes());
        assert_eq!(file.open(Some("open sesame")).expect("that is it"), key());
        assert!(error(file.open(Some("open barley"))).contains("not the passphrase of"));
        assert!(error(file.open(None)).ends_with("is encrypted, and takes a passphrase"));
        let text = std::fs::read_to_string(&path).expect("it is text");
        assert!(text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
    }

    #[test]
    fn a_key_without_a_passphrase_is_its_owner_s_alone() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("ann.key");
        KeyFile::create(&path, &key(), None).expect("it is new");
        let file = KeyFile::read(&path).expect("it was just written");
        assert_eq!(file.open(None).expect("it takes none"), key());
        let again = KeyFile::create(&path, &key(), None).expect_err("it would be overwritten");
        assert!(again.to_string().contains("is there already"), "{again}");
        #[cfg(unix)]
        {
            use std::fs::Permissions;
            use std::os::unix::fs::PermissionsExt;
            let mode = |path| std::fs::metadata(path).expect("it is there").permissions().mode();
            assert_eq!(mode(&path) & 0o777, 0o600);
            std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
            let open = KeyFile::read(&path).err().expect("others may read it").to_string();
            assert!(open.contains("chmod 600"), "{open}");
        }
    }

    /// What openssl genpkey -algorithm ed25519 writes, encrypted with -aes256 and the passphrase
    /// `open sesame`, and not.
    const OF_OPENSSL: [&str; 2] = [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
         MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjO1CUYTbvNXgICCAAw\n\
         DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEO7RzRz0gHLKpzylVicziPcEQN+m\n\
         p7eoIK5CH2p6oBvIJuMUtCWpIDDOlF0HUztHvfauJvXrwpC+nbiTYd1A0KPUlx1G\n\
         9rdgJJgiAZywBzm/qrI=\n\
         -----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n\
         MC4CAQAwBQYDK2VwBCIEIHNICD2XYwFVX9aUV2KCOoA+xIPVzYw65d72WNQS/GqA\n\
         -----END PRIVATE KEY-----\n",
    ];

    /// Writes a file that only its owner may read.
    fn write(path: &Path, text: &str) {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create_new(true).open(path).expect("it is new");
        file.write_all(text.as_bytes()).expect("the disk has room");
    }

    #[test]
    fn what_openssl_has_written_is_read_and_what_openssh_has_is_named() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| dir.path().join(name);
        let [encrypted, plain] = OF_OPENSSL;
        write(&at("encrypted"), encrypted);
        write(&at("plain"), plain);
        let key = ForeignKey::read(&at("plain")).expect("it is PEM").open(None).expect("a key");
        let foreign = ForeignKey::read(&at("encrypted")).expect("it is PEM");
        assert!(foreign.is_encrypted());
        assert_eq!(foreign.open(Some("open sesame")).expect("that is it"), key);
        assert!(error(foreign.open(Some("open barley"))).contains("this is not its passphrase"));
        assert!(error(foreign.open(None)).contains("takes a passphrase"));
        let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        write(&at("ssh"), ssh);
        let refused = ForeignKey::read(&at("ssh")).err().expect("it is another format");
        assert!(refused.to_string().contains("format of OpenSSH"), "{refused}");
    }

    #[test]
    fn what_is_no_key_is_refused_with_a_reason() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("no.key");
        let whole = text_of(&key(), None).to_string();
        let other = text_of(&SigningKey::from_bytes(&[8; 32]), None).to_string();
        let (public, _) = whole.split_at(whole.find("-----BEGIN PRIVATE").expect("it has one"));
        let (_, private) = other.split_at(other.find("-----BEGIN PRIVATE").expect("it has one"));
        let refused = |text: &str| {
            std::fs::remove_file(&path).ok();
            let mut options = OpenOptions::new();
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.write(true).create_new(true).open(&path).expect("it is new");
            file.write_all(text.as_bytes()).expect("the disk has room");
            error(KeyFile::read(&path).and_then(|file| file.open(None)))
        };
        for (text, reason) in [
            ("", "it has no public key"),
            ("words", "it has no public key"),
            (public, "it has no private key"),
            (&format!("{public}{private}"), "its private key is not that of its public key"),
            (&" ".repeat(20_000), "it is too long"),
        ] {
            let error = refused(text);
            assert!(error.ends_with(reason), "{error}");
        }
    }
}
