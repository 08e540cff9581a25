//! What a peer of a network with a chain persists: its best chain, and its own entries until they
//! are deep in it.

use std::ops::Range;

use althing_ledger::Block;
use althing_types::Height;

use super::own::OwnEntry;
use crate::{Change, Gap, Undecodable};

/// A change of the best chain. The log is the chain: its entries are blocks, numbered by height. A
/// genesis that every peer has need not be in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Remove the blocks at this height and above,
    pub from: Height,
    /// and append these blocks.
    pub blocks: Vec<Block>,
    /// Keep these as the entries of the peer's own user instead of any before (rule M7). Without
    /// blocks, nothing else is changed; see [`replaced`](Self::replaced).
    pub own: Option<Vec<OwnEntry>>,
}

impl Durable {
    /// Returns the height from which the blocks of the chain are replaced, and those that take
    /// their place; `None` if only the entries of the peer's own user change.
    pub fn replaced(&self) -> Option<(Height, &[Block])> {
        let only_entries = self.own.is_some() && self.blocks.is_empty();
        (!only_entries).then_some((self.from, &self.blocks))
    }
}

/// What a peer stores besides its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The entries of its own user that are not yet deep in the chain.
    pub own: Vec<OwnEntry>,
}

impl crate::Durable for Durable {
    type Entry = Block;
    type State = State;

    fn change<'a>(
        &'a self,
        state: &mut State,
        _: &Range<u64>,
    ) -> Result<Option<Change<'a, Block>>, Gap> {
        if let Some(own) = &self.own {
            state.own.clone_from(own);
        }
        let change = |(from, entries): (Height, _)| Change { from: from.number(), entries };
        Ok(self.replaced().map(change))
    }
}

impl crate::State for State {
    const CELLS: &'static [&'static str] = &["own"];

    fn cell(&self, name: &str) -> Option<Vec<u8>> {
        let own = (name == "own" && !self.own.is_empty()).then_some(&self.own)?;
        Some(postcard::to_stdvec(own).expect("memory takes any number of bytes"))
    }

    fn restore(&mut self, name: &str, bytes: &[u8]) -> Result<(), Undecodable> {
        if name != "own" {
            return Err(Undecodable(format!("there is no cell {name:?}")));
        }
        match postcard::take_from_bytes(bytes) {
            Ok((own, [])) => self.own = own,
            Ok((_, rest)) => {
                return Err(Undecodable(format!("is followed by {} stray bytes", rest.len())));
            }
            Err(_) => return Err(Undecodable("does not decode".to_owned())),
        }
        Ok(())
    }
}
