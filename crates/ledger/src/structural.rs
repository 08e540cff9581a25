//! The format of a block by itself, before anything is hashed (rules B1 to B5).

use althing_text::python_value::length;

use crate::block::{AviaryBlock, Block, Format};
use crate::entry::Entry;
use crate::rules::{Limits, Rules};
use crate::signed::SignedEntry;

/// Why a block is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Structural {
    /// Rule B1.
    #[error("a block of another kind of network")]
    Format,
    /// Rule B2.
    #[error("{found} entries are not between {} and {}", wanted.start(), wanted.end())]
    EntryCount {
        /// How many it has.
        found: usize,
        /// How many it may have.
        wanted: std::ops::RangeInclusive<usize>,
    },
    /// Rule B3.
    #[error("entry {index} is not a text")]
    EntryNotText {
        /// The position of the entry in the block.
        index: usize,
    },
    /// Rule B3.
    #[error("entry {index} is not a signed entry in its one encoding")]
    EntryNotSigned {
        /// The position of the entry in the block.
        index: usize,
    },
    /// Rule B3.
    #[error("entry {index} has a length of {found}, more than {max}")]
    EntryTooLong {
        /// The position of the entry in the block.
        index: usize,
        /// Its length.
        found: usize,
        /// How long it may be.
        max: usize,
    },
    /// Rule B4.
    #[error("a nonce of {found} characters, more than {max}")]
    NonceTooLong {
        /// Its length.
        found: usize,
        /// How long it may be.
        max: usize,
    },
    /// Rule B5.
    #[error("a miner's name of {found} characters, more than {max}")]
    MinerTooLong {
        /// Its length.
        found: usize,
        /// How long it may be.
        max: usize,
    },
}

impl Structural {
    /// Returns the rule that is broken.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Format => "B1",
            Self::EntryCount { .. } => "B2",
            Self::EntryNotText { .. } | Self::EntryNotSigned { .. } | Self::EntryTooLong { .. } => {
                "B3"
            }
            Self::NonceTooLong { .. } => "B4",
            Self::MinerTooLong { .. } => "B5",
        }
    }
}

/// Checks `block` by itself.
pub(crate) fn check(rules: &Rules, block: &Block) -> Result<(), Structural> {
    if block.format() != rules.format {
        return Err(Structural::Format);
    }
    let limits = &rules.limits;
    check_entries(rules, block.entries())?;
    if let Block::Aviary(AviaryBlock { nonce, .. }) = block {
        let (found, max) = (nonce.chars().count(), limits.nonce_chars_max);
        if found > max {
            return Err(Structural::NonceTooLong { found, max });
        }
    }
    if let Some(miner) = block.miner() {
        let (found, max) = (miner.chars().count(), limits.miner_chars_max);
        if found > max {
            return Err(Structural::MinerTooLong { found, max });
        }
    }
    Ok(())
}

fn check_entries(rules: &Rules, entries: &[Entry]) -> Result<(), Structural> {
    let (found, wanted) = (entries.len(), rules.limits.entries.clone());
    if !wanted.contains(&found) {
        return Err(Structural::EntryCount { found, wanted });
    }
    entries.iter().enumerate().try_for_each(|(index, entry)| check_entry(rules, index, entry))
}

/// Checks one entry; `index` is for the error.
pub(crate) fn check_entry(rules: &Rules, index: usize, entry: &Entry) -> Result<(), Structural> {
    check_entry_within(rules, rules.limits.entry_length_max, index, entry)
}

/// Checks one entry that we are to put into a block of our own.
pub(crate) fn check_own_entry(rules: &Rules, entry: &Entry) -> Result<(), Structural> {
    let Limits { entry_length_max, own, .. } = &rules.limits;
    check_entry_within(rules, (*entry_length_max).min(own.entry_length_max), 0, entry)
}

fn check_entry_within(
    rules: &Rules,
    max: usize,
    index: usize,
    entry: &Entry,
) -> Result<(), Structural> {
    let found = match rules.format {
        Format::Cs60 => length(entry.as_bytes()).ok_or(Structural::EntryNotText { index })?,
        Format::Aviary { .. } => {
            let text = entry.as_text().ok_or(Structural::EntryNotText { index })?;
            text.chars().count()
        }
        Format::Native => {
            SignedEntry::decode(entry).map_err(|_| Structural::EntryNotSigned { index })?;
            entry.as_bytes().len()
        }
    };
    if found > max { Err(Structural::EntryTooLong { index, found, max }) } else { Ok(()) }
}
