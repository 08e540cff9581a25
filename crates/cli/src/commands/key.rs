//! The key with which a member of an assembly signs.

use std::io::{self, Write};
use std::path::PathBuf;

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
            let key = SigningKey::from_bytes(&rand::random());
            match no_passphrase {
                true => KeyFile::create(file, &key, None)?,
                false => KeyFile::create(file, &key, Some(&passphrase::new()?))?,
            }
            file
        }
        Command::Show { file } => file,
    };
    let public = KeyFile::read(file)?.public();
    Ok(writeln!(io::stdout(), "{public}")?)
}
