use std::ops::RangeInclusive;

use althing_types::BlockHash;

use crate::block::{Block, Format};
use crate::difficulty::DifficultyRule;

/// What makes a chain valid: everything in which two networks differ here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What a block looks like.
    pub format: Format,
    /// What a block may hold.
    pub limits: Limits,
    /// How hard a block must be to find.
    pub difficulty: DifficultyRule,
    /// What a chain begins with.
    pub genesis: Genesis,
}

/// What a block may hold (rules B2 to B5). What a format does not have is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many entries.
    pub entries: RangeInclusive<usize>,
    /// Characters of one entry.
    pub entry_chars_max: usize,
    /// Characters of a nonce that is a text.
    pub nonce_chars_max: usize,
    /// Characters of the miner's name.
    pub miner_chars_max: usize,
}

/// What a chain begins with (rule B10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Genesis {
    /// This block, which everybody has and nobody has mined.
    Given(Box<Block>),
    /// A block mined like any other; the one with this hash, if it is known.
    Mined(Option<BlockHash>),
}
