//! Passphrases: asked for on a terminal, and otherwise in the environment.

use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;

use althing_store::{ForeignKey, KeyFile, KeyFileError};
use althing_text::terminal::escaped;
use anyhow::{Context, bail, ensure};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

/// The environment variable with a passphrase.
pub(crate) const VARIABLE: &str = "ALTHING_PASSPHRASE";

/// How often a person may try.
const TRIES: usize = 3;

/// Returns the key in a file. If it is encrypted, the passphrase is in the environment, or is asked
/// for on a terminal.
pub(crate) fn open_key(path: &Path) -> anyhow::Result<SigningKey> {
    let file = KeyFile::read(path)?;
    opened(path, file.is_encrypted(), |passphrase| file.open(passphrase))
}

/// As [`open_key`], of a key that another program has written.
pub(crate) fn open_foreign(path: &Path) -> anyhow::Result<SigningKey> {
    let file = ForeignKey::read(path)?;
    opened(path, file.is_encrypted(), |passphrase| file.open(passphrase))
}

fn opened(
    path: &Path,
    is_encrypted: bool,
    open: impl Fn(Option<&str>) -> Result<SigningKey, KeyFileError>,
) -> anyhow::Result<SigningKey> {
    if !is_encrypted {
        return Ok(open(None)?);
    }
    if let Some(passphrase) = given() {
        return Ok(open(Some(&passphrase))?);
    }
    ensure!(
        can_ask(),
        "{} is encrypted, and there is no terminal to ask for its passphrase; put it into the \
         environment variable {VARIABLE}",
        path.display()
    );
    let path = path.display().to_string();
    let question = format!("Passphrase of {}: ", escaped(&path));
    let mut last = None;
    for _ in 0..TRIES {
        match open(Some(&ask(&question)?)) {
            Err(
                error @ (KeyFileError::WrongPassphrase { .. } | KeyFileError::NotDecrypted { .. }),
            ) => last = Some(error),
            other => return Ok(other?),
        }
    }
    Err(last.context("it was tried")?.into())
}

/// Returns the passphrase for a new key: from the environment, or as a person types it twice.
pub(crate) fn new() -> anyhow::Result<Zeroizing<String>> {
    if let Some(passphrase) = given() {
        ensure!(
            !passphrase.is_empty(),
            "{VARIABLE} is empty; for a key without one, say so with \
             --no-passphrase"
        );
        return Ok(passphrase);
    }
    if !can_ask() {
        bail!(
            "there is no terminal to ask for a passphrase; put one into the environment variable \
             {VARIABLE}, or make a key without one with --no-passphrase"
        );
    }
    let first = ask("New passphrase: ")?;
    ensure!(
        !first.is_empty(),
        "that is none; for a key without a passphrase, say so with --no-passphrase"
    );
    ensure!(ask("The same again: ")? == first, "the two are not the same");
    Ok(first)
}

fn given() -> Option<Zeroizing<String>> {
    std::env::var(VARIABLE).ok().map(Zeroizing::new)
}

fn can_ask() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

fn ask(question: &str) -> anyhow::Result<Zeroizing<String>> {
    let typed = rpassword::prompt_password(question).context("reading the passphrase")?;
    Ok(Zeroizing::new(typed))
}
