//! The charter that a command is given: its file, or its hash.

use std::path::Path;

use althing_ledger::charter::{ChainId, Charter};
use althing_text::hex;
use anyhow::Context;

/// Reads a charter that need not be signed by all yet.
pub(crate) fn read(path: &Path) -> anyhow::Result<Charter> {
    let named = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(named)?;
    Charter::read(&text).with_context(named)
}

/// Reads a charter that all members have signed.
pub(crate) fn read_complete(path: &Path) -> anyhow::Result<Charter> {
    let charter = read(path)?;
    charter.check_complete().with_context(|| path.display().to_string())?;
    Ok(charter)
}

/// Returns the hash of the charter that a person names: by the hash itself, or by a file.
pub(crate) fn named(text: &str) -> anyhow::Result<ChainId> {
    let digits = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    match digits {
        Some(bytes) => Ok(ChainId::from_bytes(bytes)),
        None => Ok(read(Path::new(text))
            .context("a charter is named by 64 hexadecimal digits, or by its file")?
            .chain_id()),
    }
}
