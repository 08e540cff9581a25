//! What a peer of a network with a chain persists: its best chain.

use std::ops::Range;

use althing_ledger::Block;
use althing_types::Height;

use crate::{Change, Gap, Undecodable};

/// A change of the best chain. The log is the chain: its entries are blocks, numbered by height. A
/// genesis that every peer has need not be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// Remove the blocks at this height and above,
    pub from: Height,
    /// and append these blocks.
    pub blocks: Vec<Block>,
}

/// A peer with a chain persists nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nothing;

impl crate::Durable for Durable {
    type Entry = Block;
    type State = Nothing;

    fn change<'a>(
        &'a self,
        _: &mut Nothing,
        _: &Range<u64>,
    ) -> Result<Option<Change<'a, Block>>, Gap> {
        Ok(Some(Change { from: self.from.number(), entries: &self.blocks }))
    }
}

impl crate::State for Nothing {
    const CELLS: &'static [&'static str] = &[];

    fn cell(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, name: &str, _: &[u8]) -> Result<(), Undecodable> {
        Err(Undecodable(format!("there is no cell {name:?}")))
    }
}
