//! The key with which a member of an assembly signs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use althing_store::KeyFile;
use clap::{Args, Subcommand};
use ed25519_dalek::SigningKey;

use crate::passphrase;

/// Make the key of a member of an assembly, and show its public half.
///
/// A key is in a file that only its owner may read. Copy it to a safe place: a member that has lost
/// its key is no member any more. Never let two peers run with one key.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing key new ann.key\n  \
    althing key new ann.key --no-passphrase\n  \
    althing key import ann.pem ann.key\n  \
    althing key show ann.key\n\n\
    Without a terminal, the environment variable ALTHING_PASSPHRASE has the passphrase. The file \
    is PEM with PKCS #8 (Ed25519; scrypt and AES-256), which openssl pkey reads as well.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key, and print its public half; asks for a passphrase.
    New {
        /// The file to write; one that is there is never overwritten.
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Do not encrypt it: for a machine that has to start without a person.
        #[arg(long)]
        no_passphrase: bool,
    },
    /// Make the file of a key that another program has made, and print its public half; asks for
    /// the passphrase of the one, if it is encrypted, and for one of the other.
    ///
    /// What is read is an Ed25519 key as PKCS #8 in PEM, encrypted or not, as openssl genpkey
    /// -algorithm ed25519 writes it. The format of OpenSSH is not read. Without a terminal, the
    /// environment variable ALTHING_PASSPHRASE opens the one and encrypts the other.
    Import {
        /// The file to read; it stays as it is.
        #[arg(value_name = "FROM")]
        from: PathBuf,

        /// The file to write; one that is there is never overwritten.
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Do not encrypt it: for a machine that has to start without a person.
        #[arg(long)]
        no_passphrase: bool,
    },
    /// Print the public half of a key, by which a charter names a member; this takes no passphrase.
    Show {
        /// The file with the key.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = match &arguments.command {
        Command::New { file, no_passphrase } => {
            create(file, &SigningKey::from_bytes(&rand::random()), *no_passphrase)?;
            file
        }
        Command::Import { from, file, no_passphrase } => {
            create(file, &passphrase::open_foreign(from)?, *no_passphrase)?;
            file
        }
        Command::Show { file } => file,
    };
    let public = KeyFile::read(file)?.public();
    Ok(writeln!(io::stdout(), "{public}")?)
}

fn create(file: &Path, key: &SigningKey, no_passphrase: bool) -> anyhow::Result<()> {
    match no_passphrase {
        true => KeyFile::create(file, key, None)?,
        false => KeyFile::create(file, key, Some(&passphrase::new()?))?,
    }
    Ok(())
}
