//! What a peer of a network with a chain persists: its best chain.

use std::ops::Range;

use althing_ledger::Block;
use althing_types::Height;

use crate::{Change, Gap};

/// A change of the best chain. The log is the chain: its entries are blocks, numbered by height. A
/// genesis that every peer has need not be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// Remove the blocks at this height and above,
    pub from: Height,
    /// and append these blocks.
    pub blocks: Vec<Block>,
}

impl crate::Durable for Durable {
    type Entry = Block;
    // A peer with a chain keeps nothing else.
    type State = ();

    fn change<'a>(&'a self, (): &mut (), _: &Range<u64>) -> Result<Option<Change<'a, Block>>, Gap> {
        Ok(Some(Change { from: self.from.number(), entries: &self.blocks }))
    }
}
